"""The fingerprint of the reading features: any changed value, name or order changes it."""

from time import perf_counter

import numpy as np
import pytest

from features.fingerprint import digest
from fraud import fingerprint
from fraud.features import design, dwell, sequence, sessions
from fraud.fingerprint import golden_features
from fraud.models.dataset import COLUMNS

NOW = digest(COLUMNS, golden_features())


@pytest.fixture(autouse=True)
def fresh():
    """The fingerprint is computed anew before and after each test."""
    fingerprint.fingerprint.cache_clear()
    yield
    fingerprint.fingerprint.cache_clear()


def test_the_fingerprint_of_this_version():
    # When this fails, a feature means something else than before: detectors of the last release are refused until
    # they are trained again. Say so in the release notes, then write the new digits here.
    assert fingerprint.fingerprint() == NOW == "2a42ad236b8fdf08"


@pytest.mark.parametrize("column", COLUMNS)
def test_a_feature_whose_values_change_by_a_thousandth_changes_the_fingerprint(monkeypatch, column):
    columns_of = fingerprint.columns_of

    def altered(behaviour):
        values = columns_of(behaviour)
        values[:, COLUMNS.index(column)] *= 1.001
        return values

    monkeypatch.setattr(fingerprint, "columns_of", altered)

    assert fingerprint.fingerprint() != NOW


@pytest.mark.parametrize(
    ("module", "constant", "other"),
    [
        (design, "UPPER", 0.9),
        (dwell, "SKIM_SECONDS", 6.0),
        (dwell, "_MIN_SECONDS", 0.01),
        (sequence, "_LEVELS", 5),
        (sequence, "_LONG_LAGS", np.arange(6, 20)),
        (sessions, "SESSION_SECONDS", 300.0),
        (sessions, "_AWAY_SECONDS", 4.0),
    ],
    ids=str,
)
def test_a_changed_constant_of_a_definition_changes_the_fingerprint(monkeypatch, module, constant, other):
    monkeypatch.setattr(module, constant, other)

    assert fingerprint.fingerprint() != NOW


def test_names_and_their_order_are_part_of_the_fingerprint():
    values = golden_features()

    several = {digest(names, values) for names in (COLUMNS, COLUMNS[::-1], ("renamed", *COLUMNS[1:]))}

    assert len(several) == 3


@pytest.mark.parametrize("noise", [1 - 1e-11, 1 + 1e-11])
def test_another_order_of_operations_does_not_change_the_fingerprint(noise):
    assert digest(COLUMNS, golden_features() * noise) == NOW


def test_every_feature_of_the_golden_readings_varies():
    values = golden_features()

    assert len(COLUMNS) == 56
    assert np.isfinite(values[:3]).all()
    assert [name for name, column in zip(COLUMNS, values.T, strict=True) if len(set(column.tolist())) < 2] == []


def test_a_fingerprint_costs_less_than_20_milliseconds():
    costs = []
    for _ in range(5):
        fingerprint.fingerprint.cache_clear()
        begin = perf_counter()
        fingerprint.fingerprint()
        costs.append(perf_counter() - begin)

    assert min(costs) < 0.020
