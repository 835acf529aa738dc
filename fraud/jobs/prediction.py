"""Scores credentials with the served detector, explains the scores and opens cases."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from features.arrays import Flags, Floats
from features.milliseconds import from_ms
from fraud.audit_sample import AUDIT_REASON, ReviewSample, review_sample
from fraud.jobs.stored_features import StoredFeatures, load_features
from fraud.models.artifacts import unpack
from fraud.models.dataset import columns_of, has_enough
from fraud.models.validation import CalibratedDetector
from fraud.reasons import reasons
from store.client import Databases
from store.columns import object_ids
from store.ids import Document, ObjectId
from store.outputs import credential_features, detectors, fraud_cases
from store.schema import ensure_indexes


@dataclass(frozen=True)
class Prediction:
    """How scores are explained and cases are opened."""

    cooldown_days: float = 30.0  # after a verdict, no new case is opened for this time
    audit_share: float = 0.01  # share of the scored credentials in the audit sample
    audit_days: float = 30.0  # after this time the audit sample changes
    reasons_from_score: float = 0.9  # score from which reasons are computed


def predict_fraud(db: Databases, now: datetime, config: Prediction = Prediction()) -> dict[str, Any]:
    """Scores each credential's newest features and opens cases for suspects and for the audit sample."""
    ensure_indexes(db, "credentialfeatures", "frauddetectionmlartifacts", "suspiciouscredentials")
    served, stored = detectors.served_detector(db, now), load_features(db, now)
    enough = has_enough(stored.behaviour.count)
    if served is None:
        return {
            "judged": 0,
            "tooFew": int((~enough).sum()),
            "rejected": {"no detector yet": int(enough.sum())},
        }

    features = stored.at(enough)
    scores = _score(unpack(served), columns_of(stored.behaviour)[enough], features, config)
    sample = review_sample(
        scores.score, features.credential, served["threshold"], config.audit_share, _period(now, config)
    )

    changes = _changed_scores(features, scores, sample.suspected, served["version"], now)
    return {
        "judged": len(scores.score),
        "tooFew": int((~enough).sum()),
        "scored": credential_features.write_scores(db, changes),
        "suspected": int(sample.suspected.sum()),
        **_open_cases(db, features, scores, sample, config, now),
        "rejected": {},
    }


@dataclass(frozen=True)
class _Scores:
    score: Floats  # (credentials,) 0-1
    reasons: list[list[str]]


def _score(detector: CalibratedDetector, X: Floats, features: StoredFeatures, config: Prediction) -> _Scores:
    score = detector.suspicion(X, features.behaviour.count)
    sentences: list[list[str]] = [[] for _ in score]
    rows = np.flatnonzero(score >= config.reasons_from_score)
    for row, explanation in zip(rows.tolist(), reasons(X[rows], detector.reference), strict=True):
        sentences[row] = explanation
    return _Scores(score, sentences)


def _period(now: datetime, config: Prediction) -> int:
    return int(now.timestamp() // (config.audit_days * 86_400))


def _changed_scores(
    features: StoredFeatures, scores: _Scores, suspected: Flags, version: int, now: datetime
) -> Iterator[tuple[ObjectId, Document]]:
    """Yields id and new fields of each document whose score or detector version changed."""
    keys = object_ids(features.key)
    changed = (features.score != scores.score) | (features.version != version)
    for row in np.flatnonzero(changed).tolist():
        yield (
            keys[row] or ObjectId(),
            {
                "fraudScore": float(scores.score[row]),
                "reasons": scores.reasons[row],
                "likelyBot": bool(suspected[row]),
                "scoredVersion": version,
                "scoredAt": now,
            },
        )


def _open_cases(
    db: Databases, features: StoredFeatures, scores: _Scores, sample: ReviewSample, config: Prediction, now: datetime
) -> dict[str, int]:
    """Opens a case for each credential of the sample, unless it has an open case or a recent verdict."""
    rows = np.flatnonzero(sample.suspected | sample.drawn).tolist()
    ids = object_ids(features.credential)
    cases = fraud_cases.cases_of(db, [credential for row in rows if (credential := ids[row])])
    verdicts = fraud_cases.latest_verdicts(db, now)
    counts = {"opened": 0, "audits": 0, "alreadyOpen": 0, "coolingDown": 0}
    for row in rows:
        credential = ids[row]
        assert credential is not None
        outcome = _outcome(cases.get(credential), verdicts.get(credential), now - timedelta(days=config.cooldown_days))
        if outcome == "opened":
            case = _case(features, scores, sample, row, now) | {"seenCredential": credential}
            outcome = "opened" if _open(db, cases.get(credential), case) else "alreadyOpen"
            counts["audits"] += int(outcome == "opened" and case["audit"])
        counts[outcome] += 1
    return counts


def _outcome(case: Document | None, verdict: fraud_cases.Verdict | None, since: datetime) -> str:
    if case and not fraud_cases.is_closed(case):
        return "alreadyOpen"
    return "coolingDown" if verdict and verdict[1] > since else "opened"


def _case(features: StoredFeatures, scores: _Scores, sample: ReviewSample, row: int, now: datetime) -> Document:
    suspected = bool(sample.suspected[row])
    return {
        "firstSeenAt": from_ms(features.behaviour.first_seen_ms[row]),
        "lastSeenAt": from_ms(features.behaviour.last_seen_ms[row]),
        "score": float(scores.score[row]),
        "reasons": scores.reasons[row] if suspected else [AUDIT_REASON],
        "source": "score" if suspected else "audit",
        "audit": bool(sample.drawn[row]),
        "createdAt": now,
    }


def _open(db: Databases, closed: Document | None, case: Document) -> bool:
    return fraud_cases.reopen_case(db, closed, case) if closed else fraud_cases.open_case(db, case)
