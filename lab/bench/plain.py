"""The baseline: a short, straightforward implementation of the same work, without the optimisations of our jobs.

Every function returns a `Sample`: where all units would take hours, only some of them are measured. Models are pickled
and never unpickled.
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
ONE_BY_ONE = 20  # documents written without a bulk


@dataclass(frozen=True)
class Sample:
    """Seconds of the baseline on some units."""

    fixed: float  # seconds of work that is done once
    unit: float  # seconds of one unit
    units: int  # measured
    of: int  # all units

    @property
    def whole(self) -> float:
        """Returns the seconds of all units."""
        return self.fixed + self.unit * self.of


def statistics(db: Databases, now: datetime, batch: int, most: int) -> Sample:
    """Computes statistics: a full scan groups posts by creator, then upserts in batches of `batch` posts."""
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
        recent = [_content(content, now) for content in creator["contents"] if since <= content["createdAt"] <= now]
        contents += recent
        users.append(_creator(creator, recent))
        done += 1
        if len(contents) >= batch or done == min(most, len(creators)):
            _upsert(db.analytics.plainContentStats, contents)
            _upsert(db.analytics.plainCreatorStats, users)
            contents, users = [], []
    return Sample(fixed, (time.perf_counter() - started) / max(done, 1), done, len(creators))


def user_training(db: Databases, now: datetime, most: int) -> Sample:
    """Trains users: one frame of all exposures, then for each user a filter, an XGBRegressor, a pickle, an upsert."""
    began = time.perf_counter()
    frame = _exposures(db)
    users = frame.loc[frame.label > 0, "viewer"].unique()
    fixed, started = time.perf_counter() - began, time.perf_counter()
    for user in users[:most]:
        mine = frame[frame.viewer == user]
        model = xgboost.XGBRegressor(n_jobs=1)  # threads do not help on so few rows
        model.fit(mine[FEATURES], mine.label)
        known = {"artifact": pickle.dumps(model), "features": FEATURES, "trainedAt": now}
        db.analytics.plainArtifacts.update_one({"account": user}, {"$set": known}, upsert=True)
    done = min(most, len(users))
    return Sample(fixed, (time.perf_counter() - started) / max(done, 1), done, len(users))


def guest_feed(db: Databases, now: datetime, countries: list[str], most: int) -> Sample:
    """Builds the guest feed: a query, a frame, a prediction of all contents and an insert for each country."""
    frame = _scored_contents(db)
    model = xgboost.XGBRegressor().fit(frame[FEATURES], frame.engagementScore)  # not measured
    started, done = time.perf_counter(), countries[:most]
    for country in done:
        frame = _scored_contents(db)
        best = frame.assign(score=model.predict(frame[FEATURES])).nlargest(TOP, "score")
        known = {"countryCode": country, "type": "content", "createdAt": now, "updatedAt": now}
        rows = best[["content", "author", "score"]].to_dict("records")
        db.app.plainFeed.delete_many({"countryCode": country})
        db.app.plainFeed.insert_many([{str(name): value for name, value in row.items()} | known for row in rows])
    return Sample(0.0, (time.perf_counter() - started) / len(done), len(done), len(countries))


def fraud_features(db: Databases, now: datetime, most: int) -> Sample:
    """Computes fraud features: for each credential its latest readings, four moments, an upsert."""
    began = time.perf_counter()
    credentials = db.app.feeditems.distinct("seenCredential")
    fixed, started = time.perf_counter() - began, time.perf_counter()
    for credential in credentials[:most]:
        readings = db.app.feeditems.find({"seenCredential": credential, "seenAt": {"$lte": now}})
        frame = pd.DataFrame(list(readings.sort("seenAt", -1).limit(READINGS)))
        key = {"seenCredential": credential, "lastSeenAt": frame.seenAt.max().to_pydatetime()}
        db.analytics.plainFeatures.update_one(key, {"$set": _moments(frame)}, upsert=True)
    done = min(most, len(credentials))
    return Sample(fixed, (time.perf_counter() - started) / max(done, 1), done, len(credentials))


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
    counts = {f"creator{kind}": sum(content[name] for content in recent) for kind, name in _COUNTED.items()}
    earned = sum(content["aggregator"]["engagementScore"] for content in recent)
    age_score = max((content["aggregator"]["ageScore"] for content in recent), default=0.0)
    followed = 0.01 * user.get("followerCount", 0)
    types = {content["type"]: sum(other["type"] == content["type"] for other in recent) for content in recent}
    known = {"_id": creator["_id"], "displayId": user.get("displayId"), "contentCount": len(recent), **counts}
    return {**known, "summary": types, "score": age_score * earned / max(len(recent), 1) + followed}


_COUNTED = {"Liked": "likeCount", "Commented": "commentCount", "Recasted": "recastCount", "Quoted": "quoteCount"}


def _upsert(target: Collection[Document], documents: list[Document]) -> None:
    if len(documents) <= ONE_BY_ONE:
        for document in documents:
            target.update_one({"_id": document["_id"]}, {"$set": document}, upsert=True)
    else:
        target.bulk_write(
            [UpdateOne({"_id": document["_id"]}, {"$set": document}, upsert=True) for document in documents]
        )


def _exposures(db: Databases) -> pd.DataFrame:
    """Returns all exposures with statistics of their contents and the label."""
    shown = _frame(db.app.feeditems.find({}, {"_id": 0, "viewer": 1, "content": 1}))
    acts = db.app.engagements.find({}, {"_id": 0, "viewer": "$account", "content": "$targetRef.$id", "type": 1})
    engaged = _frame(acts).groupby(["viewer", "content"]).size().rename("label").reset_index()
    frame = shown.merge(engaged, how="left", on=["viewer", "content"]).merge(_scored_contents(db), on="content")
    return frame.fillna({"label": 0})


def _scored_contents(db: Databases) -> pd.DataFrame:
    """Returns contents with their statistics and those of their creators."""
    facts = dict.fromkeys(CONTENT[:-1], 1) | {"_id": 0, "content": "$_id", "author": "$authorId"}
    aggregated = {name: f"$aggregator.{name}" for name in ("ageScore", "engagementScore")}
    contents = pd.DataFrame(list(db.analytics.contentStats.find({}, facts | aggregated)))
    known = dict.fromkeys(CREATOR, 1) | {"_id": 0, "author": "$_id"}
    return contents.merge(pd.DataFrame(list(db.analytics.creatorStats.find({}, known))), on="author")


def _frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(list(rows))


def _moments(frame: pd.DataFrame) -> dict[str, float]:
    """Returns the four features of the design."""
    reading = (frame.offScreenAt - frame.seenAt).dt.total_seconds()
    between = frame.seenAt.sort_values().diff().dt.total_seconds().dropna()
    return {
        "count": len(frame),
        "postReadingTimeAbsSkew": float(abs(stats.skew(reading))),
        "postReadingTimeAbsKurt": float(abs(stats.kurtosis(reading))),
        "postReadingTimeNormStd": float(reading.std() / reading.mean()),
        "postReadingTimeDifferenceNormStd": float(between.std() / between.mean()),
    }
