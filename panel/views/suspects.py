"""Cases for moderators: reasons, reading behaviour compared with everybody, past verdicts."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.milliseconds import HOUR_MS

View = dict[str, Any]
# Lower ends in seconds of reading time. The last bin has no upper end.
BINS: Final = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
DAYS: Final = 14  # of activity
_REASONS: Final = 6  # that are shown
_LONGEST_REASON: Final = 200
_Z95: Final = 1.959964
_SOURCES: Final = {"score": "by its score", "audit": "as a random sample"}


def row(case: Mapping[str, Any]) -> View:
    """Returns one case for a list. Values of a wrong type become text or None."""
    score, reasons, status = case.get("score"), case.get("reasons"), case.get("verificationStatus")
    return {
        "id": str(case["_id"]),
        "credential": str(case.get("seenCredential", "")),
        "score": float(score) if isinstance(score, int | float) and not isinstance(score, bool) else None,
        "reasons": [str(text)[:_LONGEST_REASON] for text in reasons[:_REASONS]] if isinstance(reasons, list) else [],
        "source": _SOURCES.get(str(case.get("source")), "by the app"),
        "created": _moment(case.get("createdAt")),
        "last_seen": _moment(case.get("lastSeenAt")),
        "verdict": status if isinstance(status, bool) else None,
        "verified": _moment(case.get("verifiedAt")),
        "learned": case.get("status") == "closed",
    }


def histogram(seconds: NDArray[np.float64]) -> list[float]:
    """Returns the share of readings in each bin of BINS, or an empty list without readings.

    >>> histogram(np.array([0.1, 3.0, 3.0, 500.0]))[4]
    0.5
    """
    counts = np.histogram(seconds[seconds >= 0], bins=[*BINS, np.inf])[0]
    total = counts.sum()
    return (counts / total).round(6).tolist() if total else []


def mean_histogram(credential: NDArray[np.bytes_], seconds: NDArray[np.float64]) -> list[float]:
    """Returns the mean of the credentials' histograms, with equal weights.

    >>> mean_histogram(np.array([b"a", b"a", b"b"], "S12"), np.array([1.0, 1.0, 2.0]))[3:5]
    [0.5, 0.5]
    """
    known = seconds >= 0  # NaN is not
    keys, row = np.unique(credential[known], return_inverse=True)
    if not len(keys):
        return []
    bins = np.digitize(seconds[known], BINS) - 1
    counts = np.zeros((len(keys), len(BINS)))
    np.add.at(counts, (row, bins), 1.0)
    return (counts / counts.sum(axis=1, keepdims=True)).mean(axis=0).round(6).tolist()  # type: ignore[no-any-return]


def compare_histograms(own: Sequence[float], everybody: Sequence[float]) -> list[View]:
    """Returns both histograms bin by bin, with heights from 0 to 1 for the chart."""
    highest = max([*own, *everybody], default=0.0) or 1.0
    rows = []
    for place, label in enumerate(_labels()):
        one, all_ = (shares[place] if shares else 0.0 for shares in (own, everybody))
        heights = {"own_height": one / highest, "everybody_height": all_ / highest}
        rows.append({"label": label, "own": one, "everybody": all_, **heights})
    return rows


def by_hour(seen_ms: NDArray[np.int64]) -> list[View]:
    """Returns readings by hour of the day, UTC, with heights from 0 to 1."""
    counts = np.bincount((seen_ms // HOUR_MS) % 24, minlength=24)
    highest = counts.max() or 1
    return [{"hour": hour, "count": count, "height": count / highest} for hour, count in enumerate(counts.tolist())]


def by_day(seen_ms: NDArray[np.int64], activity: Mapping[str, Mapping[str, int]], until: datetime) -> list[View]:
    """Returns readings of the credential and activity of its account, for each of the last days."""
    days = [f"{until.astimezone(UTC) - timedelta(days=back):%Y-%m-%d}" for back in reversed(range(DAYS))]
    dates = (seen_ms.astype("datetime64[ms]")).astype("datetime64[D]").astype(str)
    read = dict(zip(*(array.tolist() for array in np.unique(dates, return_counts=True)), strict=True))
    rows = [
        {"day": day, "read": read.get(day, 0), **{kind: counts.get(day, 0) for kind, counts in activity.items()}}
        for day in days
    ]
    highest = max((row["read"] for row in rows), default=0) or 1
    return [row | {"height": row["read"] / highest} for row in rows]


def bands(counts: Sequence[Mapping[str, Any]], edges: Sequence[float]) -> list[View]:
    """Returns the share of bots among cases opened by score, by band of score, the highest first."""
    rows = []
    for low, high in zip(edges, [*edges[1:], 1.0], strict=True):
        opened = [row for row in counts if row["band"] == low and row["source"] != "audit"]
        if opened:
            rows.append({"low": low, "high": high} | rate(*_sums(opened)))
    return rows[::-1]


def audit_sample(counts: Sequence[Mapping[str, Any]]) -> View:
    """Returns, for the audit sample: share of bots, share of the bots over the threshold, share of bots under it."""
    sample = [row for row in counts if row["audit"] or row["source"] == "audit"]
    over = [row for row in sample if row["source"] != "audit"]
    under = [row for row in sample if row["source"] == "audit"]
    bots_over, bots = _sums(over)[0], _sums(sample)[0]
    return {"all": rate(*_sums(sample)), "caught": rate(bots_over, bots), "under": rate(*_sums(under))}


def rate(bots: int, cases: int) -> View:
    """Returns a share with its 95 % interval; both are None without cases.

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
    ends = [f"{end:g}" for end in BINS]
    return [*(f"{low}–{high} s" for low, high in pairwise(ends)), f"over {ends[-1]} s"]


def _sums(rows: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    return sum(row["bots"] for row in rows), sum(row["cases"] for row in rows)


def _moment(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) else None
