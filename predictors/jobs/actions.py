"""Plans actions for the next hour: within each network's budget, evenly spread, as a dry run by default."""

from datetime import datetime, timedelta
from typing import Any

from features.categories import all_hashtags, category, membership
from predictors.social.actions import (
    FOLLOW,
    LIKE,
    UNFOLLOW,
    UNLIKE,
    Settings,
    Wish,
    follows,
    likes,
    over_thresholds,
    parsed,
    spread_over_hour,
    unfollows,
    unlikes,
)  # fmt: skip
from store.client import Databases
from store.ids import Document
from store.inputs import hashtag_forms, social_graph
from store.outputs import action_budget, actions, categories
from store.rules.hashtags import normal_tags
from store.schema import ensure_indexes

Counts = dict[str, Any]
_AGAIN = timedelta(days=1)  # an ended action is not planned again earlier


def plan_actions(db: Databases, now: datetime) -> Counts:
    """Plans the actions of the enabled categories; off while none is enabled or the kill switch is on."""
    ensure_indexes(db, "actions")
    rows = [row for row in actions.read_settings(db) if row.get("enabled") is True]
    if not rows or actions.is_stopped(db):
        return {"off": 1, "planned": 0, "stopped": int(actions.is_stopped(db))}
    known = {subject["slug"]: subject for subject in categories.read_categories(db)}
    counts: Counts = {"off": 0, "wished": 0, "planned": 0, "overBudget": 0, "rejected": {}}
    for row in rows:
        if row["_id"] not in known:
            counts["rejected"]["category"] = counts["rejected"].get("category", 0) + 1
            continue
        settings = parsed(row)
        _plan_category(db, now, settings, _wishes(db, now, settings, known[row["_id"]]), counts)
    return counts


def _plan_category(db: Databases, now: datetime, settings: Settings, wishes: list[Wish], counts: Counts) -> None:
    planned = actions.already_planned(db, settings.actor, settings.dry_run, now - _AGAIN)
    fresh = [wish for wish in wishes if (wish.event, wish.target) not in planned]
    bucket = f"plan:{settings.network}"
    granted = action_budget.take(db, bucket, len(fresh), now, settings.per_hour, settings.burst)
    moments = spread_over_hour(granted, now) if granted else []
    documents = [_document(wish, settings, now, due) for wish, due in zip(fresh, moments, strict=False)]
    written = sum(actions.plan(db, document) for document in documents)
    action_budget.give_back(db, bucket, granted - written, settings.burst)
    counts["wished"] += len(fresh)
    counts["planned"] += written
    counts["overBudget"] += len(fresh) - granted


def _wishes(db: Databases, now: datetime, settings: Settings, subject: Document) -> list[Wish]:
    rows = actions.read_karma(db, over_thresholds(settings))
    users = {row["userId"] for row in rows}
    own = social_graph.own_users(db, settings.actor)
    hidden = social_graph.blocked(db, own).union(own)
    excluded = actions.followed(db, settings.actor, now) | hidden | actions.not_public(db, list(users))
    followed = actions.current_targets(db, settings.category, FOLLOW, UNFOLLOW)
    known = [category(subject["slug"], subject["name"], subject["hashtags"])]
    forms = hashtag_forms.read_forms(db, None, now, all_hashtags(known))
    inside = membership(normal_tags("$hashtags", forms), known)
    over = {"followers": settings.followers_over, "posts": settings.posts_over, "likes": settings.likes_over}
    posts = actions.posts_to_like(db, inside[subject["slug"]], over)
    liked = actions.liked_by(
        db, settings.actor, [post["original"] if "original" in post else post["_id"] for post in posts]
    )
    gone = actions.no_longer_published(db, actions.current_targets(db, settings.category, LIKE, UNLIKE))
    taken_back = [*unfollows(followed, users, settings), *unlikes(gone)]
    return [*taken_back, *follows(rows, settings, excluded), *likes(posts, liked, hidden)]


def _document(wish: Wish, settings: Settings, now: datetime, due: datetime) -> Document:
    mode = "dry" if settings.dry_run else "earnest"
    return {
        "_id": f"{settings.network}:{settings.actor}:{wish.event}:{wish.target}:{now:%Y%m%dT%H}:{mode}",
        "event": wish.event,
        "network": settings.network,
        "category": settings.category,
        "actor": settings.actor,
        "target": wish.target,
        "why": dict(wish.why),
        "state": "planned",
        "dryRun": settings.dry_run,
        "plannedAt": now,
        "dueAt": due,
        "budget": {"perHour": settings.per_hour, "burst": settings.burst},
    }
