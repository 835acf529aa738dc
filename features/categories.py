"""Categories: sets of hashtags that an operator edits; a post belongs to each category that has one of its tags."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
GLOBAL = "global"  # the category of the karma over all categories


@dataclass(frozen=True)
class Category:
    """One subject."""

    slug: str
    name: str
    hashtags: tuple[str, ...]  # normalised


def normalised(hashtag: str) -> str:
    """The hashtag as it is compared: without #, in small letters, one form of every character.

    Raises:
        ValueError: when nothing is left.

    >>> normalised(" #Fußball ")
    'fussball'
    """
    tag = unicodedata.normalize("NFKC", hashtag).strip().lstrip("#").casefold().strip()
    if not tag:
        raise ValueError(f"hashtags: {hashtag!r} is empty")
    return tag


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
    return Category(slug, name.strip(), tuple(dict.fromkeys(normalised(tag) for tag in hashtags)))


def plain_tags(tags: str) -> dict[str, Any]:
    """An aggregation expression: the texts in the list at the path `tags`, in small ASCII letters and without #."""
    listed = {"$cond": [{"$isArray": tags}, tags, []]}
    texts = {"$filter": {"input": listed, "cond": {"$eq": [{"$type": "$$this"}, "string"]}}}
    return {"$map": {"input": texts, "in": {"$toLower": {"$ltrim": {"input": "$$this", "chars": "# "}}}}}


def membership(plain: Any, categories: Sequence[Category]) -> dict[str, Any]:
    """Aggregation expressions: 1 when one of the `plain_tags` is the category's, else 0.

    The server knows no case folding beyond ASCII, so a category is asked for in the spellings that people use. Of
    all set operators only `$setIsSubset` keeps a constant set from document to document.
    """
    return {each.slug: {"$toInt": {"$anyElementTrue": [_inside(plain, each)]}} for each in categories}


def _inside(plain: Any, each: Category) -> dict[str, Any]:
    spelled = {"$literal": _spellings(each.hashtags)}
    return {"$map": {"input": plain, "in": {"$setIsSubset": [["$$this"], spelled]}}}


def _spellings(hashtags: Sequence[str]) -> list[str]:
    """Each tag folded, in capitals and capitalised, with the ASCII letters small.

    >>> _spellings(["été"])
    ['ÉtÉ', 'Été', 'été']
    """
    spelled = {form for tag in hashtags for form in (tag, tag.upper(), tag.capitalize(), tag.replace("ss", "ß"))}
    return sorted("".join(sign.lower() if sign.isascii() else sign for sign in form) for form in spelled)
