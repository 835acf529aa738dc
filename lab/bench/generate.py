"""Generates an app of any size with its history, day by day, seeded, in whole columns.

    python -m lab.bench.generate --users 100000 [--days 30] [--seed 1]

writes to MONGODB_URI with DB_PREFIX. An average member has one post, twelve exposures, three engagements and five
follows in that time. Reading, posting and being followed are skewed (log-normal, at most ten times the mean).
"""

import argparse
import json
import os
import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pymongo import UpdateOne

from lab.bench.raw import Ids, ids, insert
from lab.bench.volumes import Numbers, Posts, Times, Volumes, batches, dates, digits, drawn, skewed
from store.client import Databases, connect
from store.ids import ObjectId
from store.schema import COLLECTIONS, ensure_indexes

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
ACCOUNT, USER, CREDENTIAL, ENGAGEMENT, SHOWN, FOLLOW = 1, 2, 3, 5, 6, 7  # in ids
COUNTRIES = ("us", "br", "th", "de", "jp", "in", "mx", "gb", "fr", "es", "id", "kr")
TOPIC = ObjectId(b"topic-number")
KINDS, SHARES = ("like", "comment", "recast", "quote"), (0.7, 0.15, 0.1, 0.05)
TEXTS = (  # text, followed by a number of eight digits; language; hashtag or none
    ("The match went into extra time and nobody in the stadium sat down, number ", "en", "football"),
    ("A slow Sunday with bread from our own oven and too much butter on it, number ", "en", "food"),
    ("วันนี้ไปกินชาบูกับเพื่อน อร่อยมาก แนะนำเลย ร้านอยู่แถวสยาม ", "th", "foodie"),
    ("Mañana vamos a la playa con toda la familia, qué ganas tengo de ver el mar ", "es", "travel"),
    ("The market fell again today and investors sold before the weekend, number ", "en", "money"),
    ("Does anybody else still write tests before the code, or is it only me? ", "en", "coding"),
    ("Heute endlich das neue Album gehört, und es ist noch besser als das alte ", "de", "music"),
    ("so tired of all this rain ", "en", None),
)


class App:
    """A growing app: later documents refer to earlier ones."""

    def __init__(self, db: Databases, volumes: Volumes, now: datetime = NOW) -> None:
        self.db, self.volumes, self.now = db, volumes, now
        self.draw = np.random.default_rng(volumes.seed)
        self.begin_ms = int((now - timedelta(days=volumes.days)).timestamp() * 1000)
        self.activity = np.cumsum(skewed(self.draw, volumes.users))
        self.fame = np.cumsum(skewed(self.draw, volumes.users))
        most = 2 * round(volumes.users * volumes.posts) + 2 * volumes.days
        earned = np.zeros((most, len(KINDS)), np.int64)
        self.posts = Posts(np.zeros(most, np.int64), np.zeros(most, np.int64), np.full(most, -1, np.int64), earned)
        self.written: Counter[str] = Counter()

    def grow(self) -> Counter[str]:
        """Writes people, every day, and then the posts with their counters; returns documents by collection."""
        self._people()
        for day in range(self.volumes.days):
            self._live(self.begin_ms + day * DAY_MS, DAY_MS, 1 / self.volumes.days)
        self._contents(slice(0, self.posts.count), read=True)
        self._follows()
        return self.written

    def pass_hour(self, share: float) -> Counter[str]:
        """Writes one hour after `now`, in which a share of the members posts, reads and engages."""
        self.written.clear()
        people, before = self.activity, self.posts.earned.copy()
        self.activity = np.cumsum(np.arange(len(people)) < max(1, share * len(people))).astype(np.float64)
        new = self._live(int(self.now.timestamp() * 1000), HOUR_MS, share)
        self.activity = people
        self._contents(new, read=False)
        self._earn(before, new.start)
        return self.written

    def _write(self, name: str, document: Mapping[str, Any]) -> None:
        self.written[name] += insert(self.db.app[name], document)

    def _people(self) -> None:
        everyone, joined = np.arange(self.volumes.users), self.begin_ms - DAY_MS
        followers = np.diff(self.fame, prepend=0.0) * self.volumes.follows
        for some in batches(everyone):
            at = np.full(len(some), joined)
            accounts, users = ids(ACCOUNT, some, at), ids(USER, some, at)
            for place, code in enumerate(COUNTRIES):
                mine = some % len(COUNTRIES) == place
                fields = {"isGuest": False, "visibility": "publish", "geolocation": {"countryCode": code}}
                self._write("accounts", {"_id": accounts[mine], **fields, "createdAt": dates(at[mine])})
            self._write("credentials", {"_id": ids(CREDENTIAL, some, at), "account": accounts})
            counts = {"followerCount": followers[some].astype(np.int64), "followedCount": int(self.volumes.follows)}
            named = {"type": "people", "displayId": digits(some), "visibility": "publish", "createdAt": dates(at)}
            self._write("users", {"_id": users, "ownerAccount": accounts, **named, **counts})

    def _live(self, begin_ms: int, span_ms: int, share: float) -> slice:
        """Writes posts, exposures and engagements of a time span; returns the new posts."""
        shown = self._shown(begin_ms, span_ms, share) if self.posts.count else None
        new = self._new_posts(begin_ms, span_ms, share)
        if shown:
            self._engage(*shown)
        return new

    def _new_posts(self, begin_ms: int, span_ms: int, share: float) -> slice:
        count = max(1, round(self.volumes.users * self.volumes.posts * share))
        moments = np.sort(begin_ms + self.draw.integers(0, span_ms, count))
        original = np.full(count, -1, np.int64)
        if self.posts.count:
            again = self.draw.random(count) < self.volumes.reshared
            original[again] = self._popular(int(again.sum()))
        return self.posts.add(moments, drawn(self.draw, self.activity, count), original)

    def _popular(self, count: int) -> Numbers:
        """Returns posts of the last days, a few of them most often."""
        oldest = self.posts.first_of_day[max(0, len(self.posts.first_of_day) - self.volumes.live_days)]
        live = self.posts.count - oldest
        place = (live * self.draw.random(count) ** 3).astype(np.int64)
        return oldest + place * 7919 % live

    def _shown(self, begin_ms: int, span_ms: int, share: float) -> tuple[Numbers, Numbers, Times]:
        count = round(self.volumes.users * self.volumes.exposures * share)
        seen = np.sort(begin_ms + self.draw.integers(0, span_ms, count))
        viewer, content = drawn(self.draw, self.activity, count), self._popular(count)
        left = seen + (1000 * self.draw.lognormal(1.5, 0.8, count)).astype(np.int64)
        left = np.minimum(left, begin_ms + span_ms - 1)  # nothing happens after the clock
        joined = np.full(count, self.begin_ms - DAY_MS)
        who = {"viewer": ids(ACCOUNT, viewer, joined), "seenCredential": ids(CREDENTIAL, viewer, joined)}
        what = {"content": self.posts.named(content), "author": self._user(self.posts.author[content])}
        when = {"calledAt": dates(seen), "seenAt": dates(seen), "offScreenAt": dates(left)}
        number = np.arange(count) + self.draw.integers(2**31)
        self._write("feeditems", {"_id": ids(SHOWN, number, seen), **who, **what, **when})
        return viewer, content, left

    def _engage(self, viewer: Numbers, content: Numbers, left: Times) -> None:
        kind = self.draw.choice(len(KINDS), len(viewer), p=SHARES)
        did = self.draw.random(len(viewer)) < self.volumes.engaged
        number = np.arange(len(viewer)) + self.draw.integers(2**31)
        for place, name in enumerate(KINDS):
            mine = did & (kind == place)
            np.add.at(self.posts.earned[:, place], content[mine], 1)
            who = {"user": self._user(viewer[mine]), "account": ids(ACCOUNT, viewer[mine], self._joined(mine.sum()))}
            target = {"$ref": "content", "$id": self.posts.named(content[mine])}
            how = {"targetRef": target, "type": name, "visibility": "publish", "createdAt": dates(left[mine])}
            if mine.any():
                self._write("engagements", {"_id": ids(ENGAGEMENT, number[mine], left[mine]), **who, **how})

    def _contents(self, new: slice, read: bool) -> None:
        """Writes the posts; with `read`, also what topicsClassify would write."""
        number = np.arange(new.start, new.stop)
        for some in batches(number):
            for place, (text, language, tag) in enumerate(TEXTS):
                mine = some[some % len(TEXTS) == place]
                again = self.posts.original[mine] >= 0
                for reshare in (mine[again], mine[~again]):
                    if len(reshare):
                        self._write("contents", self._post(reshare, text, tag) | self._origin(reshare))
                if read and len(mine):
                    known = {"language": language, "topics": [TOPIC], "emotions": {}, "provider": "offline"}
                    moments = dates(self.posts.time_ms[mine])
                    self._write("contentinfo", {"contentId": self.posts.named(mine), **known, "updatedAt": moments})

    def _post(self, number: Numbers, text: str, tag: str | None) -> dict[str, Any]:
        earned, moments = self.posts.earned[number], dates(self.posts.time_ms[number])
        message = np.char.add(text.encode(), digits(number))
        return {
            "_id": self.posts.named(number),
            "author": {"id": self._user(self.posts.author[number])},
            "type": "short",
            "payload": {"message": message},
            "engagements": {kind: {"count": earned[:, place]} for place, kind in enumerate(KINDS)},
            "hashtags": [tag] if tag else [],
            "visibility": "publish",
            "createdAt": moments,
            "updatedAt": moments,
        }

    def _origin(self, number: Numbers) -> dict[str, Any]:
        original = self.posts.original[number]
        if original[0] < 0:
            return {"isRecast": False}
        author = {"id": self._user(self.posts.author[original])}
        return {"isRecast": True, "originalPost": {"_id": self.posts.named(original), "author": author}}

    def _follows(self) -> None:
        count = round(self.volumes.users * self.volumes.follows)
        for some in batches(np.arange(count)):
            moments = self.begin_ms + self.draw.integers(0, self.volumes.days * DAY_MS, len(some))
            user, followed = (drawn(self.draw, weights, len(some)) for weights in (self.activity, self.fame))
            who = {"user": self._user(user), "followedUser": self._user(followed)}
            fields = {"following": True, "blocking": False, "createdAt": dates(moments)}
            self._write("relationships", {"_id": ids(FOLLOW, some, moments), **who, **fields})

    def _earn(self, before: NDArray[np.int64], new: int) -> None:
        """Updates counters and `updatedAt` of old posts, as the app does."""
        more = self.posts.earned - before
        moved = np.flatnonzero(more[:new].any(axis=1))
        at = self.now + timedelta(minutes=30)
        self.written["contents moved"] = len(moved)
        writes = [
            UpdateOne({"_id": ObjectId(key.tobytes())}, {"$inc": _counted(row), "$set": {"updatedAt": at}})
            for key, row in zip(self.posts.named(moved), more[moved].tolist(), strict=True)
        ]
        if writes:
            self.db.app.contents.bulk_write(writes, ordered=False)

    def _user(self, number: Numbers) -> Ids:
        return ids(USER, number, self._joined(len(number)))

    def _joined(self, count: int) -> Times:
        return np.full(count, self.begin_ms - DAY_MS)


def index(db: Databases) -> None:
    """Creates the declared indexes of app-db."""
    ensure_indexes(db, *(name for name, declared in COLLECTIONS.items() if declared.database == "app"))


def _counted(row: list[int]) -> dict[str, int]:
    return {f"engagements.{kind}.count": more for kind, more in zip(KINDS, row, strict=True) if more}


def main() -> None:
    """Writes an app and prints the number of documents and seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, kind in (("users", int), ("days", int), ("seed", int)):
        parser.add_argument(f"--{name}", type=kind, default=getattr(Volumes, name, 10_000))
    options = parser.parse_args()
    db = connect(os.environ["MONGODB_URI"], os.environ.get("DB_PREFIX", ""))
    began = time.perf_counter()
    written = App(db, Volumes(**vars(options))).grow()
    index(db)
    print(json.dumps({**written, "seconds": round(time.perf_counter() - began, 1)}))  # noqa: T201


if __name__ == "__main__":
    main()
