"""Trains detectors on features and verdicts, and selects the one that is served."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from fraud.features.behaviour import stacked
from fraud.jobs.stored_features import load_features
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

    false_positive_rate: float = 0.01  # share of people over the threshold that the operator accepts
    validation_share: float = 0.3  # share of verified bots, the latest, that the candidates are compared on
    fewest_people: int = 50  # credentials; below it nothing is trained
    most_people: int = 20_000  # unverified credentials in the training sample, evenly thinned


def train_detectors(db: Databases, now: datetime, config: Training = Training()) -> dict[str, Any]:
    """Trains every candidate and stores all with their reports; model selection marks the one that is served."""
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
    """Returns a row for each credential: its features at the verdict if it has one, else its newest features."""
    verified, newest = load_features(db, now, verified=True), load_features(db, now)
    unverified = ~np.isin(newest.credential, verified.credential)
    chosen = np.concatenate([np.ones(len(verified.credential), np.bool_), unverified])
    credential = np.concatenate([verified.credential, newest.credential])[chosen]
    behaviour = stacked([verified.behaviour, newest.behaviour]).at(chosen)
    verdicts = fraud_cases.latest_verdicts(db, now)
    ids = [key for key in object_ids(credential) if key]
    label = np.array([_label(verdicts.get(key)) for key in ids], np.int64)
    accounts = accounts_of(db, ids)
    _, group = np.unique([str(accounts.get(key, key)) for key in ids], return_inverse=True)
    sample = Sample(columns_of(behaviour), behaviour.count, label, group.astype(np.int64), behaviour.last_seen_ms)
    return _thinned(sample.at(has_enough(behaviour.count)), config.most_people)


def _label(verdict: fraud_cases.Verdict | None) -> int:
    if verdict is None:
        return UNVERIFIED
    return BOT if verdict[0] else HUMAN


def _thinned(sample: Sample, most: int) -> Sample:
    """Returns all verified rows and at most `most` unverified ones, evenly spaced."""
    unverified = np.flatnonzero(sample.label == UNVERIFIED)
    thinned = unverified[np.linspace(0, len(unverified) - 1, min(most, len(unverified))).astype(np.int64)]
    return sample.at(np.sort(np.concatenate([np.flatnonzero(sample.label != UNVERIFIED), thinned])))


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
