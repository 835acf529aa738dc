"""Categories: sets of hashtags that an operator edits; a post belongs to each category that has one of its tags."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from store.rules.hashtags import normal_form, spellings

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
GLOBAL = "global"  # the category of the karma over all categories


@dataclass(frozen=True)
class Category:
    """One subject."""

    slug: str
    name: str
    hashtags: tuple[str, ...]  # normal forms


def category(slug: str, name: str, hashtags: Sequence[str]) -> Category:
    """A category that has been looked through.

    Raises:
        ValueError: naming the field.

    >>> category("pets", "Pets", ["#Cat", "cat", "dog"]).hashtags
    ('cat', 'dog')
    """
    if not _SLUG.fullmatch(slug) or slug == GLOBAL:
        raise ValueError(f"slug: {slug!r} is not small letters, digits and hyphens, or is {GLOBAL!r}")
    if not name.strip():
        raise ValueError("name: it is empty")
    tags = {tag: normal_form(tag) for tag in hashtags}
    if empty := [tag for tag, form in tags.items() if not form]:
        raise ValueError(f"hashtags: {empty[0]!r} is empty")
    return Category(slug, name.strip(), tuple(dict.fromkeys(tags.values())))


def membership(plain: Any, categories: Sequence[Category]) -> dict[str, Any]:
    """Aggregation expressions: 1 when one of the `plain_tags` is the category's, else 0.

    The server knows no case folding beyond ASCII, so a category is asked for in the spellings that people use. Of
    all set operators only `$setIsSubset` keeps a constant set from document to document.
    """
    return {each.slug: {"$toInt": {"$anyElementTrue": [_inside(plain, each)]}} for each in categories}


def _inside(plain: Any, each: Category) -> dict[str, Any]:
    spelled = {"$literal": spellings(each.hashtags)}
    return {"$map": {"input": plain, "in": {"$setIsSubset": [["$$this"], spelled]}}}
