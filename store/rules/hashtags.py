"""The normal form of a hashtag, in Python and as an aggregation expression.

`normal_form` is the rule. The server trims and folds ASCII (`plain_tags`), which is the normal form of an ASCII tag.
It maps the other tags with a table from `store.inputs.hashtag_forms` (`normal_tags`).
"""

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from store.rules.characters import without_invisible

LONGEST: Final = 100  # characters; a longer text is no hashtag
MOST_TAGS: Final = 100  # hashtags of a post that count, the first ones
NOT_ASCII: Final = r"[^\x00-\x7f]"
_OTHER_SPACES: Final = "\x85\u1680\u2028\u2029"  # NFKC makes a blank of all others
_SIGNS: Final = " #\t\n\r\v\f\x1c\x1d\x1e\x1f"


def normal_form(hashtag: str) -> str:
    """Returns the hashtag case-folded, NFKC-normalised and without # and invisible characters; empty if none is left.

    >>> normal_form(" #Fußball "), normal_form("＃Ｃａｔ"), normal_form("ΑΘΉΝΑΣ") == normal_form("αθήνας")
    ('fussball', 'cat', True)
    """
    visible = without_invisible(hashtag[: 4 * LONGEST])
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())
    form = without_invisible(folded).strip(_SIGNS + _OTHER_SPACES)
    return form if len(form) <= LONGEST else ""


def tags_of(hashtags: Any) -> list[str]:
    """Returns the distinct normal forms of a content's `hashtags`, at most MOST_TAGS; none where it is no list.

    >>> tags_of(["#Cat", "cat", 7, "#"]), tags_of("cat")
    (['cat'], [])
    """
    listed = hashtags[:MOST_TAGS] if isinstance(hashtags, list) else []
    forms = dict.fromkeys(normal_form(tag) for tag in listed if isinstance(tag, str))
    return [form for form in forms if form]


def written_tags(path: str) -> dict[str, Any]:
    """Returns the expression for the texts among the first MOST_TAGS of the list at `path`, without # at their ends."""
    listed = {"$cond": [{"$isArray": path}, {"$slice": [path, MOST_TAGS]}, []]}
    texts = {"$filter": {"input": listed, "cond": {"$eq": [{"$type": "$$this"}, "string"]}}}
    trimmed = {"$map": {"input": texts, "in": {"$trim": {"input": "$$this", "chars": _SIGNS + "＃"}}}}
    most_bytes = 4 * LONGEST * 4
    return {"$filter": {"input": trimmed, "cond": {"$lte": [{"$strLenBytes": "$$this"}, most_bytes]}}}


def plain_tags(path: str) -> dict[str, Any]:
    """Returns the expression for `written_tags` with ASCII in lower case."""
    return {"$map": {"input": written_tags(path), "in": {"$toLower": "$$this"}}}


def normal_tag(plain: Any, forms: Mapping[str, str]) -> Any:
    """Returns the expression for the normal form of a text of `plain_tags`; `forms` maps those that are not normal.

    The server builds an index of a constant array once, so the size of `forms` does not matter.
    """
    if not forms:
        return plain
    place = {"$indexOfArray": [{"$literal": list(forms)}, "$$plain"]}
    form = {"$arrayElemAt": [{"$literal": list(forms.values())}, "$$place"]}
    mapped = {"$let": {"vars": {"place": place}, "in": {"$cond": [{"$lt": ["$$place", 0]}, "$$plain", form]}}}
    return {"$let": {"vars": {"plain": plain}, "in": mapped}}


def normal_tags(path: str, forms: Mapping[str, str]) -> dict[str, Any]:
    """Returns the expression for the normal forms of the texts in the list at `path`."""
    return {"$map": {"input": plain_tags(path), "in": normal_tag("$$this", forms)}}
