"""Reading by people and bots: when each post reaches the screen, and its reading time.

Pure generators for the simulated community and the evaluation of fraud detectors. Every stream starts at second 0 of
a local day; a stream of n readings covers about n / per_day days.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np

from .world import Floats, Ints

DAY_SECONDS = 86_400.0
BOT_KINDS = (
    "fixed", "jitter", "exponential", "lognormal",
    "lognormal_sessions", "replay", "shared_replay", "click_farm",
)  # fmt: skip
# share of a day's reading per local hour, midnight first
HOUR_RHYTHM = np.array(
    [1.4, 0.7, 0.4, 0.25, 0.2, 0.4, 1.2, 2.4, 3.0, 2.6, 2.4, 2.6, 3.6, 3.2, 2.4, 2.3, 2.6, 3.2, 4.0, 4.8,
     5.4, 5.2, 4.0, 2.6]
)  # fmt: skip


class Reading(NamedTuple):
    """One stream: when each post was seen, and its reading time."""

    seen_seconds: Floats  # (n,) ascending
    duration_seconds: Floats  # (n,) > 0


def local_hours(n: int, rng: np.random.Generator) -> Floats:
    """Returns hours of the day (0-24) at which people read; shape (n,)."""
    level = rng.random(n) * HOUR_RHYTHM.sum()
    return np.asarray(np.interp(level, np.concatenate([[0.0], np.cumsum(HOUR_RHYTHM)]), np.arange(25.0)))


def human_durations(
    length: Ints, speed: Floats, interest: Floats, rng: np.random.Generator, sigma: Floats | float
) -> Floats:
    """Returns reading times of people in seconds; shape (n,).

    A third is scrolled past. The rest takes log-normal time (sigma of its logarithm) around length / speed (characters,
    characters per second), longer with interest (any centred scale). One in a hundred is left open.
    """
    n = len(length)
    middle = (0.9 + length / speed) * np.exp(0.2 * np.clip(interest, -2, 2))
    seconds = middle * rng.lognormal(0, sigma, n)
    skimmed = rng.random(n) < 0.35 - 0.1 * np.clip(interest, -1.5, 1.5)
    seconds = np.where(skimmed, rng.lognormal(np.log(0.8), 0.5, n), seconds)
    left_open = rng.random(n) < 0.01
    return np.clip(np.where(left_open, seconds * rng.lognormal(2.2, 0.6, n), seconds), 0.12, 900)


def human_gaps(n: int, rng: np.random.Generator) -> Floats:
    """Returns seconds between the end of a post and the start of the next in a session; shape (n,)."""
    scroll = rng.lognormal(np.log(0.35), 0.6, n)
    away = rng.lognormal(np.log(40), 0.9, n)
    return scroll + np.where(rng.random(n) < 0.05, np.minimum(away, 600), 0)


def _session_starts(n: int, sessions_per_day: float, rng: np.random.Generator) -> Floats:
    """Returns the starts of n sessions in order, by the rhythm of hours, with days off; shape (n,)."""
    days = np.sort(rng.integers(max(1, round(n / sessions_per_day)), size=n))
    return np.sort(days * DAY_SECONDS + local_hours(n, rng) * 3600)


def in_sessions(durations: Floats, gaps: Floats, per_day: float, rng: np.random.Generator) -> Reading:
    """Arranges readings in sessions of 1-15 over days with a human rhythm; sessions never overlap."""
    n = len(durations)
    sizes = 1 + rng.poisson(5, n)
    first = np.cumsum(sizes) - sizes
    first = first[first < n]
    starts = _session_starts(len(first), max(per_day / 6, 0.5), rng)
    step = np.concatenate([[0.0], (durations + gaps)[:-1]])
    elapsed = np.cumsum(step)
    session = np.searchsorted(first, np.arange(n), side="right") - 1
    length = np.diff(np.append(elapsed[first], elapsed[-1] + durations[-1] + gaps[-1]))
    shifted = starts - np.concatenate([[0.0], np.cumsum(length)[:-1]])
    starts = np.maximum.accumulate(shifted) + np.concatenate([[0.0], np.cumsum(length)[:-1]])
    return Reading(starts[session] + elapsed - elapsed[first][session], durations)


def human(n: int, rng: np.random.Generator, per_day: float = 24.0) -> Reading:
    """Returns the readings of one person with individual speed and interests, in sessions."""
    length = np.maximum(rng.lognormal(np.log(75), 0.7, n), 5).astype(int)
    speed = np.full(n, rng.lognormal(np.log(32), 0.35))
    durations = human_durations(length, speed, rng.normal(size=n), rng, rng.uniform(0.4, 0.85))
    return in_sessions(durations, human_gaps(n, rng), per_day, rng)


def _in_blocks(
    durations: Floats, gaps: Floats, per_day: float, hour: Floats | float, rng: np.random.Generator
) -> Reading:
    """Arranges readings in one to four blocks a day; `hour` (0-22) delays all blocks, or each in turn."""
    rounds = int(rng.integers(1, 5))
    n, size = len(durations), max(1, round(per_day / rounds))
    elapsed = np.cumsum(durations + gaps) - (durations + gaps)
    block = np.arange(n) // size
    inside = elapsed - elapsed[block * size]
    hours = np.resize(hour, block[-1] + 1)[block]
    return Reading((block * DAY_SECONDS + hours * 3600) / rounds + inside, durations)


def fixed(n: int, rng: np.random.Generator, per_day: float = 24.0) -> Reading:
    """Returns equal reading times, started by a timer at the same hour."""
    pace = rng.uniform(0.5, 6)
    durations = np.full(n, pace) + rng.uniform(0, 0.004, n)
    return _in_blocks(durations, np.full(n, rng.uniform(0.05, 1.0)), per_day, rng.uniform(0, 22), rng)


def jitter(n: int, rng: np.random.Generator, per_day: float = 24.0) -> Reading:
    """Returns a fixed reading time with uniform noise, at about the same hour."""
    pace, width = rng.uniform(1, 7), rng.uniform(0.1, 0.5)
    durations = pace * rng.uniform(1 - width, 1 + width, n)
    hour = rng.uniform(0, 20) + rng.uniform(0, 1.5, n)
    return _in_blocks(durations, rng.uniform(0.1, 0.6, n), per_day, hour, rng)


def exponential(n: int, rng: np.random.Generator, per_day: float = 24.0) -> Reading:
    """Returns exponential times at any hour."""
    durations = 0.1 + rng.exponential(rng.uniform(1.5, 6), n)
    hour = rng.uniform(0, 20, n)
    return _in_blocks(durations, 0.1 + rng.exponential(0.5, n), per_day, hour, rng)


def lognormal(n: int, rng: np.random.Generator, per_day: float = 24.0) -> Reading:
    """Returns log-normal times at any hour, without rhythm, breaks or influence of the text."""
    durations = np.clip(rng.lognormal(np.log(rng.uniform(1.5, 5)), rng.uniform(0.4, 0.9), n), 0.15, 300)
    hour = rng.uniform(0, 20, n)
    return _in_blocks(durations, rng.lognormal(np.log(0.4), 0.3, n), per_day, hour, rng)


def lognormal_sessions(n: int, rng: np.random.Generator, per_day: float = 24.0) -> Reading:
    """Returns log-normal times in sessions with a human rhythm, without breaks or influence of the text."""
    durations = np.clip(rng.lognormal(np.log(rng.uniform(1.5, 5)), rng.uniform(0.5, 0.9), n), 0.15, 300)
    return in_sessions(durations, rng.lognormal(np.log(0.4), 0.3, n), per_day, rng)


def noisy_copy(source: Reading, noise: float, rng: np.random.Generator) -> Reading:
    """Returns a recording with every duration and gap changed by up to the given share.

    >>> copy = noisy_copy(Reading(np.array([0.0, 10.0]), np.array([2.0, 3.0])), 0.0, np.random.default_rng(0))
    >>> copy.seen_seconds.tolist(), copy.duration_seconds.tolist()
    ([0.0, 10.0], [2.0, 3.0])
    """
    n = len(source.seen_seconds)
    steps = np.diff(source.seen_seconds, prepend=0.0)
    seen = np.cumsum(steps * rng.uniform(1 - noise, 1 + noise, n))
    durations = source.duration_seconds * rng.uniform(1 - noise, 1 + noise, n)
    return Reading(seen, durations)


def replay(n: int, rng: np.random.Generator, per_day: float = 24.0) -> Reading:
    """Returns one person's recording, changed by up to 2 %."""
    return noisy_copy(human(n, rng, per_day), 0.02, rng)


def shared_replay(n: int, accounts: int, rng: np.random.Generator, per_day: float = 24.0) -> list[Reading]:
    """Returns one person's recording for several accounts, each delayed and changed by up to 0.5 %."""
    source = human(n, rng, per_day)
    delays = rng.uniform(0, 1800, accounts)
    copies = [noisy_copy(source, 0.005, rng) for _ in range(accounts)]
    return [Reading(c.seen_seconds + delay, c.duration_seconds) for c, delay in zip(copies, delays, strict=True)]


def click_farm(n: int, rng: np.random.Generator, per_day: float = 24.0) -> Reading:
    """Returns readings of a paid person: fast, in shifts."""
    durations = rng.lognormal(np.log(1.3), 0.35, n)
    hour = rng.uniform(8, 11) + rng.uniform(0, 2, n)
    return _in_blocks(durations, rng.lognormal(np.log(0.5), 0.3, n), per_day, hour, rng)


def human_mix(n: int, rng: np.random.Generator, per_day: float = 24.0, machine: float = 0.7) -> Reading:
    """Returns a mix of a bot and a person, in runs of about 20 readings, most by the bot."""
    person = human(n, rng, per_day)
    runs = rng.random(n // 20 + 1) < machine
    automatic = np.repeat(runs, 20)[:n]
    quick = rng.uniform(1, 5) * rng.uniform(0.8, 1.2, n)
    durations = np.where(automatic, quick, person.duration_seconds)
    return in_sessions(durations, human_gaps(n, rng), per_day, rng)


@dataclass(frozen=True)
class Disguise:
    """Settings of an adaptive attacker."""

    log_middle: float = 1.0  # of log seconds
    log_sigma: float = 0.6
    skim_share: float = 0.0  # posts scrolled past
    break_share: float = 0.0  # gaps that are long breaks
    memory: float = 0.0  # 0-0.9, correlation of a duration with the last one
    left_open_share: float = 0.0


_RANGES = {
    "log_middle": (0.0, 2.0), "log_sigma": (0.2, 1.2), "skim_share": (0.0, 0.5),
    "break_share": (0.0, 0.1), "memory": (0.0, 0.9), "left_open_share": (0.0, 0.03),
}  # fmt: skip


def changed(disguise: Disguise, rng: np.random.Generator, scale: float = 0.25) -> Disguise:
    """Returns a similar disguise: every setting moves by a normal step of `scale` of its range."""
    moved = {}
    for field in fields(disguise):
        low, high = _RANGES[field.name]
        step = rng.normal(0, scale * (high - low))
        moved[field.name] = float(np.clip(getattr(disguise, field.name) + step, low, high))
    return replace(disguise, **moved)


def adaptive(n: int, rng: np.random.Generator, disguise: Disguise | None = None, per_day: float = 24.0) -> Reading:
    """Returns the readings of an attacker with the given disguise."""
    wear = disguise or Disguise()
    noise = rng.normal(size=n)
    noise[1:] = wear.memory * noise[:-1] + np.sqrt(1 - wear.memory**2) * noise[1:]
    durations = np.exp(wear.log_middle + wear.log_sigma * noise)
    durations = np.where(rng.random(n) < wear.skim_share, rng.lognormal(np.log(0.8), 0.5, n), durations)
    durations = np.where(rng.random(n) < wear.left_open_share, durations * 9, durations)
    gaps = rng.lognormal(np.log(0.35), 0.6, n)
    gaps += np.where(rng.random(n) < wear.break_share, rng.lognormal(np.log(40), 0.9, n), 0)
    return in_sessions(np.clip(durations, 0.12, 900), gaps, per_day, rng)


# Families of single accounts: (n, rng, per_day) -> Reading. `shared_replay` needs a group.
ATTACKS: dict[str, Callable[[int, np.random.Generator, float], Reading]] = {
    "fixed": fixed,
    "jitter": jitter,
    "exponential": exponential,
    "lognormal": lognormal,
    "lognormal_sessions": lognormal_sessions,
    "replay": replay,
    "click_farm": click_farm,
    "human_mix": human_mix,
    "adaptive": lambda n, rng, per_day: adaptive(n, rng, None, per_day),
}
