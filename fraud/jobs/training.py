"""From features and verdicts to the detector that serves."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from fraud.features.behaviour import stacked
from fraud.jobs.stored_features import newest
from fraud.models.artifacts import pack
from fraud.models.dataset import BOT, HUMAN, UNVERIFIED, Sample, columns_of, has_enough
from fraud.models.selection import Selection, select_detector
from store.client import Databases
from store.columns import object_ids
from store.ids import Document
from store.outputs import detectors, fraud_cases
from store.outputs.credential_features import accounts_of
from store.schema import ensure_indexes

MODEL_CLASSES = ["human", "bot"]


@dataclass(frozen=True)
class Training:
    """How detectors are trained."""

    false_positive_rate: float = 0.01  # of people, that the operator accepts
    validation_share: float = 0.3  # of the verified bots, the latest, that candidates are compared on
    fewest_people: int = 50  # credentials under which nothing is learnt
    most_people: int = 20_000  # unverified credentials that are learnt from, drawn evenly


def train_detectors(db: Databases, now: datetime, config: Training = Training()) -> dict[str, Any]:
    """frauddetectionmlartifacts: every candidate with its report; the gate's choice serves."""
    ensure_indexes(db, "credentialfeatures", "frauddetectionmlartifacts")
    sample = _sample(db, now, config)
    counts = {"bots": int(sample.bot.sum()), "people": int((~sample.bot).sum()), "trained": 0}
    if counts["people"] < config.fewest_people:
        return counts | {"rejected": {f"fewer than {config.fewest_people} people": counts["people"]}}

    selection = select_detector(sample, config.false_positive_rate, config.validation_share)

    documents = _documents(selection, sample, detectors.next_version(db, now), config)
    detectors.append_detectors(db, documents, now)
    return counts | {"trained": len(documents), "served": selection.served, "rejected": {}}


def _sample(db: Databases, now: datetime, config: Training) -> Sample:
    """One row per credential: as it was when a moderator judged it, else as it is now."""
    evidence, present = newest(db, now, verified=True), newest(db, now)
    fresh = ~np.isin(present.credential, evidence.credential)
    both = stacked([evidence.behaviour, present.behaviour])
    chosen = np.concatenate([np.ones(len(evidence.credential), np.bool_), fresh])
    credential = np.concatenate([evidence.credential, present.credential])[chosen]
    behaviour = both.at(chosen)
    verdicts = fraud_cases.latest_verdicts(db, now)
    ids = object_ids(credential)
    label = np.array([_label(verdicts.get(each)) for each in ids if each], np.int64)
    known = accounts_of(db, [each for each in ids if each])
    _, group = np.unique([str(known.get(each, each)) for each in ids if each], return_inverse=True)
    sample = Sample(columns_of(behaviour), behaviour.count, label, group.astype(np.int64), behaviour.last_seen_ms)
    return _thinned(sample.at(has_enough(behaviour.count)), config.most_people)


def _label(verdict: fraud_cases.Verdict | None) -> int:
    if verdict is None:
        return UNVERIFIED
    return BOT if verdict[0] else HUMAN


def _thinned(sample: Sample, most: int) -> Sample:
    """All verified rows, and unverified ones evenly."""
    unverified = np.flatnonzero(sample.label == UNVERIFIED)
    kept = unverified[np.linspace(0, len(unverified) - 1, min(most, len(unverified))).astype(np.int64)]
    return sample.at(np.sort(np.concatenate([np.flatnonzero(sample.label != UNVERIFIED), kept])))


def _documents(selection: Selection, sample: Sample, version: int, config: Training) -> list[Document]:
    labels = {name: int((sample.label == code).sum()) for name, code in _LABELS.items()}
    shared = {
        "version": version,
        "reason": selection.reason,
        "threshold": 1 - config.false_positive_rate,
        "dataset": labels | {"from": int(sample.time_ms.min()), "to": int(sample.time_ms.max())},
        "model_classes": MODEL_CLASSES,
    }
    return [
        {"model": model, "served": model == selection.served, "evaluationReport": report}
        | shared
        | pack(selection.detectors[model])
        for model, report in selection.reports.items()
    ]


_LABELS = {"bots": BOT, "humans": HUMAN, "unverified": UNVERIFIED}
