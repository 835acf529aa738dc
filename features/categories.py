"""Categories: sets of hashtags that operators edit. A post belongs to every category that has one of its tags."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from store.rules.hashtags import normal_form, spellings

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
    forms = {tag: normal_form(tag) for tag in hashtags}
    if empty := [tag for tag, form in forms.items() if not form]:
        raise ValueError(f"hashtags: {empty[0]!r} is empty")
    return Category(slug, name.strip(), tuple(dict.fromkeys(forms.values())))


def membership(plain: Any, categories: Sequence[Category]) -> dict[str, Any]:
    """Returns an aggregation expression by slug: 1 when the category has one of the `plain_tags`, else 0.

    The server folds the case of ASCII only, so the expression lists the common spellings of each hashtag.
    `$setIsSubset` is the only set operator that builds a constant set once instead of for every document.
    """
    return {category.slug: {"$toInt": {"$anyElementTrue": [_matches(plain, category)]}} for category in categories}


def _matches(plain: Any, category: Category) -> dict[str, Any]:
    tags = {"$literal": spellings(category.hashtags)}
    return {"$map": {"input": plain, "in": {"$setIsSubset": [["$$this"], tags]}}}
