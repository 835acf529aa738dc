"""Readers of the fraud evaluation: varied people and families of scripted attackers, as dwell tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fraud.features.dwell_table import DwellTable
from lab.simulate import reading
from lab.simulate.reading import Reading

FAMILIES = (
    "fixed", "jitter", "exponential", "lognormal", "lognormal_sessions", "replay", "shared_replay", "click_farm",
    "human_mix", "adaptive",
)  # fmt: skip
FARM_SIZE = 8  # accounts that replay one recording
_FIRST_MS = 1_767_225_600_000  # 2026-01-01
_DAY_SECONDS = 86_400.0
_POSTS = 20_000
Generator = np.random.Generator


@dataclass(frozen=True)
class Readers:
    """Streams of some credentials; one recording or one generator produced the streams of a group."""

    streams: list[Reading]
    family: NDArray[np.str_]  # (credentials,) "human" or one of FAMILIES
    group: NDArray[np.int64]  # (credentials,)

    def __len__(self) -> int:
        return len(self.streams)


def person(n: int, rng: Generator) -> Reading:
    """Returns a random person: half read as the simulated community does, half with their own shape and pauses.

    The pace of each drifts over tens of posts, as it does for the 100 real readers of data/dice_pilot
    (autocorrelation of log reading time: median .46 at lag 1, .16 at lags 2-5 over 40 posts).
    """
    per_day = float(np.clip(rng.lognormal(np.log(24), 0.6), 4, 120))
    drift = np.exp(rng.uniform(0.15, 0.7) * _autoregressive(n, rng.uniform(0.85, 0.98), rng))
    if rng.random() < 0.5:
        steady = reading.human(n, rng, per_day)
        gap = np.append(np.diff(steady.seen_seconds) - steady.duration_seconds[:-1], 1.0)
        seconds = np.clip(steady.duration_seconds * drift, 0.05, 900)
        steps = seconds + np.maximum(gap, 0.02)
        return Reading(steady.seen_seconds[0] + np.cumsum(steps) - steps, seconds)
    noise = rng.normal(1.2, 0.45) + rng.uniform(0.4, 1.0) * _autoregressive(n, rng.uniform(0, 0.5), rng)
    seconds = np.exp(noise) * drift
    skimmed = rng.random(n) < rng.beta(2, 5)
    seconds = np.where(skimmed, rng.lognormal(np.log(0.7), 0.5, n), seconds)
    pause = rng.lognormal(rng.normal(-1.0, 0.4), rng.uniform(0.4, 0.9), n)
    away = np.where(rng.random(n) < rng.uniform(0.01, 0.1), rng.lognormal(np.log(40), 0.9, n), 0)
    return reading.in_sessions(np.clip(seconds, 0.05, 900), pause + away, per_day, rng)


def people(count: int, n: int, rng: Generator) -> Readers:
    """Returns `count` people with `n` exposures each, starting on any of 30 days in any time zone."""
    streams = [_random_start(person(n, rng), rng) for _ in range(count)]
    return Readers(streams, np.full(count, "human"), np.arange(count))


def attackers(family: str, count: int, n: int, rng: Generator, recorded: Sequence[Reading]) -> Readers:
    """Returns `count` attackers of a family with `n` exposures each; "replay" copies streams of `recorded`."""
    group = np.arange(count)
    if family == "shared_replay":
        group = group // FARM_SIZE
        farms = [reading.shared_replay(n, FARM_SIZE, rng) for _ in range(group[-1] + 1)]
        starts = [float(rng.integers(30)) for _ in farms]
        streams = [_shifted(stream, days) for farm, days in zip(farms, starts, strict=True) for stream in farm][:count]
    elif family == "replay":
        sources = [recorded[index] for index in rng.permutation(len(recorded))[:count]]
        streams = [_shifted(reading.noisy_copy(source, 0.02, rng), float(1 + rng.integers(20))) for source in sources]
    else:
        generate: Callable[[int, Generator, float], Reading] = reading.ATTACKS[family]
        streams = [_random_start(generate(n, rng, float(rng.uniform(12, 80))), rng) for _ in range(count)]
    return Readers(streams, np.full(count, family), group)


def concat_readers(parts: Sequence[Readers]) -> Readers:
    """Returns the readers of all parts, in order, with distinct groups."""
    first = np.cumsum([0, *(int(part.group.max(initial=-1)) + 1 for part in parts)])
    return Readers(
        [stream for part in parts for stream in part.streams],
        np.concatenate([part.family for part in parts]),
        np.concatenate([part.group + start for part, start in zip(parts, first, strict=False)]),
    )


def dwell_table(streams: Sequence[Reading], latest: Sequence[int] | NDArray[np.int64], rng: Generator) -> DwellTable:
    """Returns the latest exposures of each stream, of random posts."""
    counts = np.minimum(np.asarray(latest, np.int64), [len(stream.seen_seconds) for stream in streams])
    shape = (len(streams), max(2, int(counts.max(initial=0))))
    seen, stayed = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for row, (stream, count) in enumerate(zip(streams, counts, strict=True)):
        seen[row, :count] = _FIRST_MS + np.rint(stream.seen_seconds[-count:] * 1000).astype(np.int64)
        stayed[row, :count] = np.rint(stream.duration_seconds[-count:] * 1000).astype(np.int64)
    return DwellTable(counts, seen, stayed, rng.integers(0, _POSTS, shape).astype(np.uint64), np.full(shape, np.nan))


def _random_start(stream: Reading, rng: Generator) -> Reading:
    return _shifted(stream, float(rng.integers(30)) + float(rng.integers(24)) / 24)


def _shifted(stream: Reading, days: float) -> Reading:
    return Reading(stream.seen_seconds + days * _DAY_SECONDS, stream.duration_seconds)


def _autoregressive(n: int, coefficient: float, rng: Generator) -> NDArray[np.float64]:
    """Returns standard normal AR(1) noise, shape (n,)."""
    noise = rng.normal(size=n)
    for place in range(1, n):
        noise[place] = coefficient * noise[place - 1] + np.sqrt(1 - coefficient**2) * noise[place]
    return noise
