"""A/B tests: rates of each variant with intervals over people, and the check of the variants' shares."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from features.arrays import Floats, Ints
from features.milliseconds import DAY_MS

_ACT = ("account", "content", "time")
_DRAWS, _BLOCK = 1_000, 50  # drawn fifty at a time, which bounds the memory
_MISMATCH = 0.001  # below this p-value the shares are wrong, and no difference is reliable


@dataclass(frozen=True)
class Activity:
    """Exposures and engagements of people in the period; arrays of shape (people,)."""

    variant: Ints  # number of the person's variant
    exposures: Ints
    engagements: Ints


def summed(ids: NDArray[np.bytes_], counts: Ints) -> tuple[NDArray[np.bytes_], Ints]:
    """Returns the distinct ids, ascending, with the sum of their counts; both of shape (n,).

    >>> summed(np.array([b"b", b"a", b"b"]), np.array([1, 2, 3]))[1].tolist()
    [2, 4]
    """
    once, place = np.unique(ids, return_inverse=True)
    return once, np.bincount(place, weights=counts, minlength=len(once)).astype(np.int64)


def compared(activity: Activity, shares: Mapping[str, float], seed: int = 7) -> dict[str, Any]:
    """Returns the variants' figures, the differences of every two, and the check of their shares.

    `shares`: by name, in the order of the variants' numbers. `perMember` is engagements per person, `perExposure`
    engagements per exposure (also those outside the feed); None without people. Intervals are 95 %.
    """
    parts = [_of(activity, number) for number in range(len(shares))]
    rates = [_rates(part, seed + number) for number, part in enumerate(parts)]
    figures = {
        name: {"share": share / sum(shares.values()), **_totals(part)}
        | {rate: _estimate(*sample) for rate, sample in of_variant.items()}
        for (name, share), part, of_variant in zip(shares.items(), parts, rates, strict=True)
    }
    named = list(zip(shares, rates, strict=True))
    differences = {f"{b} - {a}": _differences(before, after) for (a, before), (b, after) in combinations(named, 2)}
    chance = ratio_chance(np.array([len(part.variant) for part in parts]), np.array(list(shares.values())))
    sample_ratio = {"p": chance, "mismatch": chance < _MISMATCH}
    return {"variants": figures, "differences": differences, "sampleRatio": sample_ratio}


def ratio_chance(people: Ints, shares: Floats) -> float:
    """Returns the p-value of the observed shares if drawn as published (Pearson's χ²); 1 without people.

    >>> round(ratio_chance(np.array([50, 30]), np.array([0.5, 0.5])), 3)
    0.025
    """
    expected = people.sum() * shares / shares.sum()
    if not people.sum() or len(people) < 2:
        return 1.0
    return float(chdtrc(len(people) - 1, ((people - expected) ** 2 / expected).sum()))


def followed(drawn: Mapping[str, NDArray[Any]], acts: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """Returns whether the account engaged with the content within 24 h of each draw; shape (draws,).

    `drawn`, `acts`: columns `account`, `content` (ids) and `time` (ms).
    """
    times: dict[tuple[bytes, bytes], list[int]] = {}
    for account, content, time in zip(*(acts[name].tolist() for name in _ACT), strict=True):
        times.setdefault((account, content), []).append(time)
    draws = zip(*(drawn[name].tolist() for name in _ACT), strict=True)
    soon = [
        any(start <= time < start + DAY_MS for time in times.get((account, content), ()))
        for account, content, start in draws
    ]
    return np.array(soon, dtype=np.bool_)


def explored_rate(
    person: NDArray[np.generic], engaged: NDArray[np.bool_], propensity: Floats, seed: int = 7
) -> dict[str, Any] | None:
    """Returns the engagement rate of the whole pool: Σ engaged/p over Σ 1/p; None without a draw.

    Rarely drawn contents weigh more (Hájek's estimate; Horvitz & Thompson 1952). All arrays have shape
    (draws,), `propensity` in (0, 1]; the interval is over people.

    >>> explored_rate(np.array([1, 2]), np.array([True, False]), np.array([0.5, 0.25]))["rate"].__round__(3)
    0.333
    """
    _, place = np.unique(person, return_inverse=True)
    weight = 1.0 / propensity
    sums = [np.bincount(place, weights=values) for values in (engaged * weight, weight)]
    return _estimate(*_ratio(_bootstrap(np.column_stack(sums), seed), 0, 1))


def _of(activity: Activity, number: int) -> Activity:
    return Activity(*(column[activity.variant == number] for column in vars(activity).values()))


def _totals(part: Activity) -> dict[str, int]:
    totals = {"exposures": int(part.exposures.sum()), "engagements": int(part.engagements.sum())}
    return {"members": len(part.variant), **totals}


def _rates(part: Activity, seed: int) -> dict[str, tuple[float, Floats]]:
    sums = _bootstrap(np.column_stack([part.engagements, np.ones(len(part.variant)), part.exposures]), seed)
    return {"perMember": _ratio(sums, 0, 1), "perExposure": _ratio(sums, 0, 2)}


def _bootstrap(columns: Floats, seed: int) -> Floats:
    """Returns the sums of the columns (people, columns), then of bootstrap samples: shape (1 + draws, columns).

    People with equal numbers are drawn together, so the cost depends on the number of distinct rows.
    """
    sums = columns.sum(axis=0, keepdims=True)
    if not len(columns):
        return np.repeat(sums, 1 + _DRAWS, axis=0)
    distinct, people = np.unique(columns, axis=0, return_counts=True)
    generator, chance = np.random.default_rng(seed), people / people.sum()
    blocks = [generator.multinomial(people.sum(), chance, _BLOCK) @ distinct for _ in range(_DRAWS // _BLOCK)]
    return np.concatenate([sums, *blocks])


def _ratio(sums: Floats, above: int, below: int) -> tuple[float, Floats]:
    """Returns the ratio of two columns, then the ratios of the draws; NaN over 0."""
    nothing = np.full(len(sums), np.nan)
    ratio = np.divide(sums[:, above], sums[:, below], out=nothing, where=sums[:, below] > 0)
    return float(ratio[0]), ratio[1:]


def _estimate(value: float, drawn: Floats, name: str = "rate") -> dict[str, Any] | None:
    if np.isnan(value):
        return None
    return {name: value, "ci": [float(edge) for edge in np.nanquantile(drawn, [0.025, 0.975])]}


def _differences(
    before: Mapping[str, tuple[float, Floats]], after: Mapping[str, tuple[float, Floats]]
) -> dict[str, Any]:
    return {
        rate: _estimate(after[rate][0] - before[rate][0], after[rate][1] - before[rate][1], "difference")
        for rate in before
    }
