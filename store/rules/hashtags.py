"""The normal form of a hashtag, in Python and as an aggregation expression.

There are three forms. `normal_form` is the rule. `plain_tags` is its approximation on the server, which folds only
ASCII. The rankers' columns use `folded_form`, because artifacts were trained on it. The forms differ in letters that
NFKC changes (Thai sara am, full width), in capitals that only `casefold` folds (ß, final sigma) and in signs at the
end (`q#`).
"""

import unicodedata
from collections.abc import Sequence
from typing import Any, Final

LONGEST: Final = 100  # characters of a hashtag
_SIGNS: Final = " #＃"


def normal_form(hashtag: str) -> str:
    """Returns the hashtag without #, case-folded and NFKC-normalised; empty when nothing is left.

    >>> normal_form(" #Fußball "), normal_form("＃Ｃａｔ"), normal_form("#")
    ('fussball', 'cat', '')
    """
    return unicodedata.normalize("NFKC", hashtag).strip().lstrip("#").casefold().strip()


def folded_form(hashtag: str) -> str:
    """Returns the hashtag as in the rankers' columns: lower case, at most LONGEST characters.

    >>> folded_form("Cat")
    'cat'
    """
    return hashtag.lower()[:LONGEST]


def plain_tags(path: str, signs_at_end: bool = True) -> dict[str, Any]:
    """Returns the aggregation expression for the texts in the list at `path`, without # and with ASCII in lower case.

    `signs_at_end` keeps # and blanks at the end of a tag.
    """
    listed = {"$cond": [{"$isArray": path}, path, []]}
    texts = {"$filter": {"input": listed, "cond": {"$eq": [{"$type": "$$this"}, "string"]}}}
    trim = "$ltrim" if signs_at_end else "$trim"
    return {"$map": {"input": texts, "in": {"$toLower": {trim: {"input": "$$this", "chars": _SIGNS}}}}}


def spellings(hashtags: Sequence[str]) -> list[str]:
    """Returns the values of `plain_tags` that mean one of these normal forms, in the spellings that people use.

    >>> spellings(["été"])
    ['ÉtÉ', 'Été', 'été']
    """
    spelled = {form for tag in hashtags for form in (tag, tag.upper(), tag.capitalize(), tag.replace("ss", "ß"))}
    return sorted("".join(sign.lower() if sign.isascii() else sign for sign in form) for form in spelled)
