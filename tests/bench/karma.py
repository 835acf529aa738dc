"""Seconds and memory of karmaStats: a whole run, and the next run of the day with 1 % of the users active.

    python -m tests.bench.karma [--users 100000] [--posts-each 10] [--engagements-each 3] [--check]

The app is made inside the server: posts over 60 days with one of twelve hashtags, or with none.
"""

import argparse
import json
import multiprocessing
import os
import resource
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from features.jobs.karma import update_karma
from store.client import Databases, connect
from store.schema import ensure_indexes
from tests.bench.scale import Expression, _id, _reference, _write
from tests.reliability.swaps import serving_or_given

NOW = datetime(2026, 1, 15, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
TAGS = ["sport", "food", "travel", "music", "film", "gaming", "coding", "space", "vote", "money", "yoga", "cat", None]
KINDS = ("like", "like", "like", "comment", "recast", "quote")
_DAYS_MS = 60 * 86_400_000


def fill(db: Databases, users: int, posts: int, engagements: int) -> None:
    """Writes the app: user n has posts n, n + users, …; post n is engaged with by users far from each other."""
    people = {"_id": _id("b", "$n"), "ownerAccount": _id("a", "$n"), "visibility": "publish"}
    counts = {"followerCount": {"$mod": [{"$multiply": ["$n", 7919]}, 5_000]}, "followedCount": 100}
    _write(db, "users", users, people | counts)
    _write(db, "contents", posts, _post(users, _past("$n", posts)))
    _write(db, "engagements", engagements, _engagement(users, posts, _past("$n", engagements)))
    ensure_indexes(db, "users", "contents", "engagements", "relationships", "karma")


def change(db: Databases, users: int) -> None:
    """An hour in which 1 % of the users posted, and engaged with all that these wrote."""
    active, moment = users // 100, NOW + timedelta(minutes=20)
    _write(db, "newContents", active, _post(users, moment) | {"_id": _id("d", "$n"), "author": {"id": _id("b", "$n")}})
    _write(db, "newEngagements", 3 * active, _engagement(active, active, moment))
    engaged = {"author.id": {"$in": db.app.newContents.distinct("author.id")}}
    moved = {"$set": {"updatedAt": moment}, "$inc": {"engagements.like.count": 1}}
    db.app.contents.update_many(engaged, moved)
    for name in ("contents", "engagements"):
        db.app[f"new{name.capitalize()}"].aggregate([{"$merge": name}])


def figures(uri: str, users: int, posts_each: int, engagements_each: int, check: bool) -> dict[str, Any]:
    """What each run took; with `check`, a whole run after the one by change must write nothing."""
    prefix, posts = f"karma-{os.getpid()}-", users * posts_each
    db = connect(uri, prefix)
    try:
        began = time.perf_counter()
        fill(db, users, posts, posts * engagements_each)
        found: dict[str, Any] = {"fill": {"seconds": round(time.perf_counter() - began, 1)}}
        found["whole"] = measured(uri, prefix, NOW, whole=True)
        change(db, users)
        found["byChange"] = measured(uri, prefix, LATER, whole=False)
        if check:
            found["wholeAfter"] = measured(uri, prefix, LATER, whole=True)
        return found
    finally:
        for each in (db.app, db.analytics):
            db.client.drop_database(each.name)
        db.client.close()


def measured(uri: str, prefix: str, now: datetime, whole: bool) -> dict[str, Any]:
    """A run in a process of its own: seconds, the most memory that it had, its counts."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured_here, (uri, prefix, now, whole))


def _measured_here(uri: str, prefix: str, now: datetime, whole: bool) -> dict[str, Any]:
    db = connect(uri, prefix)
    began = time.perf_counter()
    counts = update_karma(db, now, whole=whole)
    seconds = round(time.perf_counter() - began, 2)
    return {"seconds": seconds, "MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, **counts}


def _post(users: int, moment: Any) -> Expression:
    subject = {
        "$add": [{"$multiply": [{"$mod": ["$n", users]}, 31]}, {"$mod": [{"$floor": {"$divide": ["$n", users]}}, 3]}]
    }
    tag = {"$arrayElemAt": [TAGS, {"$toInt": {"$mod": [subject, len(TAGS)]}}]}  # three subjects a user
    likes = {"$mod": [{"$multiply": ["$n", 104_729]}, 50]}
    counts = {"like": likes, "comment": {"$mod": ["$n", 7]}, "recast": {"$mod": ["$n", 5]}, "quote": 0}
    return {
        "_id": _id("c", "$n"),
        "author": {"id": _id("b", {"$mod": ["$n", users]})},
        "engagements": {name: {"count": count} for name, count in counts.items()},
        "hashtags": [tag],
        "visibility": "publish",
        "createdAt": moment,
        "updatedAt": moment,
    }


def _engagement(users: int, posts: int, moment: Any) -> Expression:
    kind = {"$arrayElemAt": [list(KINDS), {"$mod": ["$n", len(KINDS)]}]}
    post = {"$mod": [{"$multiply": ["$n", 7_919]}, posts]}
    actor = {"$mod": [{"$multiply": ["$n", 104_729]}, users]}
    return {"user": _id("b", actor), "type": kind, "targetRef": _reference(post), "createdAt": moment}


def _past(number: str, count: int) -> Expression:
    back = {"$multiply": [{"$subtract": [count, number]}, _DAYS_MS // count]}
    return {"$subtract": [NOW, {"$add": [back, 1]}]}


def main() -> None:
    """The figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--posts-each", type=int, default=10)
    parser.add_argument("--engagements-each", type=int, default=3)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    with serving_or_given() as uri:
        print(json.dumps(figures(uri, given.users, given.posts_each, given.engagements_each, given.check), indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
