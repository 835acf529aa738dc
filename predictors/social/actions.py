"""What would be worth doing by karma: whom to follow, whom no longer, which posts to like; and when in the hour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

FOLLOW, UNFOLLOW, LIKE, UNLIKE = "FOLLOW_USER", "UNFOLLOW_USER", "POST_LIKED", "POST_UNLIKED"
OPPOSITE = {FOLLOW: UNFOLLOW, UNFOLLOW: FOLLOW, LIKE: UNLIKE, UNLIKE: LIKE}
MEASURES = ("karmaSeed", "karma")


@dataclass(frozen=True)
class Settings:
    """What an operator set for one category; everything is off and dry until said otherwise."""

    category: str
    actor: Any  # the user of ours who acts
    enabled: bool = False
    dry_run: bool = True
    network: str = "app"
    measure: str = "karmaSeed"  # which number the thresholds are for
    thresholds: Mapping[str, float] = field(
        default_factory=lambda: {"like": 10.0, "recast": 10.0, "quote": 1.0, "comment": 10.0}
    )
    followers_over: float = 500.0  # of the author of a post to like
    posts_over: float = 100.0
    likes_over: float = 100.0  # of the post
    per_hour: float = 20.0  # requests to the network, for all categories together
    burst: float = 20.0  # most requests that a quiet time saves up


@dataclass(frozen=True)
class Wish:
    """One thing worth doing."""

    event: str
    target: Any  # a user, or a content
    why: Mapping[str, Any]


def parsed(row: Mapping[str, Any]) -> Settings:
    """The settings of a document.

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
        thresholds={**standard.thresholds, **{name: _number(name, each) for name, each in given.items()}},
        followers_over=_number("followers", over.get("followers", standard.followers_over)),
        posts_over=_number("posts", over.get("posts", standard.posts_over)),
        likes_over=_number("likes", over.get("likes", standard.likes_over)),
        per_hour=_number("perHour", row.get("perHour", standard.per_hour)),
        burst=_number("burst", row.get("burst", standard.burst)),
    )


def over_thresholds(settings: Settings) -> dict[str, Any]:
    """A filter on karma: every action's number is over its threshold; no number is not over any."""
    numbers = {f"actions.{action}.{settings.measure}": {"$gt": over} for action, over in settings.thresholds.items()}
    return {"category": settings.category, **numbers}


def follows(rows: Sequence[Mapping[str, Any]], settings: Settings, excluded: set[Any]) -> list[Wish]:
    """Whom to follow, the highest sum of numbers first; `rows` are karma documents over the thresholds."""
    worth = [row for row in rows if row["userId"] not in excluded]
    worth.sort(key=lambda row: (-sum(numbers(row, settings).values()), str(row["userId"])))
    return [
        Wish(FOLLOW, row["userId"], {"karma": numbers(row, settings), "over": dict(settings.thresholds)})
        for row in worth
    ]


def unfollows(followed: Sequence[Any], over: set[Any], settings: Settings) -> list[Wish]:
    """Whom to follow no longer: those followed by an action of ours whose karma fell under a threshold."""
    return [Wish(UNFOLLOW, user, {"under": dict(settings.thresholds)}) for user in followed if user not in over]


def likes(posts: Sequence[Mapping[str, Any]], liked: set[Any]) -> list[Wish]:
    """Which posts to like; `posts` are over the numbers that the settings name, the most liked first."""
    return [
        Wish(LIKE, post["_id"], {name: post[name] for name in ("likeCount", "followerCount", "contentCount")})
        for post in sorted(posts, key=lambda post: (-post["likeCount"], str(post["_id"])))
        if post["_id"] not in liked
    ]


def unlikes(gone: Sequence[Any]) -> list[Wish]:
    """Which likes to take back: those of posts that are no longer published."""
    return [Wish(UNLIKE, post, {"gone": True}) for post in gone]


def spread_over_hour(count: int, now: datetime) -> list[datetime]:
    """Even moments in the hour after `now`.

    >>> [each.minute for each in spread_over_hour(3, datetime(2026, 1, 1))]
    [10, 30, 50]
    """
    return [now + timedelta(hours=(at + 0.5) / count) for at in range(count)]


def numbers(row: Mapping[str, Any], settings: Settings) -> dict[str, float]:
    """The numbers of a karma document that the thresholds are for."""
    return {action: row["actions"][action][settings.measure] for action in settings.thresholds}


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise ValueError(f"{name}: {value!r} is no number of 0 or more")
    return float(value)
