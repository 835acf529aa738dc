"""Splits long lists into pages. Reads one row more than shown, to know whether there is a next page."""

from typing import Any, TypeVar

from starlette.requests import Request

Row = TypeVar("Row")
LAST = 10_000  # the last page: skipping more rows costs the database too much


def number(request: Request) -> int:
    """Returns the requested page, from 1.

    Raises:
        ValueError: when it is not a number from 1 to LAST.
    """
    page = request.query_params.get("page", "1")
    if not page.isascii() or not page.isdigit() or not 1 <= int(page[:6]) <= LAST:
        raise ValueError(f"page: {page[:20]} is not a number between 1 and {LAST}")
    return int(page)


def window(page: int, rows: int) -> tuple[int, int]:
    """Returns how many rows to read for a page, and how many to skip.

    >>> window(3, 50)
    (51, 100)
    """
    return rows + 1, (page - 1) * rows


def cut(read: list[Row], page: int, rows: int) -> tuple[list[Row], dict[str, Any]]:
    """Returns the rows to show, and the argument of parts.pager.

    >>> cut([1, 2, 3], 1, 2)
    ([1, 2], {'number': 1, 'more': True})
    """
    return read[:rows], {"number": page, "more": len(read) > rows}
