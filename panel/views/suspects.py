"""Cases as moderators read them: reasons, how the credential reads beside everybody else, past verdicts."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.milliseconds import HOUR_MS

View = dict[str, Any]
# Reading times in seconds: the first bin is what was left at once, the last one has no end.
BINS: Final = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
DAYS: Final = 14  # of activity
_REASONS: Final = 6  # that are shown
_LONGEST_REASON: Final = 200
_Z95: Final = 1.959964
_SOURCES: Final = {"score": "by its score", "audit": "by lot"}


def row(case: Mapping[str, Any]) -> View:
    """One case in the queue or among the decided; whatever stands in the document comes out as text and numbers."""
    score, reasons, status = case.get("score"), case.get("reasons"), case.get("verificationStatus")
    return {
        "id": str(case["_id"]),
        "credential": str(case.get("seenCredential", "")),
        "score": float(score) if isinstance(score, int | float) and not isinstance(score, bool) else None,
        "reasons": [str(each)[:_LONGEST_REASON] for each in reasons[:_REASONS]] if isinstance(reasons, list) else [],
        "source": _SOURCES.get(str(case.get("source")), "by the app"),
        "created": _moment(case.get("createdAt")),
        "last_seen": _moment(case.get("lastSeenAt")),
        "verdict": status if isinstance(status, bool) else None,
        "verified": _moment(case.get("verifiedAt")),
        "learned": case.get("status") == "closed",
    }


def histogram(seconds: NDArray[np.float64]) -> list[float]:
    """Share of readings in each bin of BINS; none where there are none.

    >>> histogram(np.array([0.1, 3.0, 3.0, 500.0]))[4]
    0.5
    """
    counts = np.histogram(seconds[seconds >= 0], bins=[*BINS, np.inf])[0]
    total = counts.sum()
    return (counts / total).round(6).tolist() if total else []


def of_everybody(credential: NDArray[np.bytes_], seconds: NDArray[np.float64]) -> list[float]:
    """The mean of the credentials' histograms, each counting alike however much it reads.

    >>> of_everybody(np.array([b"a", b"a", b"b"], "S12"), np.array([1.0, 1.0, 2.0]))[3:5]
    [0.5, 0.5]
    """
    known = seconds >= 0  # NaN is not
    keys, who = np.unique(credential[known], return_inverse=True)
    if not len(keys):
        return []
    bins = np.digitize(seconds[known], BINS) - 1
    counts = np.zeros((len(keys), len(BINS)))
    np.add.at(counts, (who, bins), 1.0)
    return (counts / counts.sum(axis=1, keepdims=True)).mean(axis=0).round(6).tolist()  # type: ignore[no-any-return]


def beside(own: Sequence[float], everybody: Sequence[float]) -> list[View]:
    """The two histograms bin by bin, with heights of 0 to 1 for the chart."""
    highest = max([*own, *everybody], default=0.0) or 1.0
    rows = []
    for place, label in enumerate(_labels()):
        mine, theirs = (shares[place] if shares else 0.0 for shares in (own, everybody))
        heights = {"own_height": mine / highest, "everybody_height": theirs / highest}
        rows.append({"label": label, "own": mine, "everybody": theirs, **heights})
    return rows


def by_hour(seen_ms: NDArray[np.int64]) -> list[View]:
    """Readings by hour of the day, UTC, with heights of 0 to 1."""
    counts = np.bincount((seen_ms // HOUR_MS) % 24, minlength=24)
    highest = counts.max() or 1
    return [{"hour": hour, "count": count, "height": count / highest} for hour, count in enumerate(counts.tolist())]


def by_day(seen_ms: NDArray[np.int64], done: Mapping[str, Mapping[str, int]], until: datetime) -> list[View]:
    """What the credential read, and what its account engaged with and posted, on each of the last days."""
    days = [f"{until.astimezone(UTC) - timedelta(days=back):%Y-%m-%d}" for back in reversed(range(DAYS))]
    dates = (seen_ms.astype("datetime64[ms]")).astype("datetime64[D]").astype(str)
    read = dict(zip(*(each.tolist() for each in np.unique(dates, return_counts=True)), strict=True))
    rows = [{"day": day, "read": read.get(day, 0), **{name: done[name].get(day, 0) for name in done}} for day in days]
    highest = max((each["read"] for each in rows), default=0) or 1
    return [each | {"height": each["read"] / highest} for each in rows]


def bands(counts: Sequence[Mapping[str, Any]], edges: Sequence[float]) -> list[View]:
    """Of the cases opened by their score: how many were bots, by band of score, the highest first."""
    rows = []
    for low, high in zip(edges, [*edges[1:], 1.0], strict=True):
        opened = [each for each in counts if each["band"] == low and each["source"] != "audit"]
        if opened:
            rows.append({"low": low, "high": high} | rate(*_sums(opened)))
    return rows[::-1]


def lot(counts: Sequence[Mapping[str, Any]]) -> View:
    """Of the cases drawn by lot: how many were bots, how many of those the score had found, and of those it had not."""
    drawn = [each for each in counts if each["audit"] or each["source"] == "audit"]
    found = [each for each in drawn if each["source"] != "audit"]
    passed = [each for each in drawn if each["source"] == "audit"]
    bots_found, bots = _sums(found)[0], _sums(drawn)[0]
    return {"all": rate(*_sums(drawn)), "found": rate(bots_found, bots), "passed": rate(*_sums(passed))}


def rate(bots: int, cases: int) -> View:
    """A share with its 95 % interval, which is unknown without cases.

    Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953

    >>> rate(8, 10)["share"], [round(end, 3) for end in rate(8, 10)["interval"]]
    (0.8, [0.49, 0.943])
    """
    if not cases:
        return {"bots": bots, "cases": cases, "share": None, "interval": None}
    share, room = bots / cases, _Z95**2 / cases
    middle = (share + room / 2) / (1 + room)
    half = _Z95 / (1 + room) * sqrt(share * (1 - share) / cases + room / (4 * cases))
    ends = [max(middle - half, 0.0), min(middle + half, 1.0)]
    return {"bots": bots, "cases": cases, "share": share, "interval": ends}


def _labels() -> list[str]:
    ends = [f"{each:g}" for each in BINS]
    return [*(f"{low}–{high} s" for low, high in pairwise(ends)), f"over {ends[-1]} s"]


def _sums(rows: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    return sum(each["bots"] for each in rows), sum(each["cases"] for each in rows)


def _moment(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) else None
