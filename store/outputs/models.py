"""Stored models: XGBoost's UBJSON or numpy's npy (no pickle), with a checksum and the names of their columns."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pymongo import UpdateOne

from store.client import Databases
from store.ids import Document, ObjectId
from store.schema import collection, ensure_indexes

_VERSIONED = ("artifact", "format", "checksum", "features", "fingerprint", "trainedAt", "version", "parent", "report")
TRAIN_AGAIN = "train again: feedpulse run daily"


class ArtifactError(ValueError):
    """An artifact whose bytes or columns differ from those stored."""


@dataclass(frozen=True)
class Artifact:
    """One model of one account; without bytes it is an identity, and its parent answers."""

    account: ObjectId | str
    model: str
    artifact: bytes
    format: str  # ubj · npy · identity
    features: Sequence[str]
    fingerprint: str  # of the columns' values on a fixed log
    parent: str | None
    report: Mapping[str, Any] = field(default_factory=dict)
    version: int = 0
    trained_at: datetime | None = None


def save(db: Databases, name: str, artifacts: Iterable[Artifact], now: datetime) -> int:
    """Stores the artifacts as trained at `now`; returns their number.

    A later training keeps the version before it as `previous`; the same training replaces itself.
    """
    ensure_indexes(db, name)
    batch: list[UpdateOne] = []
    saved = 0
    for artifact in artifacts:
        key = {"account": artifact.account, "model": artifact.model}
        batch.append(UpdateOne(key, _stored(artifact, now), upsert=True))
        if len(batch) == 2_000:
            saved += _write(db, name, batch)
            batch = []
    return saved + _write(db, name, batch)


def load(
    db: Databases, name: str, model: str, features: Sequence[str], fingerprint: str, condition: Mapping[str, Any]
) -> Iterator[Artifact]:
    """Yields the artifacts of `model` that meet the condition, checked against checksum and expected columns.

    Raises:
        ArtifactError: at the first artifact that fails; `check` does it one at a time.
    """
    for document in read(db, name, model, condition):
        yield check(document, features, fingerprint)


def read(db: Databases, name: str, model: str, condition: Mapping[str, Any]) -> Iterator[Document]:
    """Yields the stored documents, unchecked, without their previous version."""
    yield from collection(db, name).find({**condition, "model": model}, {"previous": 0})


def trained_times(
    db: Databases, name: str, model: str, condition: Mapping[str, Any]
) -> Iterator[tuple[ObjectId, datetime]]:
    """Yields account and training time of the artifacts that meet the condition."""
    for document in collection(db, name).find({**condition, "model": model}, {"account": 1, "trainedAt": 1}):
        yield document["account"], document["trainedAt"]


def summaries(db: Databases, name: str) -> Iterator[Document]:
    """Yields the artifacts with their `size` instead of their bytes."""
    size = {"$set": {"size": {"$binarySize": {"$ifNull": ["$artifact", b""]}}}}
    without = {"$unset": ["artifact", "previous", "features"]}
    yield from collection(db, name).aggregate([size, without, {"$sort": {"account": 1}}])


def count_artifacts(db: Databases, name: str) -> tuple[int, int, float]:
    """Returns the numbers of artifacts with bytes and of identities, and the mean size of the former."""
    mean = {"$group": {"_id": "$format", "count": {"$sum": 1}, "size": {"$avg": {"$binarySize": "$artifact"}}}}
    formats = {group["_id"]: group for group in collection(db, name).aggregate([mean])}
    identities = formats.pop("identity", {}).get("count", 0)
    trained = sum(group["count"] for group in formats.values())
    return trained, identities, max((group["size"] for group in formats.values()), default=0.0)


def check(document: Document, features: Sequence[str], fingerprint: str) -> Artifact:
    """Returns the artifact of a stored document.

    Raises:
        ArtifactError: when the bytes have another checksum, or the columns have other names or another fingerprint.
    """
    where = f"{document.get('model')} of {document.get('account')}"
    stored = document.get("artifact")
    payload = stored if isinstance(stored, bytes) else b""
    if hashlib.sha256(payload).hexdigest() != document.get("checksum"):
        raise ArtifactError(f"{where}: the checksum does not fit the artifact")
    if list(document.get("features") or []) != list(features):
        raise ArtifactError(f"{where}: trained on other columns than these {len(features)}; {TRAIN_AGAIN}")
    if why := outdated(document, fingerprint):
        raise ArtifactError(f"{where}: {why}")
    return Artifact(
        account=document["account"],
        model=document["model"],
        artifact=payload,
        format=document["format"],
        features=features,
        fingerprint=fingerprint,
        parent=document.get("parent"),
        report=document.get("report") or {},
        version=document["version"],
        trained_at=document["trainedAt"],
    )


def outdated(document: Mapping[str, Any], fingerprint: str) -> str:
    """Returns why a stored model cannot be used with columns of this fingerprint, with the remedy; "" if it can.

    An identity, which has no bytes, never is.
    """
    stored = document.get("fingerprint")
    if stored == fingerprint or document.get("format") == "identity":
        return ""
    return f"trained on columns of fingerprint {stored or 'unknown'}, they have {fingerprint} now; {TRAIN_AGAIN}"


def roll_back(db: Databases, name: str, condition: Mapping[str, Any]) -> int:
    """Swaps the current and the previous version where there is one; returns the number of artifacts."""
    current = {part: f"${part}" for part in _VERSIONED}
    before = {"fingerprint": {"$ifNull": ["$previous.fingerprint", None]}, "previous": current}
    swapped = [{"$replaceWith": {"$mergeObjects": ["$$ROOT", "$previous", before]}}]
    return collection(db, name).update_many({**condition, "previous": {"$type": "object"}}, swapped).modified_count


def _stored(artifact: Artifact, now: datetime) -> list[Mapping[str, Any]]:
    again = {"$eq": ["$trainedAt", now]}
    first = {"$eq": [{"$type": "$version"}, "missing"]}
    current = {part: f"${part}" for part in _VERSIONED}
    new = {
        "artifact": {"$literal": artifact.artifact},
        "format": artifact.format,
        "checksum": hashlib.sha256(artifact.artifact).hexdigest(),
        "features": {"$literal": list(artifact.features)},
        "fingerprint": artifact.fingerprint,
        "parent": {"$literal": artifact.parent},
        "report": {"$literal": dict(artifact.report)},
        "trainedAt": now,
    }
    newest = {"$max": ["$version", "$previous.version"]}  # after a rollback the previous one is the newer
    version = _one_of((first, 1), (again, "$version"), {"$add": [newest, 1]})
    before = _one_of((first, "$$REMOVE"), (again, "$previous"), current)
    return [{"$set": {"previous": before, "version": version}}, {"$set": new}]


def _one_of(first: tuple[Any, Any], second: tuple[Any, Any], otherwise: Any) -> Mapping[str, Any]:
    branches = [{"case": case, "then": then} for case, then in (first, second)]
    return {"$switch": {"branches": branches, "default": otherwise}}


def _write(db: Databases, name: str, batch: list[UpdateOne]) -> int:
    if batch:
        collection(db, name).bulk_write(batch, ordered=False)
    return len(batch)
