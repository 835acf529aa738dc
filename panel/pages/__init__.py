"""One module a page: ROUTES, small endpoints, and pure views (rows → what the template shows)."""
