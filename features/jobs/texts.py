"""Keeps contentinfo and topics up to date with the texts of posts."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from features.text.analyzer import OfflineAnalyzer, TextAnalysis, TextAnalyzer
from features.text.cleaning import text_hash
from features.text.emotions import dominant
from features.text.language import UNKNOWN, Language
from store.change_streams import Change
from store.client import Databases
from store.ids import Document, ObjectId
from store.outputs import content_info, guest_feed
from store.rules.visibility import is_removed_post
from store.schema import ensure_indexes

Counts = dict[str, Any]
MOST_ATTEMPTS = 3  # analyses of a post that fail or are interrupted before it is skipped
MOST_FAILURES = 10  # posts that may fail in a row; more are a fault of the analyzer
_REJECTED = ("payload.message", "createdAt", "analysis")


@dataclass(frozen=True)
class Config:
    """Analyzer and limits."""

    analyzer: TextAnalyzer = field(default_factory=OfflineAnalyzer)
    batch: int = 256  # posts in memory at a time
    window_days: float = 30.0  # of the posts that a run without a list of posts checks
    most: int = 20_000  # posts that such a run checks, the newest first


def classify_contents(db: Databases, now: datetime, change: Change | None, config: Config = Config()) -> Counts:
    """Writes contentinfo of the changed posts; without `change`, of the window's posts that lack it or have changed.

    Posts that are not public leave the guest feed first, with all that reshare them. Unchanged text is not analysed
    again. The info of deleted posts is removed. Posts later than `now` are skipped. A post whose analysis failed or was
    interrupted comes last and alone. After MOST_ATTEMPTS it is skipped.
    """
    ensure_indexes(db, "contents", "contentinfo", "topics")
    since = now - timedelta(days=config.window_days)
    changed = change or Change(written=tuple(content_info.newest_posts(db, since, now, config.most)))

    withdrawn = guest_feed.withdraw(db, (*changed.deleted, *changed.written))
    counts: Counter[str] = Counter(removed=content_info.delete_info(db, changed.deleted), withdrawn=withdrawn)
    attempts = content_info.attempts(db, changed.written)
    for ids in _batches([post for post in changed.written if post not in attempts], config.batch):
        counts.update(_classify_batch(db, now, ids, config.analyzer, attempts=0))
    for post in sorted(attempts, key=lambda post: (attempts[post], post)):
        counts.update(_classify_batch(db, now, [post], config.analyzer, attempts[post]))

    rejected = {reason: counts.pop(reason) for reason in _REJECTED if counts[reason]}
    names = ("classified", "unchanged", "removed", "withdrawn", "later", "topics")
    return {name: counts[name] for name in names} | {"rejected": rejected}


def _classify_batch(
    db: Databases, now: datetime, ids: Sequence[ObjectId], analyzer: TextAnalyzer, attempts: int
) -> Counter[str]:
    posts = content_info.posts(db, ids)
    hashes = content_info.text_hashes(db, ids)

    gone = [id for id in ids if id not in posts or is_removed_post(posts[id])]
    counts: Counter[str] = Counter(removed=content_info.delete_info(db, gone))
    texts: dict[ObjectId, str] = {}
    for post in (posts[id] for id in ids if id in posts and id not in gone):
        counts.update(_add_text(post, now, hashes, analyzer.version, texts))

    written = _analyze(db, now, texts, analyzer, attempts)
    counts["removed"] += content_info.delete_erased(db, texts)
    return counts + written


def _analyze(
    db: Databases, now: datetime, texts: Mapping[ObjectId, str], analyzer: TextAnalyzer, attempts: int
) -> Counter[str]:
    """Writes contentinfo of these posts; where one of them raises, the others are analysed one by one."""
    try:
        analyses = analyzer.analyze(list(texts.values()))
    except Exception:
        if len(texts) > 1:
            return _analyze_singly(db, now, texts, analyzer)
        _fail(db, now, texts, analyzer, attempts + 1, "error")
        return Counter(analysis=1)
    except BaseException:  # the deadline: the next run begins with other posts
        _fail(db, now, texts, analyzer, attempts + 1 if len(texts) == 1 else 1, "timeout")
        raise
    return _write(db, now, texts, analyses, analyzer)


def _analyze_singly(
    db: Databases, now: datetime, texts: Mapping[ObjectId, str], analyzer: TextAnalyzer
) -> Counter[str]:
    """Analyses each post alone.

    Raises:
        RuntimeError: when every post fails, so the fault is not in the posts.
    """
    counts: Counter[str] = Counter()
    for post, text in texts.items():
        counts += _analyze(db, now, {post: text}, analyzer, 0)
        if counts["analysis"] >= MOST_FAILURES and not counts["classified"]:
            raise RuntimeError(f"texts: the {analyzer.name} analyzer failed for {MOST_FAILURES} posts in a row")
    return counts


def _fail(
    db: Databases, now: datetime, texts: Mapping[ObjectId, str], analyzer: TextAnalyzer, attempts: int, reason: str
) -> None:
    """Counts an attempt for each post; from MOST_ATTEMPTS on, the post is skipped until its text changes."""
    no_analysis = TextAnalysis(Language(UNKNOWN, 1.0))
    if attempts < MOST_ATTEMPTS:
        unknown = _info(None, "", no_analysis, {}, analyzer) | {"textHash": "", "updatedAt": now}
        del unknown["contentId"]  # the filter of the upsert sets it
        content_info.write_attempts(db, dict.fromkeys(texts, attempts), unknown)
    else:
        infos = [_info(post, text, no_analysis, {}, analyzer) for post, text in texts.items()]
        content_info.write_info(db, [info | {"rejected": reason, "updatedAt": now} for info in infos])
    content_info.delete_erased(db, texts)


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
    if hashes.get(post["_id"]) == text_hash(text, version):
        return ["unchanged", *reasons]
    texts[post["_id"]] = text
    return reasons


def _write(
    db: Databases,
    now: datetime,
    texts: Mapping[ObjectId, str],
    analyses: Sequence[TextAnalysis],
    analyzer: TextAnalyzer,
) -> Counter[str]:
    ids = content_info.upsert_topics(db, (analysis.topics for analysis in analyses), now)
    infos = [
        _info(content, text, analysis, ids, analyzer) | {"updatedAt": now}
        for (content, text), analysis in zip(texts.items(), analyses, strict=True)
    ]
    content_info.write_info(db, infos)
    return Counter(classified=len(infos), topics=sum(bool(analysis.topics) for analysis in analyses))


def _info(
    content: ObjectId | None, text: str, analysis: TextAnalysis, ids: Mapping[str, ObjectId], analyzer: TextAnalyzer
) -> Document:
    return {
        "contentId": content,
        "language": analysis.language.code,
        "topics": [ids[slug] for slug in analysis.topics],
        "emotions": {label: round(probability, 4) for label, probability in analysis.emotions.items()},
        "emotion": dominant(analysis.emotions),
        "provider": analyzer.name,
        "textHash": text_hash(text, analyzer.version),
    }


def _batches(ids: Sequence[ObjectId], size: int) -> Iterator[Sequence[ObjectId]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
