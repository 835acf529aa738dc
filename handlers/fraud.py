"""Lambda entries of the fraud stage."""

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
    """Hourly: computes credentialfeatures from app-db.feeditems."""
    from fraud.jobs import extraction

    return extraction.extract_features(db, now)


@job("fraudModelTrainer")
def model_trainer(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Daily: trains frauddetectionmlartifacts on features and verdicts."""
    from fraud.jobs import training

    thresholds = settings.thresholds(db)
    return training.train_detectors(db, now, training.Training(false_positive_rate=thresholds.false_positive_rate))


@job("fraudPredictor")
def predictor(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Hourly: scores credentialfeatures and opens cases in app-db.suspiciouscredentials."""
    from fraud.jobs import prediction

    thresholds = settings.thresholds(db)
    config = prediction.Prediction(cooldown_days=thresholds.cooldown_days, audit_share=thresholds.audit_share)
    return prediction.predict_fraud(db, now, config)


@job("fraudFeatureUpdater")
def feature_updater(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """On a change of app-db.suspiciouscredentials: copies the verdict of that case; hourly: all verdicts."""
    from fraud.jobs import verdicts

    return verdicts.copy_verdicts(db, now, changed_case(event))


def changed_case(event: Event) -> ObjectId | None:
    """Returns the case of a change event; None for other events.

    Raises:
        ValueError: for a case id that is not an ObjectId.
    """
    detail = event.get("detail") or event
    for field in ("documentKey", "fullDocument"):
        document = detail.get(field) if isinstance(detail, Mapping) else None
        if isinstance(document, Mapping) and "_id" in document:
            return object_id(document["_id"], f"{field}._id")
    return None
