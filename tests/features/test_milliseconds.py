"""Conversions between moments and milliseconds."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from features.milliseconds import from_ms, to_ms


@given(st.integers(min_value=-(2**40), max_value=2**42))
def test_there_and_back_loses_nothing(time_ms: int) -> None:
    assert to_ms(from_ms(time_ms)) == time_ms


def test_a_fraction_is_rounded() -> None:
    whole = datetime(2026, 1, 1, tzinfo=UTC)

    assert to_ms(whole + timedelta(microseconds=400)) == to_ms(whole)
    assert to_ms(whole + timedelta(microseconds=600)) == to_ms(whole) + 1


def test_another_zone_is_the_same_moment() -> None:
    bangkok = datetime(1970, 1, 1, 7, tzinfo=timezone(timedelta(hours=7)))

    assert to_ms(bangkok) == 0
    assert from_ms(0.4) == from_ms(0) == bangkok
