"""The rule for engagements: a like, comment, recast or quote of a post that was not withdrawn."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

ENGAGEMENT_TYPES: Final = ("like", "comment", "recast", "quote")
RESHARE_TYPES: Final = ("recast", "quote")
FEEDBACK_TYPES: Final = (*ENGAGEMENT_TYPES, "report")  # the position of a type is its code in columns
REPORT: Final = FEEDBACK_TYPES.index("report")  # codes below it are engagements

_WITHDRAWN: Final = "deleted"


def on_posts() -> dict[str, Any]:
    """Returns the filter on app-db.engagements for engagements with posts and reports, also withdrawn ones."""
    return {"targetRef.$ref": "content"}


def counted(types: Sequence[str] = ENGAGEMENT_TYPES) -> dict[str, Any]:
    """Returns the filter on app-db.engagements for documents of these types that were not withdrawn.

    >>> counted(("like",))
    {'targetRef.$ref': 'content', 'type': {'$in': ['like']}, 'visibility': {'$ne': 'deleted'}}
    """
    return {**on_posts(), "type": {"$in": list(types)}, "visibility": {"$ne": _WITHDRAWN}}


def is_withdrawn(engagement: Mapping[str, Any]) -> bool:
    """Returns whether the user withdrew the engagement.

    >>> is_withdrawn({"visibility": "deleted"}), is_withdrawn({})
    (True, False)
    """
    return engagement.get("visibility") == _WITHDRAWN


def type_code() -> dict[str, Any]:
    """Returns the aggregation expression for the code of the type: its position in FEEDBACK_TYPES, else -1."""
    return {"$indexOfArray": [list(FEEDBACK_TYPES), "$type"]}


def sums_by_type(name: str = "{}Count") -> dict[str, Any]:
    """Returns `$group` accumulators, one per type: how many engagements of that type; `name` forms the field.

    >>> list(sums_by_type("{}s"))
    ['likes', 'comments', 'recasts', 'quotes']
    """
    return {name.format(kind): {"$sum": {"$toInt": {"$eq": ["$type", kind]}}} for kind in ENGAGEMENT_TYPES}
