"""The four numbers of the design against pandas and scipy."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from fraud.features.design import design_features
from tests.fraud.conftest import of_seconds

milliseconds = st.lists(st.integers(0, 600_000), min_size=5, max_size=60)


def expected(seen: list[float], stayed: list[float]) -> dict[str, float]:
    """The same by pandas."""
    reading = pd.Series(stayed)
    kept = reading[reading <= reading.quantile(0.95)]
    gaps = pd.Series(seen).diff().dropna()
    varies = kept.nunique() > 1  # the moments of equal values are rounding errors or NaN in pandas
    return {
        "postReadingTimeAbsSkew": abs(kept.skew()) if varies else 0.0,
        "postReadingTimeAbsKurt": abs(kept.kurt()) if varies else 0.0,
        "postReadingTimeNormStd": kept.std() / kept.mean() if varies else 0.0,
        "postReadingTimeDifferenceNormStd": gaps.std() / gaps.mean(),
    }


@settings(max_examples=150, deadline=None)
@given(milliseconds, milliseconds)
def test_the_named_numbers_are_those_of_pandas(steps: list[int], stays: list[int]) -> None:
    n = min(len(steps), len(stays))
    seen = (np.cumsum([1 + each for each in steps[:n]]) / 1000).tolist()
    stayed = [(1 + each) / 1000 for each in stays[:n]]

    found = design_features(of_seconds((seen, stayed)))

    assert {name: values[0] for name, values in found.items()} == pytest.approx(
        expected(seen, stayed), rel=1e-9, abs=1e-9
    )


def test_skew_and_kurtosis_are_those_of_scipy_corrected_for_bias() -> None:
    stayed = np.round(np.random.default_rng(1).lognormal(1, 0.8, 500), 3)
    kept = stayed[stayed <= np.quantile(stayed, 0.95)]

    found = design_features(of_seconds((np.arange(500.0).tolist(), stayed.tolist())))

    assert found["postReadingTimeAbsSkew"][0] == pytest.approx(abs(stats.skew(kept, bias=False)), abs=1e-9)
    assert found["postReadingTimeAbsKurt"][0] == pytest.approx(abs(stats.kurtosis(kept, bias=False)), abs=1e-9)


def test_no_variance_gives_zero_and_one_reading_gives_nothing() -> None:
    steady = ([0.0, 10.0, 20.0, 30.0, 40.0, 50.0], [2.5] * 6)

    found = design_features(of_seconds(steady, ([7.0], [3.0])))

    assert [numbers[0] for numbers in found.values()] == [0.0, 0.0, 0.0, 0.0]
    assert all(np.isnan(numbers[1]) for numbers in found.values())
