"""How long the jobs take: 5,000 credentials with 600 readings each (`make bench`)."""

from datetime import timedelta
from time import perf_counter

import numpy as np
import pytest

from fraud.jobs.extraction import extract_features
from fraud.jobs.prediction import predict_fraud
from fraud.jobs.training import train_detectors
from fraud.jobs.verdicts import copy_verdicts
from lab.evaluate.attacks import attackers, concat_readers, people
from store.client import Databases
from store.schema import ensure_indexes
from tests.fraud.conftest import NOW, Insert

PEOPLE, BOTS, READINGS = 4_800, 50, 600


@pytest.mark.bench
def test_five_thousand_credentials_with_six_hundred_readings(db: Databases, insert: Insert) -> None:
    rng = np.random.default_rng(1)
    persons = people(PEOPLE, READINGS, rng)
    families = ("fixed", "jitter", "lognormal", "exponential")
    readers = concat_readers([persons, *(attackers(each, BOTS, READINGS, rng, []) for each in families)])
    credentials = [key for start in range(0, len(readers), 100) for key in insert(readers.streams[start : start + 100])]
    ensure_indexes(db, "feeditems")

    seconds = {}
    for name, job in (("extract", extract_features), ("train, no labels", train_detectors), ("predict", predict_fraud)):
        started = perf_counter()
        job(db, NOW)
        seconds[name] = perf_counter() - started
    verdicts = [
        {"seenCredential": key, "verificationStatus": family != "human", "verifiedAt": NOW}
        for key, family in list(zip(credentials, readers.family.tolist(), strict=True))[::2]
    ]
    db.app.suspiciouscredentials.insert_many(verdicts)
    copy_verdicts(db, NOW)
    started = perf_counter()
    train_detectors(db, NOW + timedelta(days=1))
    seconds["train, labels"] = perf_counter() - started

    print({name: round(value, 1) for name, value in seconds.items()})  # noqa: T201
    assert db.analytics.credentialfeatures.count_documents({}) == len(readers)
    assert db.app.suspiciouscredentials.count_documents({"status": "closed"}) >= len(verdicts)
