"""From the served detector to scores, reasons and cases."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from features.milliseconds import from_ms
from fraud.arrays import Flags, Floats
from fraud.audit_sample import BY_LOT, Asked, asked
from fraud.jobs.stored_features import Stored, newest
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
    """How cases are opened."""

    cooldown_days: float = 30.0  # after a verdict in which no new case is opened
    audit_share: float = 0.01  # of the judged credentials, drawn by lot whatever their score
    audit_days: float = 30.0  # after which others are drawn
    told_from: float = 0.9  # score from which reasons are told


def predict_fraud(db: Databases, now: datetime, config: Prediction = Prediction()) -> dict[str, Any]:
    """fraudScore and reasons of each credential's newest features; cases for suspects and for the audit sample."""
    ensure_indexes(db, "credentialfeatures", "frauddetectionmlartifacts", "suspiciouscredentials")
    served, stored = detectors.served_detector(db, now), newest(db, now)
    enough = has_enough(stored.behaviour.count)
    if served is None:
        return {
            "judged": 0,
            "tooFew": int((~enough).sum()),
            "rejected": {"no detector yet": int(enough.sum())},
        }

    judged = stored.at(enough)
    scores = _judge(unpack(served), columns_of(stored.behaviour)[enough], judged, config)
    who = asked(scores.score, judged.credential, served["threshold"], config.audit_share, _period(now, config))

    scored = credential_features.write_scores(db, _scores(judged, scores, who.suspected, served["version"], now))
    return {
        "judged": len(scores.score),
        "tooFew": int((~enough).sum()),
        "scored": scored,
        "suspected": int(who.suspected.sum()),
        **_ask(db, judged, scores, who, config, now),
        "rejected": {},
    }


@dataclass(frozen=True)
class _Scores:
    score: Floats  # (credentials,) 0-1
    reasons: list[list[str]]


def _judge(judge: CalibratedDetector, X: Floats, judged: Stored, config: Prediction) -> _Scores:
    score = judge.suspicion(X, judged.behaviour.count)
    told: list[list[str]] = [[] for _ in score]
    rows = np.flatnonzero(score >= config.told_from)
    for row, why in zip(rows.tolist(), reasons(X[rows], judge.reference), strict=True):
        told[row] = why
    return _Scores(score, told)


def _period(now: datetime, config: Prediction) -> int:
    return int(now.timestamp() // (config.audit_days * 86_400))


def _scores(
    judged: Stored, scores: _Scores, suspected: Flags, version: int, now: datetime
) -> Iterator[tuple[ObjectId, Document]]:
    """What changes on the features; those that have this score of this detector already are left alone."""
    keys = object_ids(judged.key)
    changed = (judged.score != scores.score) | (judged.version != version)
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


def _ask(
    db: Databases, judged: Stored, scores: _Scores, who: Asked, config: Prediction, now: datetime
) -> dict[str, int]:
    """Opens a case for each suspect and each one drawn, unless one is open or a verdict is fresh."""
    rows = np.flatnonzero(who.suspected | who.drawn).tolist()
    ids = object_ids(judged.credential)
    cases = fraud_cases.cases_of(db, [each for row in rows if (each := ids[row])])
    verdicts = fraud_cases.latest_verdicts(db, now)
    counts = {"opened": 0, "audits": 0, "alreadyOpen": 0, "coolingDown": 0}
    for row in rows:
        credential = ids[row]
        assert credential is not None
        outcome = _outcome(cases.get(credential), verdicts.get(credential), now - timedelta(days=config.cooldown_days))
        if outcome == "opened":
            case = _case(judged, scores, who, row, now) | {"seenCredential": credential}
            outcome = "opened" if _open(db, cases.get(credential), case) else "alreadyOpen"
            counts["audits"] += int(outcome == "opened" and case["audit"])
        counts[outcome] += 1
    return counts


def _outcome(case: Document | None, verdict: fraud_cases.Verdict | None, since: datetime) -> str:
    if case and not fraud_cases.is_closed(case):
        return "alreadyOpen"
    return "coolingDown" if verdict and verdict[1] > since else "opened"


def _case(judged: Stored, scores: _Scores, who: Asked, row: int, now: datetime) -> Document:
    suspected = bool(who.suspected[row])
    return {
        "firstSeenAt": from_ms(judged.behaviour.first_seen_ms[row]),
        "lastSeenAt": from_ms(judged.behaviour.last_seen_ms[row]),
        "score": float(scores.score[row]),
        "reasons": scores.reasons[row] if suspected else [BY_LOT],
        "source": "score" if suspected else "audit",
        "audit": bool(who.drawn[row]),
        "createdAt": now,
    }


def _open(db: Databases, closed: Document | None, case: Document) -> bool:
    return fraud_cases.reopen_case(db, closed, case) if closed else fraud_cases.open_case(db, case)
