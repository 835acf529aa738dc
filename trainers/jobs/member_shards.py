"""Member effects shard by shard: from the log to rows, from rows to artifacts."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.arrays import Arrays, Floats, Ints
from features.matrix import MEMBER_COLUMNS, build, co_engagement_of
from features.ranking.boosters import predict_log_odds
from features.ranking.indexes import HistoryIndex
from features.ranking.member_columns import EFFECT_COLUMNS
from store.columns import object_ids
from store.outputs import models
from store.rules.model_names import MEMBERS, PERSONAL_MODEL
from trainers.member_booster import guest_margin, member_rows
from trainers.member_effects import MemberRows, bucket, fit_member_effects
from trainers.rows.requests import CandidateIndex, Requests
from trainers.rows.sampling import Sample, Sampler


@dataclass(frozen=True)
class ShardSource:
    """The data from which the rows of any members are built."""

    known: HistoryIndex
    guests: dict[str, Any]  # opened boosters of the guest levels
    members: Any  # the opened members' booster
    requests: Requests
    candidates: CandidateIndex
    sampler: Sampler
    engagements: Ints  # (accounts,)
    described: dict[str, Any]  # penalty, open, members, fingerprint, trainedAt

    def is_open(self, members: Ints) -> NDArray[np.bool_]:
        """Returns whether the gate is open for members with their numbers of engagements; shape (members,)."""
        return np.array(self.described["open"])[bucket(self.engagements[members])]

    def shards(self, members: Ints, size: int) -> Iterator[Arrays]:
        """Yields the rows of `size` members at a time."""
        mine = np.isin(self.requests.account, members)
        sampled = self.sampler.of(self.candidates, Requests(self.requests.account[mine], self.requests.time_ms[mine]))
        co_engagement = co_engagement_of(self.known, sampled.rows)
        for shard in split(members, size):
            inside = np.flatnonzero(np.isin(sampled.rows.account, shard))
            inside = inside[np.argsort(sampled.rows.account[inside], kind="stable")]  # looks up a member's past at once
            rows = self._rows(sampled.take(inside), {name: column[inside] for name, column in co_engagement.items()})
            yield vars(rows) | {
                "account": np.searchsorted(shard, rows.account),
                "columns": rows.columns.astype(np.float32),
                "ids": self.known.history.account_id[shard],
            }

    def _rows(self, sampled: Sample, co_engagement: Arrays) -> MemberRows:
        matrix = build(self.known, sampled.rows, MEMBER_COLUMNS, co_engagement)
        margin = guest_margin(self.guests, matrix, sampled.rows.country) + predict_log_odds(self.members, matrix)
        return member_rows(sampled, matrix, margin)


def split(values: Ints, size: int) -> list[Ints]:
    """Returns the values in parts of `size`."""
    return [values[first : first + size] for first in range(0, len(values), size)]


def fit_shard(arrays: Arrays, penalty: float) -> tuple[NDArray[np.bytes_], Floats, list[str]]:
    """Returns a shard's ids, their weights (members, EFFECT_COLUMNS), and why a member has none, else ""."""
    rows = MemberRows(**{name: arrays[name] for name in MemberRows.__dataclass_fields__})
    accounts, fitted = fit_member_effects(rows, penalty)
    weights = np.zeros((len(arrays["ids"]), len(EFFECT_COLUMNS)))
    weights[accounts] = fitted
    has_rows, is_finite = np.isin(np.arange(len(weights)), accounts), np.isfinite(weights).all(axis=1)
    why = np.select([~has_rows, ~is_finite], ["no request to learn from", "not a number"], default="")
    return arrays["ids"], weights, why.tolist()


def artifacts(
    ids: NDArray[np.bytes_], weights: Floats, why: list[str], described: dict[str, Any]
) -> Iterator[models.Artifact]:
    """Yields a member's weights, or an identity with the reason why there are none."""
    report = {"members": described["members"], "penalty": described["penalty"]}
    of_rows = described.get("fingerprint", "")  # a shard from before fingerprints: refused, then trained again
    for account, row, reason in zip(object_ids(ids), weights, why, strict=True):
        if account is None:
            continue
        stored, kind = (b"", "identity") if reason else (_npy(row), "npy")
        why_report = report | {"why": reason} if reason else report
        yield models.Artifact(account, PERSONAL_MODEL, stored, kind, EFFECT_COLUMNS, of_rows, MEMBERS, why_report)


def identities(ids: NDArray[np.bytes_], described: dict[str, Any]) -> Iterator[models.Artifact]:
    """Yields identities of members that the gate excludes; their rows are not built."""
    return artifacts(ids, np.zeros((len(ids), 0)), ["no gain on held-out requests"] * len(ids), described)


def _npy(row: Floats) -> bytes:
    """Returns the row as a file of numpy's format; all members have the same header."""
    return _HEADER + row.astype("<f4").tobytes()


def _header() -> bytes:
    buffer, row = io.BytesIO(), np.zeros(len(EFFECT_COLUMNS), "<f4")
    np.lib.format.write_array(buffer, row, allow_pickle=False)
    return buffer.getvalue().removesuffix(row.tobytes())


_HEADER = _header()
