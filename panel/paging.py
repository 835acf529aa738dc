"""Long lists in pages: one row more than shown is read, to know whether there is a next page."""

from typing import Any, TypeVar

from starlette.requests import Request

Row = TypeVar("Row")
LAST = 10_000  # no page later than this: skipping further costs the database too much


def number(request: Request) -> int:
    """The page that was asked for, from 1.

    Raises:
        ValueError: when it is no number of a page.
    """
    given = request.query_params.get("page", "1")
    if not given.isascii() or not given.isdigit() or not 1 <= int(given[:6]) <= LAST:
        raise ValueError(f"page: {given[:20]} is not a number between 1 and {LAST}")
    return int(given)


def window(page: int, rows: int) -> tuple[int, int]:
    """How many rows to read for a page, and how many to skip.

    >>> window(3, 50)
    (51, 100)
    """
    return rows + 1, (page - 1) * rows


def cut(read: list[Row], page: int, rows: int) -> tuple[list[Row], dict[str, Any]]:
    """The rows to show, and what parts.pager needs.

    >>> cut([1, 2, 3], 1, 2)
    ([1, 2], {'number': 1, 'more': True})
    """
    return read[:rows], {"number": page, "more": len(read) > rows}
