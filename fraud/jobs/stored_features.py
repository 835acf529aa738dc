"""Loads credentialfeatures as arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from features.arrays import Flags, Ints
from fraud.features.behaviour import FEATURES, Behaviour
from fraud.features.sketches import LOCKSTEP_KEYS, REPLAY_KEYS
from store.client import Databases
from store.columns import Columns
from store.outputs.credential_features import newest_features

_DESCRIPTION: Mapping[str, tuple[str, str]] = {
    "id": ("id", "_id"),
    "credential": ("id", "seenCredential"),
    "count": ("int", "count"),
    "first": ("time", "firstSeenAt"),
    "last": ("time", "lastSeenAt"),
    "score": ("float", "fraudScore"),
    "version": ("int", "scoredVersion"),
}
_FIELDS: Mapping[str, tuple[str, str]] = {
    **_DESCRIPTION,
    **{name: ("float", name) for name in FEATURES},
    **{f"replay{place}": ("int", f"replayKeys.{place}") for place in range(REPLAY_KEYS)},
    **{f"lockstep{place}": ("int", f"lockstepKeys.{place}") for place in range(LOCKSTEP_KEYS)},
}


@dataclass(frozen=True)
class StoredFeatures:
    """Features of credentials with their documents' ids and scores."""

    key: NDArray[np.bytes_]  # (credentials,) S12, `_id` of the features
    credential: NDArray[np.bytes_]  # (credentials,) S12
    score: NDArray[np.float64]  # (credentials,) stored fraudScore, NaN for none
    version: NDArray[np.int32]  # (credentials,) version of the detector that scored, -1 for none
    behaviour: Behaviour

    def at(self, rows: Flags) -> "StoredFeatures":
        """Returns the features of these rows."""
        return StoredFeatures(
            self.key[rows],
            self.credential[rows],
            self.score[rows],
            self.version[rows],
            self.behaviour.at(rows),
        )


def load_features(db: Databases, now: datetime, verified: bool = False) -> StoredFeatures:
    """Returns the newest features of each credential as of `now`; `verified`: only features with a verdict."""
    columns = newest_features(db, now, _FIELDS, verified)
    behaviour = Behaviour(
        count=columns["count"].astype(np.int64),
        first_seen_ms=columns["first"],
        last_seen_ms=columns["last"],
        numbers=np.stack([columns[name] for name in FEATURES], axis=1),
        replay=_keys(columns, "replay", REPLAY_KEYS),
        lockstep=_keys(columns, "lockstep", LOCKSTEP_KEYS),
    )
    return StoredFeatures(columns["id"], columns["credential"], columns["score"], columns["version"], behaviour)


def _keys(columns: Columns, sketch: str, size: int) -> Ints:
    return np.stack([columns[f"{sketch}{place}"] for place in range(size)], axis=1).astype(np.int64)
