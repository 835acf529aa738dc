"""Keeps contentinfo and topics up to date with the texts of posts."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from features.text.analyzer import OfflineAnalyzer, TextAnalysis, TextAnalyzer
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
    """Analyzer and limits."""

    analyzer: TextAnalyzer = field(default_factory=OfflineAnalyzer)
    batch: int = 256  # posts in memory at a time
    window_days: float = 30.0  # of the posts that a run without a list of posts checks
    most: int = 20_000  # posts that such a run checks, the newest first


def classify_contents(db: Databases, now: datetime, change: Change | None, config: Config = Config()) -> Counts:
    """Writes contentinfo of the changed posts; without `change`, of the window's posts that lack it or have changed.

    Unchanged text is not analysed again. The info of deleted posts is removed. Posts later than `now` are skipped.
    """
    ensure_indexes(db, "contents", "contentinfo", "topics")
    since = now - timedelta(days=config.window_days)
    changed = change or Change(written=tuple(content_info.newest_posts(db, since, now, config.most)))

    counts: Counter[str] = Counter(removed=content_info.delete_info(db, changed.deleted))
    for ids in _batches(changed.written, config.batch):
        counts.update(_classify_batch(db, now, ids, config.analyzer))

    rejected = {reason: counts.pop(reason) for reason in ("payload.message", "createdAt") if counts[reason]}
    names = ("classified", "unchanged", "removed", "later", "topics")
    return {name: counts[name] for name in names} | {"rejected": rejected}


def _classify_batch(db: Databases, now: datetime, ids: Sequence[ObjectId], analyzer: TextAnalyzer) -> Counter[str]:
    posts = content_info.posts(db, ids)
    hashes = content_info.text_hashes(db, ids)

    gone = [id for id in ids if id not in posts or is_removed_post(posts[id])]
    counts: Counter[str] = Counter(removed=content_info.delete_info(db, gone))
    texts: dict[ObjectId, str] = {}
    for post in (posts[id] for id in ids if id in posts and id not in gone):
        counts.update(_add_text(post, now, hashes, analyzer.version, texts))

    written = _write(db, now, texts, analyzer)
    counts["removed"] += content_info.delete_erased(db, texts)
    return counts + written


def _add_text(
    post: Document, now: datetime, hashes: Mapping[ObjectId, str], version: str, texts: dict[ObjectId, str]
) -> list[str]:
    """Adds the post's text to `texts` if it is to be analysed; returns the names to count."""
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
    texts[post["_id"]] = text
    return reasons


def _write(db: Databases, now: datetime, texts: Mapping[ObjectId, str], analyzer: TextAnalyzer) -> Counter[str]:
    analyses = analyzer.analyze(list(texts.values()))
    ids = content_info.upsert_topics(db, (analysis.topics for analysis in analyses), now)
    infos = [
        _info(content, text, analysis, ids, analyzer) | {"updatedAt": now}
        for (content, text), analysis in zip(texts.items(), analyses, strict=True)
    ]
    content_info.write_info(db, infos)
    return Counter(classified=len(infos), topics=sum(bool(analysis.topics) for analysis in analyses))


def _info(
    content: ObjectId, text: str, analysis: TextAnalysis, ids: Mapping[str, ObjectId], analyzer: TextAnalyzer
) -> Document:
    return {
        "contentId": content,
        "language": analysis.language.code,
        "topics": [ids[slug] for slug in analysis.topics],
        "emotions": {label: round(probability, 4) for label, probability in analysis.emotions.items()},
        "emotion": dominant(analysis.emotions),
        "provider": analyzer.name,
        "textHash": text_hash(clean(text), analyzer.version),
    }


def _batches(ids: Sequence[ObjectId], size: int) -> Iterator[Sequence[ObjectId]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
