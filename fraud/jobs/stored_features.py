"""Features from credentialfeatures as the columns that detectors see."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from fraud.arrays import Flags, Ints
from fraud.features.behaviour import OWN, Behaviour
from fraud.features.sketches import LOCKSTEP_KEYS, REPLAY_KEYS
from store.client import Databases
from store.columns import Columns
from store.outputs.credential_features import newest_behaviours

_FACTS: Mapping[str, tuple[str, str]] = {
    "id": ("id", "_id"),
    "credential": ("id", "seenCredential"),
    "count": ("int", "count"),
    "first": ("time", "firstSeenAt"),
    "last": ("time", "lastSeenAt"),
    "score": ("float", "fraudScore"),
    "version": ("int", "scoredVersion"),
}
_FIELDS: Mapping[str, tuple[str, str]] = {
    **_FACTS,
    **{name: ("float", name) for name in OWN},
    **{f"replay{place}": ("int", f"replayKeys.{place}") for place in range(REPLAY_KEYS)},
    **{f"lockstep{place}": ("int", f"lockstepKeys.{place}") for place in range(LOCKSTEP_KEYS)},
}


@dataclass(frozen=True)
class Stored:
    """Features of credentials and where they came from, row by row."""

    key: NDArray[np.bytes_]  # (credentials,) S12, `_id` of the features
    credential: NDArray[np.bytes_]  # (credentials,) S12
    score: NDArray[np.float64]  # (credentials,) fraudScore as stored, NaN for none
    version: NDArray[np.int32]  # (credentials,) of the training behind the score, -1 for none
    behaviour: Behaviour

    def at(self, rows: Flags) -> "Stored":
        """These rows only."""
        return Stored(
            self.key[rows],
            self.credential[rows],
            self.score[rows],
            self.version[rows],
            self.behaviour.at(rows),
        )


def newest(db: Databases, now: datetime, verified: bool = False) -> Stored:
    """The newest features of each credential as of `now`; `verified` takes only those that bear a verdict."""
    found = newest_behaviours(db, now, _FIELDS, verified)
    behaviour = Behaviour(
        count=found["count"].astype(np.int64),
        first_seen_ms=found["first"],
        last_seen_ms=found["last"],
        numbers=np.stack([found[name] for name in OWN], axis=1),
        replay=_keys(found, "replay", REPLAY_KEYS),
        lockstep=_keys(found, "lockstep", LOCKSTEP_KEYS),
    )
    return Stored(found["id"], found["credential"], found["score"], found["version"], behaviour)


def _keys(found: Columns, of: str, size: int) -> Ints:
    return np.stack([found[f"{of}{place}"] for place in range(size)], axis=1).astype(np.int64)
