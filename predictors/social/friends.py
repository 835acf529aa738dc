"""Whom to befriend: people of the second degree, those whose mood may lift the user's a little earlier.

A mood never excludes and is never a reason: it only moves a person in the order, so that nobody learns from the list
how another person feels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from predictors.social.mood import OPPOSITES

OPPOSITE_BONUS = 1.5  # as many friends in common
LANGUAGE_BONUS = 1.0


@dataclass(frozen=True)
class Candidate:
    """A person who may be recommended."""

    user: Any
    common: int  # people whom the user follows and who follow this person
    language: str | None  # of the person's posts, where known
    mood: str | None  # where the person opted in
    followers: int = 0


def rank_friends(
    candidates: Sequence[Candidate], language: str | None, mood: str | None, most: int
) -> list[dict[str, Any]]:
    """The best candidates as {user, reasons}, the best first; those who surely write another language are left out.

    >>> near, far = Candidate("a", 3, "th", None), Candidate("b", 1, "th", None)
    >>> [each["user"] for each in rank_friends([far, near], "th", None, 2)]
    ['a', 'b']
    """
    fitting = [each for each in candidates if not _foreign(each, language)]
    ordered = sorted(fitting, key=lambda each: (-_score(each, language, mood), -each.followers, str(each.user)))
    return [{"user": each.user, "reasons": reasons(each, language)} for each in ordered[:most]]


def reasons(candidate: Candidate, language: str | None) -> list[str]:
    """Why this person is shown, in words that the user may read."""
    said = [f"followed by {candidate.common} whom you follow"] if candidate.common else ["many follow this person"]
    same = language is not None and candidate.language == language
    return [*said, "writes your language"] if same else said


def main_language(counts: Mapping[str, int]) -> str | None:
    """The language that most posts are in; None when no post tells.

    >>> main_language({"th": 3, "en": 1, "und": 9})
    'th'
    """
    known = {code: count for code, count in counts.items() if code != "und" and count > 0}
    return max(known, key=lambda code: (known[code], code), default=None)


def _score(candidate: Candidate, language: str | None, mood: str | None) -> float:
    lifts = mood is not None and candidate.mood is not None and OPPOSITES.get(mood) == candidate.mood
    same = language is not None and candidate.language == language
    return candidate.common + OPPOSITE_BONUS * lifts + LANGUAGE_BONUS * same


def _foreign(candidate: Candidate, language: str | None) -> bool:
    return language is not None and candidate.language is not None and candidate.language != language
