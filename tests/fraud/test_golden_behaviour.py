"""The whole row that detectors see of one credential: tests/golden/behaviour.yaml, and each number by its formula."""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from scipy import stats

from fraud.features.behaviour import measure
from fraud.features.dwell_table import padded
from fraud.models.dataset import COLUMNS, columns_of

GOLDEN = yaml.safe_load((Path(__file__).parents[1] / "golden" / "behaviour.yaml").read_text())
EXPECTED: dict[str, float] = GOLDEN["expected"]
SESSION_SECONDS, AWAY_SECONDS, SKIM_SECONDS = 1800, 8, 0.6


@dataclass(frozen=True)
class Diary:
    """The readings of the example, one after the other."""

    seen: np.ndarray  # (readings,) seconds since 1970
    stayed: np.ndarray  # (readings,) seconds
    posts: np.ndarray  # (readings,)
    characters: np.ndarray  # (readings,) NaN where unknown

    @property
    def gaps(self) -> np.ndarray:
        """(readings - 1,) seconds from seen to seen."""
        return self.seen[1:] - self.seen[:-1]

    @property
    def pauses(self) -> np.ndarray:
        """(readings - 1,) seconds from left to seen."""
        return self.gaps - self.stayed[:-1]


@cache
def diary() -> Diary:
    parts = GOLDEN["sessions"]
    seen = [
        part["starts"].timestamp() + np.concatenate([[0], np.cumsum(np.add(part["reads"][:-1], part["pauses"]))])
        for part in parts
    ]
    stayed, posts, characters = (
        np.concatenate([np.array(part[name], float) for part in parts]) for name in ("reads", "posts", "characters")
    )
    return Diary(np.concatenate(seen), stayed, posts, characters)


def row_of(diaries: list[Diary]) -> np.ndarray:
    """The columns (credentials, 56) of several diaries."""
    newest_first = [np.arange(len(one.seen))[::-1] for one in diaries]

    def joined(name: str) -> np.ndarray:
        return np.concatenate([getattr(one, name)[order] for one, order in zip(diaries, newest_first, strict=True)])

    seen_ms = np.rint(joined("seen") * 1000).astype(np.int64)
    left_ms = seen_ms + np.rint(joined("stayed") * 1000).astype(np.int64)
    posts = np.array([int(post).to_bytes(12, "big") for post in joined("posts")], dtype="S12")
    counts = np.array([len(one.seen) for one in diaries])
    return columns_of(measure(padded(counts, seen_ms, left_ms, posts, joined("characters"))))


def companions() -> list[Diary]:
    """The recording whose first half the credential replays, and the credential that reads along."""
    own = diary()
    half = np.arange(len(own.seen)) < 16
    others = np.arange(16)
    stayed = np.where(half, own.stayed, np.concatenate([np.zeros(16), 3.0 + others]))
    late = own.seen[15] + 500 * (1.0 + others) ** 1.5
    seen = np.where(half, own.seen, np.concatenate([np.zeros(16), late]))
    recording = Diary(seen - 30 * 86_400, stayed, own.posts + 1000, own.characters)
    along = Diary(own.seen - 0.4, np.full(len(own.seen), 0.3), own.posts, own.characters)
    return [recording, along]


def test_the_row_is_the_worked_one() -> None:
    *_, row = row_of([*companions(), diary()])

    found = dict(zip(COLUMNS, row.tolist(), strict=True))
    assert list(found) == list(EXPECTED)
    assert len(found) == 56
    assert found == pytest.approx(EXPECTED, abs=1e-6)


def test_the_worked_row_is_that_of_the_formulas() -> None:
    formulas = {**named(), **shapes(), **laws(), **sequences(), **rhythm()}

    own = {name: value for name, value in EXPECTED.items() if name not in ("copiedShare", "copiesLog", "lockstepShare")}
    assert own == pytest.approx(formulas, abs=1e-6)


def named() -> dict[str, float]:
    own = diary()
    kept = own.stayed[own.stayed <= np.quantile(own.stayed, 0.95)]
    return {
        "postReadingTimeAbsSkew": abs(stats.skew(kept, bias=False)),
        "postReadingTimeAbsKurt": abs(stats.kurtosis(kept, bias=False)),
        "postReadingTimeNormStd": np.std(kept, ddof=1) / np.mean(kept),
        "postReadingTimeDifferenceNormStd": np.std(own.gaps, ddof=1) / np.mean(own.gaps),
    }


def logarithms() -> dict[str, np.ndarray]:
    own = diary()
    tables = {"reading": own.stayed, "gap": own.gaps, "pause": own.pauses}
    return {name: np.log(np.maximum(seconds, 0.001)) for name, seconds in tables.items()}


def shapes() -> dict[str, float]:
    numbers: dict[str, Any] = {}
    for name, values in logarithms().items():
        q05, q25, q50, q75, q95 = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95])
        times = {value: int((values == value).sum()) for value in values.tolist()}
        numbers |= {
            f"{name}LogMedian": q50,
            f"{name}LogMad": np.median(np.abs(values - q50)),
            f"{name}LogIqr": q75 - q25,
            f"{name}LogTail": q95 - q50,
            f"{name}LogHead": q50 - q05,
            f"{name}LogSkew": stats.skew(values),
            f"{name}RepeatShare": sum(count for count in times.values() if count > 1) / len(values),
        }
    return numbers


def laws() -> dict[str, float]:
    own, logs = diary(), logarithms()
    remainders = np.rint(own.stayed * 1000).astype(int) % 100
    deviation, mean = np.std(own.gaps, ddof=1), np.mean(own.gaps)
    return {
        "readingSkimShare": np.mean(own.stayed < SKIM_SECONDS),
        "readingRoundShare": np.bincount(remainders).max() / len(remainders),
        "readingLogNormalDistance": normal_distance(logs["reading"]),
        "readingExponentialDistance": exponential_distance(own.stayed),
        "pauseLogNormalDistance": normal_distance(logs["pause"]),
        "pauseExponentialDistance": exponential_distance(np.maximum(own.pauses, 0)),
        "gapBurstiness": (deviation - mean) / (deviation + mean),
        "overlapShare": np.mean(own.pauses < 0),
    }


def normal_distance(values: np.ndarray) -> float:
    return stats.kstest(values, stats.norm(np.mean(values), np.std(values, ddof=1)).cdf).statistic


def exponential_distance(values: np.ndarray) -> float:
    return stats.kstest(values, stats.expon(scale=np.mean(values)).cdf).statistic


def sequences() -> dict[str, float]:
    own, logs = diary(), logarithms()
    known = np.isfinite(own.characters)
    numbers: dict[str, Any] = {}
    for name in ("reading", "pause"):
        lags = [np.corrcoef(logs[name][:-lag], logs[name][lag:])[0, 1] for lag in (1, 2, 3, 4, 5)]
        numbers |= {
            f"{name}Memory": lags[0],
            f"{name}LongMemory": sum(lags[1:]) / 4,
            f"{name}Mood": mood(logs[name]),
            f"{name}Peak": peak(logs[name]),
            f"{name}Predictability": predictability(logs[name]),
        }
    return numbers | {
        "readingPauseTie": stats.pearsonr(logs["reading"][:-1], logs["pause"]).statistic,
        "contentRepeatShare": 1 - len(set(own.posts.tolist())) / len(own.posts),
        "textSlope": stats.pearsonr(logs["reading"][known], np.log1p(own.characters[known])).statistic,
    }


def mood(values: np.ndarray) -> float:
    """The mean over lags 6 to 20 of Σ x_t·x_(t + lag) / (n - lag), over the variance."""
    away = values - values.mean()
    lags = [sum(away[:-lag] * away[lag:]) / (len(away) - lag) for lag in range(6, 21)]
    return float(np.mean(lags) / np.mean(away**2))


def peak(values: np.ndarray) -> float:
    """The largest |Σ x_t·e^(-2πikt/512)|² for k from 1 to 256, over n·Σ x²."""
    away, time = values - values.mean(), np.arange(len(values))
    powers = [abs(np.sum(away * np.exp(-2j * np.pi * k * time / 512))) ** 2 for k in range(1, 257)]
    return float(max(powers) / (len(away) * np.sum(away**2)))


def predictability(values: np.ndarray) -> float:
    """1 - (H(this, next) - H(this)) / H(next) of the quarters that the values lie in."""
    up = sorted(values)
    edges = [up[quarter * len(up) // 4] for quarter in (1, 2, 3)]
    quarters = [sum(value >= edge for edge in edges) for value in values]
    pairs = np.zeros((4, 4))
    for this, following in pairwise(quarters):
        pairs[this, following] += 1
    both, this, following = (stats.entropy(counts, base=2) for counts in (pairs.ravel(), pairs.sum(1), pairs.sum(0)))
    return float(1 - (both - this) / following)


def rhythm() -> dict[str, float]:
    own = diary()
    breaks = own.gaps > SESSION_SECONDS
    hours = np.bincount((own.seen // 3600 % 24).astype(int), minlength=24)
    starts = np.exp(2j * np.pi * (own.seen[1:][breaks] % 86_400) / 86_400)
    quiet = "".join("." if count < 0.01 * hours.sum() else "x" for count in hours)
    return {
        "sessionShare": (breaks.sum() + 1) / len(own.seen),
        "awayShare": np.mean(~breaks & (own.pauses > AWAY_SECONDS)),
        "breakLogMedian": np.median(np.log(own.gaps[breaks] / 3600)),
        "hourEntropy": stats.entropy(hours, base=2),
        "dailyRestHours": max(len(run) for run in (quiet * 2).split("x")),
        "startHourSpread": 1 - abs(starts.mean()),
        "readingsPerDayLog": np.log(len(own.seen) / len(set((own.seen // 86_400).tolist()))),
    }
