"""Reasons for suspicion: how many, from when, and in which direction."""

import numpy as np
import pytest

from fraud.models.dataset import COLUMNS
from fraud.models.reference import fit_reference
from fraud.reasons import reasons

PEOPLE = np.repeat(np.arange(101.0)[:, None], 56, axis=1)  # every number is 0, 1, …, 100


def reasons_for(**numbers: float) -> list[str]:
    row = np.full((1, 56), np.nan)
    for name, number in numbers.items():
        row[0, COLUMNS.index(name)] = number
    (found,) = reasons(row, fit_reference(PEOPLE))
    return found


def test_high_and_low_have_their_own_words() -> None:
    assert reasons_for(gapBurstiness=1e9) == ["reads in sharper bursts than people"]
    assert reasons_for(gapBurstiness=-1e9) == ["no bursts and breaks: the pace of a metronome"]


@pytest.mark.parametrize(("number", "strange"), [(96.0, False), (97.0, True)])
def test_a_number_is_a_reason_from_1_8_deviations_on(number: float, strange: bool) -> None:
    # the quantiles 0.96 and 0.97 of the normal law are at 1.751 and 1.881
    found = reasons_for(readingRoundShare=number)

    assert (found == ["reading times end on the same milliseconds, as timers do"]) == strange
    assert (found == ["no single habit stands out, but together they are unlike people's"]) != strange


def test_three_reasons_at_most_the_strangest_first() -> None:
    found = reasons_for(readingRoundShare=97.0, copiedShare=1e9, hourEntropy=120.0, readingPeak=98.0)

    assert found == [
        "replays the same sequence of reading times and pauses as an earlier credential",
        "reads at every hour of the day alike",
        "reading times rise and fall in a fixed round",
    ]


def test_the_same_words_are_said_once() -> None:
    assert reasons_for(readingLogMad=-1e9, readingLogIqr=-1e9) == ["every post is read for nearly the same time"]
