"""Entries of the fraud stage."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from handlers.job import job
from handlers.runtime import Event
from store import settings
from store.client import Databases
from store.ids import ObjectId, object_id


@job("fraudFeatureExtractor")
def feature_extractor(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Hourly: credentialfeatures from app-db.feeditems."""
    from fraud.jobs import extraction

    return extraction.extract_features(db, now)


@job("fraudModelTrainer")
def model_trainer(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Daily: frauddetectionmlartifacts from features and verdicts."""
    from fraud.jobs import training

    chosen = settings.thresholds(db)
    return training.train_detectors(db, now, training.Training(false_positive_rate=chosen.false_positive_rate))


@job("fraudPredictor")
def predictor(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Hourly: scores of credentialfeatures and cases in app-db.suspiciouscredentials."""
    from fraud.jobs import prediction

    chosen = settings.thresholds(db)
    cases = prediction.Prediction(cooldown_days=chosen.cooldown_days, audit_share=chosen.audit_share)
    return prediction.predict_fraud(db, now, cases)


@job("fraudFeatureUpdater")
def feature_updater(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """On a change of app-db.suspiciouscredentials the verdict of that case; on a schedule every verdict."""
    from fraud.jobs import verdicts

    return verdicts.copy_verdicts(db, now, changed_case(event))


def changed_case(event: Event) -> ObjectId | None:
    """The case that a change event is about; None for an event that is no change.

    Raises:
        ValueError: when it names a case by something that is no id.
    """
    detail = event.get("detail") or event
    for holder in ("documentKey", "fullDocument"):
        document = detail.get(holder) if isinstance(detail, Mapping) else None
        if isinstance(document, Mapping) and "_id" in document:
            return object_id(document["_id"], f"{holder}._id")
    return None
