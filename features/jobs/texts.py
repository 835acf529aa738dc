"""contentinfo and topics: what the texts of posts say, kept in step with the posts."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from features.text.analyzer import OfflineReader, Reader, Reading
from features.text.cleaning import clean, text_hash
from features.text.emotions import dominant
from store.change_streams import Change
from store.client import Databases
from store.ids import Document, ObjectId
from store.outputs import content_info
from store.rules.visibility import is_removed_post
from store.schema import ensure_indexes

Counts = dict[str, Any]


@dataclass(frozen=True)
class Config:
    """How posts are read."""

    reader: Reader = field(default_factory=OfflineReader)
    batch: int = 256  # posts in memory at a time
    window_days: float = 30.0  # without a list of posts, those of this window are caught up with
    most: int = 20_000  # and at most so many, the newest first


def classify_contents(db: Databases, now: datetime, change: Change | None, config: Config = Config()) -> Counts:
    """contentinfo of the changed posts; of every post of the window that lacks it or has changed, when None.

    Unchanged text is not read again; the info of deleted posts goes; posts later than `now` are left alone.
    """
    ensure_indexes(db, "contents", "contentinfo", "topics")
    since = now - timedelta(days=config.window_days)
    changed = change or Change(written=tuple(content_info.newest_posts(db, since, now, config.most)))

    counts: Counter[str] = Counter(removed=content_info.delete_info(db, changed.deleted))
    for ids in _batches(changed.written, config.batch):
        counts.update(_classify_batch(db, now, ids, config.reader))

    rejected = {reason: counts.pop(reason) for reason in ("payload.message", "createdAt") if counts[reason]}
    names = ("classified", "unchanged", "removed", "later", "topics")
    return {name: counts[name] for name in names} | {"rejected": rejected}


def _classify_batch(db: Databases, now: datetime, ids: Sequence[ObjectId], reader: Reader) -> Counter[str]:
    found = content_info.posts(db, ids)
    hashes = content_info.text_hashes(db, ids)

    gone = [each for each in ids if each not in found or is_removed_post(found[each])]
    counts: Counter[str] = Counter(removed=content_info.delete_info(db, gone))
    fresh: dict[ObjectId, str] = {}
    for each in (found[each] for each in ids if each in found and each not in gone):
        outcome = _sort(each, now, hashes, reader.version, fresh)
        counts.update(outcome)

    written = _write(db, now, fresh, reader)
    counts["removed"] += content_info.delete_erased(db, fresh)
    return counts + written


def _sort(
    post: Document, now: datetime, hashes: Mapping[ObjectId, str], version: str, fresh: dict[ObjectId, str]
) -> list[str]:
    """Adds the post's text to `fresh` when it is to be read; gives the names to count."""
    created = post.get("createdAt")
    reasons = [] if isinstance(created, datetime) else ["createdAt"]
    if isinstance(created, datetime) and created > now:
        return ["later"]
    message = (post.get("payload") or {}).get("message") if isinstance(post.get("payload"), dict) else None
    if message is not None and not isinstance(message, str):
        reasons.append("payload.message")
    text = message if isinstance(message, str) else ""
    if hashes.get(post["_id"]) == text_hash(clean(text), version):
        return ["unchanged", *reasons]
    fresh[post["_id"]] = text
    return reasons


def _write(db: Databases, now: datetime, fresh: Mapping[ObjectId, str], reader: Reader) -> Counter[str]:
    readings = reader.read(list(fresh.values()))
    ids = content_info.upsert_topics(db, (reading.topics for reading in readings), now)
    infos = [
        _info(each, text, reading, ids, reader) | {"updatedAt": now}
        for (each, text), reading in zip(fresh.items(), readings, strict=True)
    ]
    content_info.write_info(db, infos)
    return Counter(classified=len(infos), topics=sum(bool(reading.topics) for reading in readings))


def _info(content: ObjectId, text: str, reading: Reading, ids: Mapping[str, ObjectId], reader: Reader) -> Document:
    return {
        "contentId": content,
        "language": reading.language.code,
        "topics": [ids[slug] for slug in reading.topics],
        "emotions": {label: round(probability, 4) for label, probability in reading.emotions.items()},
        "emotion": dominant(reading.emotions),
        "provider": reader.name,
        "textHash": text_hash(clean(text), reader.version),
    }


def _batches(ids: Sequence[ObjectId], size: int) -> Iterator[Sequence[ObjectId]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
