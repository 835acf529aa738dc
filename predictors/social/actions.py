"""Chooses actions by karma: users to follow or unfollow, posts to like or unlike, and their times in the hour."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

FOLLOW, UNFOLLOW, LIKE, UNLIKE = "FOLLOW_USER", "UNFOLLOW_USER", "POST_LIKED", "POST_UNLIKED"
OPPOSITE = {FOLLOW: UNFOLLOW, UNFOLLOW: FOLLOW, LIKE: UNLIKE, UNLIKE: LIKE}
MEASURES = ("karmaSeed", "karma")


@dataclass(frozen=True)
class Settings:
    """An operator's settings of one category; by default disabled, and a dry run."""

    category: str
    actor: Any  # the own user that acts
    enabled: bool = False
    dry_run: bool = True
    network: str = "app"
    measure: str = "karmaSeed"  # the number that the thresholds apply to
    thresholds: Mapping[str, float] = field(
        default_factory=lambda: {"like": 10.0, "recast": 10.0, "quote": 1.0, "comment": 10.0}
    )
    followers_over: float = 500.0  # of the author of a post to like
    posts_over: float = 100.0
    likes_over: float = 100.0  # of the post
    per_hour: float = 20.0  # requests to the network, for all categories together
    burst: float = 20.0  # most requests saved up while idle


@dataclass(frozen=True)
class Wish:
    """One action worth planning."""

    event: str
    target: Any  # a user, or a content
    why: Mapping[str, Any]


def parsed(row: Mapping[str, Any]) -> Settings:
    """Reads the settings of a document.

    Raises:
        ValueError: naming the field.

    >>> parsed({"_id": "pets", "actor": "me", "thresholds": {"like": 5}}).thresholds["like"]
    5.0
    """
    standard = Settings(str(row["_id"]), row.get("actor"))
    if standard.actor is None:
        raise ValueError(f"actor: the settings of {standard.category} name nobody who acts")
    measure = row.get("measure", standard.measure)
    if measure not in MEASURES:
        raise ValueError(f"measure: {measure!r} is none of {', '.join(MEASURES)}")
    given, over = row.get("thresholds") or {}, row.get("likes") or {}
    return Settings(
        category=standard.category,
        actor=standard.actor,
        enabled=row.get("enabled") is True,
        dry_run=row.get("dryRun") is not False,
        network=str(row.get("network", standard.network)),
        measure=measure,
        thresholds={**standard.thresholds, **{name: _number(name, value) for name, value in given.items()}},
        followers_over=_number("followers", over.get("followers", standard.followers_over)),
        posts_over=_number("posts", over.get("posts", standard.posts_over)),
        likes_over=_number("likes", over.get("likes", standard.likes_over)),
        per_hour=_number("perHour", row.get("perHour", standard.per_hour)),
        burst=_number("burst", row.get("burst", standard.burst)),
    )


def over_thresholds(settings: Settings) -> dict[str, Any]:
    """Returns a filter on karma: every action's number exists and is over its threshold."""
    numbers = {f"actions.{action}.{settings.measure}": {"$gt": over} for action, over in settings.thresholds.items()}
    return {"category": settings.category, **numbers}


def follows(rows: Sequence[Mapping[str, Any]], settings: Settings, excluded: set[Any]) -> list[Wish]:
    """Returns users to follow, the highest sum of numbers first; `rows`: karma documents over the thresholds."""
    worth = [row for row in rows if row["userId"] not in excluded]
    worth.sort(key=lambda row: (-sum(numbers(row, settings).values()), str(row["userId"])))
    return [
        Wish(FOLLOW, row["userId"], {"karma": numbers(row, settings), "over": dict(settings.thresholds)})
        for row in worth
    ]


def unfollows(followed: Sequence[Any], over: set[Any], settings: Settings) -> list[Wish]:
    """Returns users to unfollow: followed by an own action, with a number now under its threshold."""
    return [Wish(UNFOLLOW, user, {"under": dict(settings.thresholds)}) for user in followed if user not in over]


def likes(posts: Sequence[Mapping[str, Any]], liked: set[Any], hidden: AbstractSet[Any] = frozenset()) -> list[Wish]:
    """Returns posts to like, the most liked first; `posts` are over the numbers in the settings.

    An original represents its bare reshares, without it the most liked of them. `liked`: originals and posts that are
    none; `hidden`: users whose posts, and reshares of them, are left out.
    """
    ordered = sorted(posts, key=lambda post: (-post["likeCount"], str(post["_id"])))
    chosen: dict[Any, Mapping[str, Any]] = {}
    for post in sorted(ordered, key=lambda post: "original" in post):
        if hidden.isdisjoint(post.get("authors", ())):
            chosen.setdefault(post.get("original", post["_id"]), post)
    wanted = [post["_id"] for original, post in chosen.items() if original not in liked]
    return [
        Wish(LIKE, post["_id"], {name: post[name] for name in ("likeCount", "followerCount", "contentCount")})
        for post in ordered
        if post["_id"] in wanted
    ]


def unlikes(gone: Sequence[Any]) -> list[Wish]:
    """Returns likes to take back: those of posts that are no longer published."""
    return [Wish(UNLIKE, post, {"gone": True}) for post in gone]


def spread_over_hour(count: int, now: datetime) -> list[datetime]:
    """Returns `count` evenly spaced times in the hour after `now`.

    >>> [moment.minute for moment in spread_over_hour(3, datetime(2026, 1, 1))]
    [10, 30, 50]
    """
    return [now + timedelta(hours=(at + 0.5) / count) for at in range(count)]


def numbers(row: Mapping[str, Any], settings: Settings) -> dict[str, float]:
    """Returns the numbers of a karma document that the thresholds apply to."""
    return {action: row["actions"][action][settings.measure] for action in settings.thresholds}


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise ValueError(f"{name}: {value!r} is no number of 0 or more")
    return float(value)
