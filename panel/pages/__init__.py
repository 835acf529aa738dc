"""One module for each page, with ROUTES and small endpoints."""
