"""Recommends accounts that are followed by users near me, higher when they are near me themselves.

near(me, u) = [Σ over the accounts v that u follows of my interest in v / log(2 + followers of v) + 0.7 · my interest in
u + 0.7 · u follows me] / √(5 + accounts that u follows). My interest in v is 1 when I follow v, plus 0.5 · ln(1 +
engagements). score(v) = Σ over u who follow v of near(me, u)², times (0.5 + near(me, v) / the nearest) · (1 +
0.3 · ln(1 + my engagements with v)) · (1 + 0.1 · shared subjects) · (1 + 0.05 · ln(1 + karma of v)).
The weights were tuned on six simulated communities; docs/influence.md has the results on others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log1p
from typing import Any

import numpy as np

from features.arrays import Floats, Ints

TIE, ENGAGED = 0.7, 0.5


@dataclass(frozen=True)
class Person:
    """Facts about a candidate beyond the graph."""

    engagements: int = 0  # mine with the candidate's posts
    follows_me: bool = False
    karma: float = 0.0
    subjects: frozenset[str] = field(default_factory=frozenset)


def interest(followed: Floats, engagements: Floats) -> Floats:
    """Returns my interest in each user, shape (n,); `followed`: (n,) 1 or 0, `engagements`: (n,) counts.

    >>> interest(np.array([1.0, 0.0]), np.array([0.0, 1.0])).round(2).tolist()
    [1.0, 0.35]
    """
    return np.asarray(followed + ENGAGED * np.log1p(engagements))


def affinity(mine: Floats, follows_me: Floats, user: Ints, followed: Ints) -> Floats:
    """Returns the affinity of each user to me, before division by the number of their follows; shape (n,).

    Args:
        mine: (n,) my interest in each.
        follows_me: (n,) 1 or 0.
        user: (f,) the follower of each follow.
        followed: (f,) the followed user of interest.

    >>> affinity(np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([1]), np.array([0])).round(2).tolist()
    [0.7, 1.61]
    """
    popularity = np.bincount(followed, minlength=len(mine))
    shared = mine[followed] / np.log(2.0 + popularity[followed])
    return np.asarray(np.bincount(user, shared, len(mine)) + TIE * (mine + follows_me))


def nearness(affinity: Floats, user: Ints) -> Floats:
    """Returns near(me, u), 0 where no follows are known, shape (n,); `user`: (f,) the follower of each follow."""
    follows = np.bincount(user, minlength=len(affinity))
    return np.where(follows > 0, affinity / np.sqrt(5.0 + follows), 0.0)


def endorsed(near: Floats, user: Ints, followed: Ints) -> tuple[Floats, Ints]:
    """Returns the endorsement of each user by its followers, and their number; both (n,).

    >>> total, endorsers = endorsed(np.array([2.0, 1.0, 0.0]), np.array([0, 1]), np.array([2, 2]))
    >>> float(total[2]), int(endorsers[2])
    (2.5, 2)
    """
    total = np.bincount(followed, near[user] ** 2, len(near)) * (0.5 + near / (near.max(initial=0.0) or 1.0))
    return total, np.bincount(followed, minlength=len(near))


def ranked(
    total: Sequence[float], endorsers: Sequence[int], people: Mapping[Any, Person], subjects: set[str], most: int
) -> list[dict[str, Any]]:
    """Returns the best candidates with score and reason, best first; `subjects` are mine.

    >>> ranked([4.0, 1.0], [2, 1], {"a": Person(), "b": Person(engagements=3)}, set(), 1)[0]["reason"]
    'followed by 2 near you'
    """
    floor = 0.005 * max(total, default=0.0) or 1.0
    facts = zip(total, endorsers, people.items(), strict=True)
    rows = [_row(user, floor + points, count, person, subjects) for points, count, (user, person) in facts]
    rows.sort(key=lambda row: (-row["score"], str(row["userId"])))
    return rows[:most]


def _row(user: Any, score: float, endorsers: int, person: Person, subjects: set[str]) -> dict[str, Any]:
    shared = sorted(subjects & person.subjects)
    score *= (1 + 0.3 * log1p(person.engagements)) * (1 + 0.1 * len(shared)) * (1 + 0.05 * log1p(max(person.karma, 0)))
    return {
        "userId": user,
        "engagements": person.engagements,
        "score": score,
        "reason": _reason(endorsers, person, shared),
        "followedByNear": endorsers,
        "followsYou": person.follows_me,
        "sharedCategories": shared,
        "karma": person.karma,
    }


def _reason(endorsers: int, person: Person, shared: Sequence[str]) -> str:
    if person.follows_me:
        return "follows you"
    if person.engagements:
        return f"you engaged with {person.engagements} of their posts"
    near = f"followed by {endorsers} near you"
    return f"{near}, about {', '.join(shared)}" if shared else near
