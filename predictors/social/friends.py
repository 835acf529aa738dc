"""Friend recommendations: friends of friends, by friends in common and language.

No mood is read. A bonus for a mood would change the order, and the reasons already say the rest of the order, so a
caller could read another person's mood from the answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LANGUAGE_BONUS = 1.0  # counts as this many friends in common


@dataclass(frozen=True)
class Candidate:
    """A person who may be recommended."""

    user: Any
    common: int  # people followed by the user who follow this person
    language: str | None  # of the person's posts, where known
    followers: int = 0


def rank_friends(candidates: Sequence[Candidate], language: str | None, most: int) -> list[dict[str, Any]]:
    """Returns the best candidates as {user, reasons}, best first, without those known to write another language.

    >>> near, far = Candidate("a", 3, "th"), Candidate("b", 1, "th")
    >>> [friend["user"] for friend in rank_friends([far, near], "th", 2)]
    ['a', 'b']
    """
    fitting = [candidate for candidate in candidates if not _foreign(candidate, language)]
    ordered = sorted(fitting, key=lambda person: (-_score(person, language), -person.followers, str(person.user)))
    return [{"user": person.user, "reasons": reasons(person, language)} for person in ordered[:most]]


def reasons(candidate: Candidate, language: str | None) -> list[str]:
    """Returns why this person is recommended, in words for the user."""
    shared = [f"followed by {candidate.common} whom you follow"] if candidate.common else ["many follow this person"]
    same = language is not None and candidate.language == language
    return [*shared, "writes your language"] if same else shared


def main_language(counts: Mapping[str, int]) -> str | None:
    """Returns the language of most posts; None without a known one.

    >>> main_language({"th": 3, "en": 1, "und": 9})
    'th'
    """
    known = {code: count for code, count in counts.items() if code != "und" and count > 0}
    return max(known, key=lambda code: (known[code], code), default=None)


def _score(candidate: Candidate, language: str | None) -> float:
    same = language is not None and candidate.language == language
    return candidate.common + LANGUAGE_BONUS * same


def _foreign(candidate: Candidate, language: str | None) -> bool:
    return language is not None and candidate.language is not None and candidate.language != language
