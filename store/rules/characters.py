"""Invisible characters: they change how text is drawn, not what it says."""

import re
from typing import Final

# soft hyphen, grapheme joiner, Arabic letter mark, Hangul and Khmer fillers, Mongolian and other variation selectors,
# zero width spaces and joiners, marks of direction, byte order mark, interlinear and tag characters
INVISIBLE: Final = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff"
)
_INVISIBLE = re.compile(f"[{INVISIBLE}]+")


def without_invisible(text: str) -> str:
    """Returns the text without invisible characters.

    >>> without_invisible("so\\u00adft"), len(without_invisible("❤\\ufe0f"))
    ('soft', 1)
    """
    return _INVISIBLE.sub("", text)
