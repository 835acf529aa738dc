"""From what credentials read to features of how they read."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.milliseconds import from_ms
from fraud.arrays import Floats
from fraud.features.behaviour import OWN, Behaviour, measure
from fraud.features.dwell_table import MAX_EXPOSURES, MIN_EXPOSURES, padded
from store.client import Databases
from store.columns import object_ids
from store.ids import Document, ObjectId
from store.inputs.dwell_log import DwellColumns, credentials_read_between, latest_exposures
from store.outputs import credential_features
from store.schema import ensure_indexes


@dataclass(frozen=True)
class Extraction:
    """What features are taken over."""

    most: int = MAX_EXPOSURES  # latest readings of a credential
    fewest: int = MIN_EXPOSURES  # readings under which a credential is marked as not to be judged
    chunk: int = 250  # credentials in memory at a time
    late_hours: float = 2.0  # a phone may send the end of a reading that much later; else it waits for the next one
    texts: int = 60  # latest readings whose text lengths are looked up
    history_days: float = 7.0  # superseded features older than that leave, unless they bear a verdict


def extract_features(db: Databases, now: datetime, config: Extraction = Extraction()) -> dict[str, Any]:
    """credentialfeatures of every credential that has read since the last run; of all, when the clock went back."""
    ensure_indexes(db, "feeditems", "credentialfeatures")
    since = _since(credential_features.watermark(db), now, config)
    credentials = credentials_read_between(db, since, now)

    counts = {"credentials": 0, "readings": 0, "judged": 0, "tooFew": 0}
    negative = 0
    for readings, lengths in _read_ahead(db, credentials, now, config):
        behaviour = measure(padded(readings.counts, readings.seen_ms, readings.left_ms, readings.content, lengths))

        credential_features.write_behaviours(
            db, _documents(readings.credentials, behaviour, config), now, config.history_days
        )
        judged = int((behaviour.count >= config.fewest).sum())
        found = (len(behaviour.count), int(behaviour.count.sum()), judged, len(behaviour.count) - judged)
        counts = {name: counts[name] + more for name, more in zip(counts, found, strict=True)}
        negative += readings.negative
    credential_features.move_watermark(db, now)
    return counts | {"rejected": {"offScreenAt before seenAt": negative} if negative else {}}


def _since(until: datetime | None, now: datetime, config: Extraction) -> datetime | None:
    """From when readings have to be read again; None for all of them."""
    return until - timedelta(hours=config.late_hours) if until and until <= now else None


def _read_ahead(
    db: Databases, credentials: Sequence[ObjectId], now: datetime, config: Extraction
) -> Iterator[tuple[DwellColumns, Floats]]:
    """Yields exposures and text lengths by chunks; MongoDB reads the next chunk while this one is measured."""
    starts = range(0, len(credentials), config.chunk)
    with ThreadPoolExecutor(1) as reader:
        waiting = None
        for start in [*starts, None]:
            chunk = None if start is None else credentials[start : start + config.chunk]
            following = reader.submit(_read, db, chunk, now, config) if chunk else None
            if waiting and len((ready := waiting.result())[0].credentials):
                yield ready
            waiting = following


def _read(
    db: Databases, credentials: Sequence[ObjectId], now: datetime, config: Extraction
) -> tuple[DwellColumns, Floats]:
    readings = latest_exposures(db, credentials, now, config.most)
    first = np.repeat(np.cumsum(readings.counts) - readings.counts, readings.counts)
    recent = np.arange(len(first)) - first < config.texts
    lengths = np.full(len(first), np.nan)
    lengths[recent] = _text_lengths(db, readings.content[recent])
    return readings, lengths


def _text_lengths(db: Databases, content: NDArray[np.bytes_]) -> Floats:
    """Characters of each content, NaN where there is none."""
    distinct, place = np.unique(content, return_inverse=True)
    texts = credential_features.text_lengths(db, [each for each in object_ids(distinct) if each])
    known = np.full(len(distinct), np.nan)
    known[np.searchsorted(distinct, texts["content"])] = texts["length"]
    return known[place]


def _documents(credentials: Sequence[ObjectId], behaviour: Behaviour, config: Extraction) -> Iterator[Document]:
    """One document a credential, rounded: the last bits depend on who else is measured at the same time."""
    rounded = np.round(behaviour.numbers, 9)
    for row, credential in enumerate(credentials):
        numbers = rounded[row].tolist()
        yield {
            "seenCredential": credential,
            "firstSeenAt": from_ms(behaviour.first_seen_ms[row]),
            "lastSeenAt": from_ms(behaviour.last_seen_ms[row]),
            "count": int(behaviour.count[row]),
            "judged": bool(behaviour.count[row] >= config.fewest),
            **{name: None if number != number else number for name, number in zip(OWN, numbers, strict=True)},
            "replayKeys": behaviour.replay[row].tolist(),
            "lockstepKeys": behaviour.lockstep[row].tolist(),
        }
