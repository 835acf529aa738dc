"""Categories: sets of hashtags that operators edit. A post belongs to every category that has one of its tags."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from store.rules.hashtags import LONGEST, normal_form

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
GLOBAL = "global"  # the category of the karma over all categories


@dataclass(frozen=True)
class Category:
    """A subject that is defined by hashtags."""

    slug: str
    name: str
    hashtags: tuple[str, ...]  # normal forms


def category(slug: str, name: str, hashtags: Sequence[str]) -> Category:
    """Returns a validated category.

    Raises:
        ValueError: names the invalid field.

    >>> category("pets", "Pets", ["#Cat", "cat", "dog"]).hashtags
    ('cat', 'dog')
    """
    if not _SLUG.fullmatch(slug) or slug == GLOBAL:
        raise ValueError(f"slug: {slug!r} is not small letters, digits and hyphens, or is {GLOBAL!r}")
    if not name.strip():
        raise ValueError("name: it is empty")
    tags = {tag: normal_form(tag) for tag in hashtags}
    if empty := [tag for tag, form in tags.items() if not form]:
        raise ValueError(f"hashtags: {empty[0]!r} is empty or has more than {LONGEST} characters")
    return Category(slug, name.strip(), tuple(dict.fromkeys(tags.values())))


def membership(tags: Any, categories: Sequence[Category]) -> dict[str, Any]:
    """Returns, for each slug, an expression: 1 when one of the normal forms in `tags` is the category's, else 0.

    Of all set operators only `$setIsSubset` keeps a constant set from document to document.
    """
    return {category.slug: {"$toInt": {"$anyElementTrue": [_inside(tags, category)]}} for category in categories}


def all_hashtags(categories: Sequence[Category]) -> frozenset[str]:
    """Returns the hashtags of all categories."""
    return frozenset(hashtag for category in categories for hashtag in category.hashtags)


def _inside(tags: Any, category: Category) -> dict[str, Any]:
    hashtags = {"$literal": list(category.hashtags)}
    return {"$map": {"input": tags, "in": {"$setIsSubset": [["$$this"], hashtags]}}}
