"""The members' own models: from the log to rows, from rows to artifacts, shard by shard."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.matrix import MEMBER_COLUMNS, build, taste_of
from features.ranking.boosters import margins
from features.ranking.indexes import Known
from features.ranking.member_columns import PERSONAL
from features.ranking.point_in_time import Floats, Ints
from store.columns import object_ids
from store.outputs import models
from store.rules.model_names import MEMBERS, PERSONAL_MODEL
from trainers.member_booster import guest_margin, own_rows
from trainers.member_effects import Own, bucket, fit_all
from trainers.rows.requests import Candidates, Requests
from trainers.rows.sampling import Sample, Sampler

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Work:
    """All that the rows of any members are made from."""

    known: Known
    guests: dict[str, Any]  # opened boosters of the guest ladder
    members: Any  # the opened members' booster
    asked: Requests
    candidates: Candidates
    sampler: Sampler
    engagements: Ints  # (accounts,)
    described: dict[str, Any]  # penalty, open, members, fingerprint, trainedAt

    def is_open(self, members: Ints) -> NDArray[np.bool_]:
        """Whether held-out requests said that own models help members with so many engagements."""
        return np.array(self.described["open"])[bucket(self.engagements[members])]

    def shards(self, members: Ints, size: int) -> Iterator[Arrays]:
        """The rows of so many members at a time."""
        mine = np.isin(self.asked.account, members)
        taken = self.sampler.of(self.candidates, Requests(self.asked.account[mine], self.asked.time_ms[mine]))
        taste = taste_of(self.known, taken.rows)
        for some in split(members, size):
            inside = np.flatnonzero(np.isin(taken.rows.account, some))
            inside = inside[np.argsort(taken.rows.account[inside], kind="stable")]  # one's past is looked up together
            own = self._own(taken.take(inside), {name: column[inside] for name, column in taste.items()})
            yield vars(own) | {
                "account": np.searchsorted(some, own.account),
                "columns": own.columns.astype(np.float32),
                "ids": self.known.history.account_id[some],
            }

    def _own(self, taken: Sample, taste: Arrays) -> Own:
        matrix = build(self.known, taken.rows, MEMBER_COLUMNS, taste)
        return own_rows(
            taken, matrix, guest_margin(self.guests, matrix, taken.rows.country) + margins(self.members, matrix)
        )


def split(values: Ints, size: int) -> list[Ints]:
    """`size` values at a time."""
    return [values[first : first + size] for first in range(0, len(values), size)]


def fitted(arrays: Arrays, penalty: float) -> tuple[NDArray[np.bytes_], Floats, list[str]]:
    """Of each member of a shard: the id, the weights (members, PERSONAL), and why there is no own model, "" for one."""
    own = Own(**{name: arrays[name] for name in Own.__dataclass_fields__})
    accounts, found = fit_all(own, penalty)
    weights = np.zeros((len(arrays["ids"]), len(PERSONAL)))
    weights[accounts] = found
    has_rows, sound = np.isin(np.arange(len(weights)), accounts), np.isfinite(weights).all(axis=1)
    why = np.select([~has_rows, ~sound], ["no request to learn from", "not a number"], default="")
    return arrays["ids"], weights, why.tolist()


def artifacts(
    ids: NDArray[np.bytes_], weights: Floats, why: list[str], described: dict[str, Any]
) -> Iterator[models.Artifact]:
    """A member's weights, or the identity that says why there are none."""
    report = {"members": described["members"], "penalty": described["penalty"]}
    of_rows = described.get("fingerprint", "")  # a shard from before fingerprints: refused, then trained again
    for account, row, reason in zip(object_ids(ids), weights, why, strict=True):
        if account is None:
            continue
        kind, told = ("identity", report | {"why": reason}) if reason else ("npy", report)
        content = b"" if reason else _npy(row)
        yield models.Artifact(account, PERSONAL_MODEL, content, kind, PERSONAL, of_rows, MEMBERS, told)


def identities(ids: NDArray[np.bytes_], described: dict[str, Any]) -> Iterator[models.Artifact]:
    """For members whom the gate keeps out: no rows of theirs are made."""
    return artifacts(ids, np.zeros((len(ids), 0)), ["no gain on held-out requests"] * len(ids), described)


def _npy(row: Floats) -> bytes:
    """The row as a file of numpy's format; the header is that of every member's."""
    return _HEADER + row.astype("<f4").tobytes()


def _header() -> bytes:
    buffer, row = io.BytesIO(), np.zeros(len(PERSONAL), "<f4")
    np.lib.format.write_array(buffer, row, allow_pickle=False)
    return buffer.getvalue().removesuffix(row.tobytes())


_HEADER = _header()
