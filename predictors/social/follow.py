"""Whom to follow: accounts that are followed by those near me, more so when they are near me themselves.

near(me, u) = [Σ over the accounts v that u follows of my interest in v / log(2 + followers of v) + 0.7 · my interest in
u + 0.7 · u follows me] / √(5 + accounts that u follows). My interest in v is 1 when I follow v, and 0.5 · ln(1 +
engagements) besides. score(v) = Σ over u who follow v of near(me, u)², times (0.5 + near(me, v) / the nearest) · (1 +
0.3 · ln(1 + my engagements with v)) · (1 + 0.1 · shared subjects) · (1 + 0.05 · ln(1 + karma of v)).
The weights were chosen on six simulated communities; docs/influence.md has the figures of others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log1p
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
TIE, ENGAGED = 0.7, 0.5


@dataclass(frozen=True)
class Person:
    """What is known of a candidate besides the graph."""

    engagements: int = 0  # mine with the candidate's posts
    follows_me: bool = False
    karma: float = 0.0
    subjects: frozenset[str] = field(default_factory=frozenset)


def interest(followed: Floats, engagements: Floats) -> Floats:
    """My interest in each user, shape (n,), from whether I follow (1 or 0) and how often I engaged.

    >>> interest(np.array([1.0, 0.0]), np.array([0.0, 1.0])).round(2).tolist()
    [1.0, 0.35]
    """
    return np.asarray(followed + ENGAGED * np.log1p(engagements))


def affinity(mine: Floats, follows_me: Floats, user: Ints, followed: Ints) -> Floats:
    """What ties each user to me, not yet divided by how many they follow, shape (n,).

    Args:
        mine: (n,) my interest in each.
        follows_me: (n,) 1 or 0.
        user: (f,) who follows …
        followed: (f,) … whom of those who interest me.

    >>> affinity(np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([1]), np.array([0])).round(2).tolist()
    [0.7, 1.61]
    """
    popularity = np.bincount(followed, minlength=len(mine))
    shared = mine[followed] / np.log(2.0 + popularity[followed])
    return np.asarray(np.bincount(user, shared, len(mine)) + TIE * (mine + follows_me))


def nearness(affinity: Floats, user: Ints) -> Floats:
    """near(me, u) of those whose follows are known, 0 of others, shape (n,); `user` (f,) stands once a follow."""
    follows = np.bincount(user, minlength=len(affinity))
    return np.where(follows > 0, affinity / np.sqrt(5.0 + follows), 0.0)


def endorsed(near: Floats, user: Ints, followed: Ints) -> tuple[Floats, Ints]:
    """Voices for each user, and how many they are, shapes (n,).

    >>> total, heard = endorsed(np.array([2.0, 1.0, 0.0]), np.array([0, 1]), np.array([2, 2]))
    >>> float(total[2]), int(heard[2])
    (2.5, 2)
    """
    total = np.bincount(followed, near[user] ** 2, len(near)) * (0.5 + near / (near.max(initial=0.0) or 1.0))
    return total, np.bincount(followed, minlength=len(near))


def ranked(
    total: Sequence[float], heard: Sequence[int], people: Mapping[Any, Person], subjects: set[str], most: int
) -> list[dict[str, Any]]:
    """The best candidates first, each with its score and the reason for it; `subjects` are mine.

    >>> ranked([4.0, 1.0], [2, 1], {"a": Person(), "b": Person(engagements=3)}, set(), 1)[0]["reason"]
    'followed by 2 near you'
    """
    floor = 0.005 * max(total, default=0.0) or 1.0
    facts = zip(total, heard, people.items(), strict=True)
    rows = [_row(user, floor + each, voices, person, subjects) for each, voices, (user, person) in facts]
    rows.sort(key=lambda row: (-row["score"], str(row["userId"])))
    return rows[:most]


def _row(user: Any, score: float, heard: int, person: Person, subjects: set[str]) -> dict[str, Any]:
    shared = sorted(subjects & person.subjects)
    score *= (1 + 0.3 * log1p(person.engagements)) * (1 + 0.1 * len(shared)) * (1 + 0.05 * log1p(max(person.karma, 0)))
    return {
        "userId": user,
        "engagements": person.engagements,
        "score": score,
        "reason": _reason(heard, person, shared),
        "followedByNear": heard,
        "followsYou": person.follows_me,
        "sharedCategories": shared,
        "karma": person.karma,
    }


def _reason(heard: int, person: Person, shared: Sequence[str]) -> str:
    if person.follows_me:
        return "follows you"
    if person.engagements:
        return f"you engaged with {person.engagements} of their posts"
    near = f"followed by {heard} near you"
    return f"{near}, about {', '.join(shared)}" if shared else near
