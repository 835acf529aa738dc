"""The plain way, which teams write first: the work of our jobs without their tricks, as short as it reads well.

Each gives the seconds of what is done once (`fixed`), of one unit (`each`), how many units it did and how many there
are: where all of them would take hours it does a sample, and says so. Models are pickled and never unpickled.
"""

import pickle
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import xgboost
from pymongo import UpdateOne
from pymongo.collection import Collection
from scipy import stats

from store.client import Databases
from store.ids import Document
from store.rules.engagements import ENGAGEMENT_TYPES

CONTENT = ["likeCount", "commentCount", "recastCount", "quoteCount", "photoCount", "characterLength", "ageScore"]
CREATOR = ["contentCount", "creatorLikedCount", "creatorCommentedCount", "creatorRecastedCount", "creatorQuotedCount"]
FEATURES = [*CONTENT, *CREATOR]
TOP, READINGS = 500, 500  # contents a country; latest readings a credential
ONE_BY_ONE = 20  # documents that are written without a bulk


@dataclass(frozen=True)
class Took:
    """Seconds of the plain way."""

    fixed: float
    each: float
    did: int
    of: int

    @property
    def whole(self) -> float:
        """Seconds of all units."""
        return self.fixed + self.each * self.of


def statistics(db: Databases, now: datetime, batch: int, most: int) -> Took:
    """A full scan that pushes a creator's posts together; upserts of one creator's, or some thousand, at a time."""
    began, since = time.perf_counter(), now - timedelta(days=30)
    stages: list[dict[str, Any]] = [
        {"$match": {"visibility": "publish"}},
        {"$group": {"_id": "$author.id", "contents": {"$push": "$$ROOT"}}},
        {"$lookup": {"from": "users", "localField": "_id", "foreignField": "_id", "as": "user"}},
    ]
    creators = list(db.app.contents.aggregate(stages, allowDiskUse=True))
    fixed, started, done = time.perf_counter() - began, time.perf_counter(), 0
    contents: list[Document] = []
    users: list[Document] = []
    for creator in creators[:most]:
        recent = [_content(each, now) for each in creator["contents"] if since <= each["createdAt"] <= now]
        contents += recent
        users.append(_creator(creator, recent))
        done += 1
        if len(contents) >= batch or done == min(most, len(creators)):
            _upsert(db.analytics.plainContentStats, contents)
            _upsert(db.analytics.plainCreatorStats, users)
            contents, users = [], []
    return Took(fixed, (time.perf_counter() - started) / max(done, 1), done, len(creators))


def user_training(db: Databases, now: datetime, most: int) -> Took:
    """One frame of all exposures; for each user a filter on it, an XGBRegressor, a pickle, an upsert."""
    began = time.perf_counter()
    frame = _exposures(db)
    users = frame.loc[frame.label > 0, "viewer"].unique()
    fixed, started = time.perf_counter() - began, time.perf_counter()
    for user in users[:most]:
        mine = frame[frame.viewer == user]
        model = xgboost.XGBRegressor(n_jobs=1)  # on so few rows threads only wait for each other
        model.fit(mine[FEATURES], mine.label)
        known = {"artifact": pickle.dumps(model), "features": FEATURES, "trainedAt": now}
        db.analytics.plainArtifacts.update_one({"account": user}, {"$set": known}, upsert=True)
    done = min(most, len(users))
    return Took(fixed, (time.perf_counter() - started) / max(done, 1), done, len(users))


def guest_feed(db: Databases, now: datetime, countries: list[str], most: int) -> Took:
    """For each country: the query, a frame, a prediction of all contents, the best into the collection."""
    frame = _scored_contents(db)
    model = xgboost.XGBRegressor().fit(frame[FEATURES], frame.engagementScore)  # made before; not counted
    started, done = time.perf_counter(), countries[:most]
    for country in done:
        frame = _scored_contents(db)
        best = frame.assign(score=model.predict(frame[FEATURES])).nlargest(TOP, "score")
        known = {"countryCode": country, "type": "content", "createdAt": now, "updatedAt": now}
        rows = best[["content", "author", "score"]].to_dict("records")
        db.app.plainFeed.delete_many({"countryCode": country})
        db.app.plainFeed.insert_many([{str(name): value for name, value in row.items()} | known for row in rows])
    return Took(0.0, (time.perf_counter() - started) / len(done), len(done), len(countries))


def fraud_features(db: Databases, now: datetime, most: int) -> Took:
    """For each credential: its latest readings, four moments of them, an upsert."""
    began = time.perf_counter()
    credentials = db.app.feeditems.distinct("seenCredential")
    fixed, started = time.perf_counter() - began, time.perf_counter()
    for credential in credentials[:most]:
        found = db.app.feeditems.find({"seenCredential": credential, "seenAt": {"$lte": now}})
        frame = pd.DataFrame(list(found.sort("seenAt", -1).limit(READINGS)))
        key = {"seenCredential": credential, "lastSeenAt": frame.seenAt.max().to_pydatetime()}
        db.analytics.plainFeatures.update_one(key, {"$set": _moments(frame)}, upsert=True)
    done = min(most, len(credentials))
    return Took(fixed, (time.perf_counter() - started) / max(done, 1), done, len(credentials))


def _content(content: Document, now: datetime) -> Document:
    counts = {f"{kind}Count": content["engagements"][kind]["count"] for kind in ENGAGEMENT_TYPES}
    age_score = 2 ** (-((now - content["createdAt"]).total_seconds() / 86_400))
    earned = sum(counts.values())
    text = {"photoCount": len(content["payload"].get("photo", {}).get("contents", []))}
    text["characterLength"] = len(content["payload"].get("message", ""))
    aggregator = {"ageScore": age_score, "engagementScore": earned}
    known = {"_id": content["_id"], "type": content["type"], "createdAt": content["createdAt"], "updatedAt": now}
    return {**known, **counts, **text, "aggregator": aggregator, "score": (earned + 1) * age_score}


def _creator(creator: Document, recent: list[Document]) -> Document:
    user: Document = next(iter(creator["user"]), {})
    counts = {f"creator{kind}": sum(each[name] for each in recent) for kind, name in _COUNTED.items()}
    earned = sum(each["aggregator"]["engagementScore"] for each in recent)
    age_score = max((each["aggregator"]["ageScore"] for each in recent), default=0.0)
    followed = 0.01 * user.get("followerCount", 0)
    types = {each["type"]: sum(other["type"] == each["type"] for other in recent) for each in recent}
    known = {"_id": creator["_id"], "displayId": user.get("displayId"), "contentCount": len(recent), **counts}
    return {**known, "summary": types, "score": age_score * earned / max(len(recent), 1) + followed}


_COUNTED = {"Liked": "likeCount", "Commented": "commentCount", "Recasted": "recastCount", "Quoted": "quoteCount"}


def _upsert(target: Collection[Document], documents: list[Document]) -> None:
    if len(documents) <= ONE_BY_ONE:
        for each in documents:
            target.update_one({"_id": each["_id"]}, {"$set": each}, upsert=True)
    else:
        target.bulk_write([UpdateOne({"_id": each["_id"]}, {"$set": each}, upsert=True) for each in documents])


def _exposures(db: Databases) -> pd.DataFrame:
    """Everything that was shown to anybody, with what is known of it and what came of it."""
    shown = _frame(db.app.feeditems.find({}, {"_id": 0, "viewer": 1, "content": 1}))
    acts = db.app.engagements.find({}, {"_id": 0, "viewer": "$account", "content": "$targetRef.$id", "type": 1})
    engaged = _frame(acts).groupby(["viewer", "content"]).size().rename("label").reset_index()
    frame = shown.merge(engaged, how="left", on=["viewer", "content"]).merge(_scored_contents(db), on="content")
    return frame.fillna({"label": 0})


def _scored_contents(db: Databases) -> pd.DataFrame:
    """Contents with their statistics and those of their creators."""
    facts = dict.fromkeys(CONTENT[:-1], 1) | {"_id": 0, "content": "$_id", "author": "$authorId"}
    aggregated = {name: f"$aggregator.{name}" for name in ("ageScore", "engagementScore")}
    contents = pd.DataFrame(list(db.analytics.contentStats.find({}, facts | aggregated)))
    known = dict.fromkeys(CREATOR, 1) | {"_id": 0, "author": "$_id"}
    return contents.merge(pd.DataFrame(list(db.analytics.creatorStats.find({}, known))), on="author")


def _frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(list(rows))


def _moments(frame: pd.DataFrame) -> dict[str, float]:
    """The four features of the design."""
    reading = (frame.offScreenAt - frame.seenAt).dt.total_seconds()
    between = frame.seenAt.sort_values().diff().dt.total_seconds().dropna()
    return {
        "count": len(frame),
        "postReadingTimeAbsSkew": float(abs(stats.skew(reading))),
        "postReadingTimeAbsKurt": float(abs(stats.kurtosis(reading))),
        "postReadingTimeNormStd": float(reading.std() / reading.mean()),
        "postReadingTimeDifferenceNormStd": float(between.std() / between.mean()),
    }
