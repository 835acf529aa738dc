"""The jobs as the bench runs them: by their handlers, as AWS would, at a given clock."""

from typing import Any

from ops.functions import daily, early, functions, late, named
from store.client import connect

TEXTS = "topicsClassify"
JUDGE = "rankingEvaluation"  # judges models, so it comes when there are some
CHANGED = 100  # one in so many posts is new to topicsClassify


def in_order() -> list[str]:
    """Every function that runs by the clock or by a change, each after what it needs."""
    keys = [TEXTS, *(each.key for each in [*early(), *daily(), *late()])]
    keys = [each for each in dict.fromkeys(keys) if each != JUDGE and functions()[each].is_job]
    return [*keys, JUDGE]


def job(key: str, time: str, event: dict[str, Any]) -> dict[str, Any]:
    """What the function counted."""
    counts: dict[str, Any] = named(key).load()({"time": time, **event}, None)
    return counts


def texts(uri: str, prefix: str, users: int) -> dict[str, Any]:
    """The event of topicsClassify that names the newest posts, as changes of contents do."""
    db = connect(uri, prefix)
    newest = db.app.contents.find({}, {"_id": 1}).sort("createdAt", -1).limit(max(users // CHANGED, 1))
    event = {"contents": [str(each["_id"]) for each in newest]}
    db.client.close()
    return event
