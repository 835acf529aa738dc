"""Entries of the predictors stage."""

from datetime import datetime
from typing import Any

from handlers.connectors.registry import configured
from handlers.function_url import over_url
from handlers.job import job, service
from handlers.runtime import Event
from store import settings
from store.client import Databases
from store.ids import object_id


@job("coldstartPredictor")
def coldstart_predictor(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Hourly, after the statistics: the guest feed of every country."""
    from predictors.jobs import guest_feed

    thresholds = settings.thresholds(db)
    config = guest_feed.Config(top=thresholds.feed_length, discount_bots=thresholds.discount_bots)
    return guest_feed.publish_guest_feed(db, now, config)


@job("servingSnapshot")
def serving_snapshot(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Hourly, after the statistics: the snapshot that personal requests share."""
    from predictors.jobs import snapshot

    return snapshot.publish_snapshot(db, now)


@over_url
@service
def personalize_content_predictor(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Scores of {"accountId", "contents"}, or the best contents of {"accountId", "limit"}."""
    from predictors.jobs import personal

    return personal.rank(db, now, personal.parse_query(event))


@service
def start_analysis(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """The mood of {"userId"}; "consent": true opts in, false opts out and keeps what is stored."""
    from predictors.jobs import moods

    user, consent = object_id(event.get("userId"), "userId"), event.get("consent")
    if consent is not None and not isinstance(consent, bool):
        raise ValueError(f"consent: {str(consent)[:60]} is neither true nor false")
    return moods.analyse_mood(db, now, user, consent)


@service
def recommend_friends(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Accounts, hashtags and friends for {"userId"}."""
    from predictors.jobs import moods

    return moods.recommend_friends(db, now, object_id(event.get("userId"), "userId"))


recomend_friends = recommend_friends  # the spelling that callers of the first version use


@job("actionsPlan")
def actions_plan(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Hourly: planned follows and likes by karma; off until an operator configures it."""
    from predictors.jobs import actions

    return actions.plan_actions(db, now)


def execute_actions(db: Databases, now: datetime) -> dict[str, int]:
    """Executes the due actions on the configured networks; an operator calls it, no schedule."""
    from predictors.jobs import action_execution

    return action_execution.carry_out(db, now, configured(db, now))


def undo_action(db: Databases, now: datetime, key: str) -> None:
    """Cancels one planned action, or undoes an executed one."""
    from predictors.jobs import action_execution

    action_execution.undo(db, key, now, configured(db, now))


@service
def friend_to_follow(db: Databases, event: Event, now: datetime) -> Any:
    """Recommended accounts for {"accountId"}: a list, the best first."""
    from predictors.jobs import follow

    return follow.recommend(db, object_id(event.get("accountId"), "accountId"), now)
