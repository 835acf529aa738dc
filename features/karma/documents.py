"""Karma as documents: one for each user and category, and one for each user over all categories."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np

from features.arrays import Floats, Ints
from features.categories import GLOBAL
from features.karma.expected_week import ALL, Pairs, Population, Posts, Seeds
from store.rules.engagements import ENGAGEMENT_TYPES

Document = dict[str, Any]
_TOP_POSTS = 3


@dataclass(frozen=True)
class Karma:
    """Karma, its parts and the influence of all pairs of user and category, as of a clock."""

    posts: Posts
    pairs: Pairs
    seeds: Seeds
    expected: Floats  # (n, 5) engagements of the coming week
    population: Population
    followers: Floats  # (users,) denominator of karma; the typical number where unknown
    followers_known: Any  # (users,) bool
    pagerank: Floats  # (n,) in the pair's category
    influence: Floats  # (n,) its published score
    suspicion: Floats  # (users,)
    evidence: Floats  # (n,) share of the estimate that comes from the user's own posts in the category

    @cached_property
    def scale(self) -> Floats:
        """Factor from engagements to engagements per 100 followers, shape (n, 1)."""
        return (100.0 / self.followers[self.pairs.user])[:, None]

    @cached_property
    def values(self) -> Floats:
        """Karma by action, then of all actions, shape (n, 5)."""
        return self.expected * self.scale


def documents(
    karma: Karma, user_ids: Sequence[Any], post_ids: Sequence[Any], slugs: Sequence[str]
) -> Iterator[Document]:
    """Yields a document per pair, then one per user over all categories; each contains a digest of its content."""
    overall = global_karma(karma)
    intervals = _intervals(karma)
    tops = _top_posts(karma)
    for pair, (user, category) in enumerate(zip(karma.pairs.user.tolist(), karma.pairs.category.tolist(), strict=True)):
        body = {
            "actions": {name: _action(karma, intervals, pair, n) for n, name in enumerate(ENGAGEMENT_TYPES)},
            "karma": _rounded(karma.values[pair, ALL]),
            "interval": [_rounded(end) for end in intervals[pair, ALL]],
            "confidence": _rounded(karma.evidence[pair]),
            "influence": {"pagerank": float(karma.pagerank[pair]), "score": int(karma.influence[pair])},
            "global": _rounded(overall[user]),
            "why": _why(karma, pair, user) | {"topPosts": [_top(karma, post, post_ids) for post in tops[pair]]},
        }
        yield _keyed(user_ids[user], slugs[category], body)
    posts = np.bincount(karma.posts.user, minlength=len(user_ids))
    for user in np.unique(karma.pairs.user).tolist():
        why = {"followers": _followers(karma, user), "posts": int(posts[user])}
        yield _keyed(user_ids[user], GLOBAL, {"karma": _rounded(overall[user]), "why": why})


def global_karma(karma: Karma) -> Floats:
    """Returns the mean over actions and categories, weighted by the user's posts in each category, shape (users,)."""
    users = len(karma.followers)
    mean = karma.values[:, :ALL].mean(axis=1)
    weight = np.bincount(karma.pairs.user, weights=karma.seeds.posts, minlength=users)
    total = np.bincount(karma.pairs.user, weights=mean * karma.seeds.posts, minlength=users)
    return np.divide(total, weight, out=np.zeros(users), where=weight > 0)


def _keyed(user: Any, slug: str, body: Document) -> Document:
    digest = blake2b(repr(body).encode(), digest_size=8).hexdigest()
    return {"_id": f"{user}:{slug}", "userId": user, "category": slug, **body, "digest": digest}


def _action(karma: Karma, intervals: Floats, pair: int, action: int) -> Document:
    number, reason = karma.seeds.number[pair, action], karma.seeds.reason(pair, action)
    return {
        "karmaSeed": None if reason else _rounded(number),
        **({"reason": reason} if reason else {}),
        "median": float(karma.seeds.median[pair, action]),
        "karma": _rounded(karma.values[pair, action]),
        "interval": [_rounded(end) for end in intervals[pair, action]],
        "confidence": _rounded(karma.evidence[pair]),
    }


def _intervals(karma: Karma) -> Floats:
    """Returns the ends of the 80 % intervals, shape (n, 5, 2)."""
    ends = [spread.interval(karma.expected[:, column]) for column, spread in enumerate(karma.population.spread)]
    return np.stack([np.stack(low_high, axis=1) for low_high in ends], axis=1) * karma.scale[:, :, None]


def _why(karma: Karma, pair: int, user: int) -> Document:
    return {
        "posts": int(karma.seeds.posts[pair]),
        "benchmark": _rounded(karma.seeds.benchmark[pair]),
        "followers": _followers(karma, user),
        "expectedWeek": {
            name: _rounded(value) for name, value in zip((*ENGAGEMENT_TYPES, "all"), karma.expected[pair], strict=True)
        },
        "suspicion": _rounded(karma.suspicion[user]),
    }


def _followers(karma: Karma, user: int) -> float | str:
    return (
        float(karma.followers[user])
        if karma.followers_known[user]
        else "unknown: benchmark 0, karma by the typical number"
    )


def _top(karma: Karma, post: int, post_ids: Sequence[Any]) -> Document:
    return {"content": post_ids[post], "engagements": int(karma.posts.counts[post].sum())}


def _top_posts(karma: Karma) -> list[Ints]:
    total = karma.posts.counts.sum(axis=1)[karma.pairs.post]
    order = np.lexsort((karma.pairs.post, -total, karma.pairs.pair))
    ends = np.searchsorted(karma.pairs.pair[order], np.arange(len(karma.pairs.user) + 1))
    posts = karma.pairs.post[order]
    bounds = zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)
    return [posts[start : min(start + _TOP_POSTS, end)] for start, end in bounds]


def _rounded(value: Any) -> float:
    return round(float(value), 6)
