"""Computes features of how credentials read."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats
from features.milliseconds import from_ms
from fraud.features.behaviour import FEATURES, Behaviour, measure
from fraud.features.dwell_table import MAX_EXPOSURES, MIN_EXPOSURES, padded
from store.client import Databases
from store.columns import object_ids
from store.ids import Document, ObjectId
from store.inputs.dwell_log import DwellColumns, credentials_read_between, latest_exposures
from store.outputs import credential_features
from store.schema import ensure_indexes


@dataclass(frozen=True)
class Extraction:
    """Which exposures are measured."""

    most: int = MAX_EXPOSURES  # latest exposures of a credential
    fewest: int = MIN_EXPOSURES  # exposures; below it a credential gets no score
    chunk: int = 250  # credentials in memory at a time
    late_hours: float = 2.0  # how late a phone may send the end of an exposure; later ones wait for the next exposure
    texts: int = 60  # latest exposures of a credential with a lookup of text lengths
    history_days: float = 7.0  # older superseded features are deleted, unless they have a verdict


def extract_features(db: Databases, now: datetime, config: Extraction = Extraction()) -> dict[str, Any]:
    """Updates the features of every credential with exposures since the last run, or of all if the clock went back."""
    ensure_indexes(db, "feeditems", "credentialfeatures")
    since = _since(credential_features.watermark(db), now, config)
    credentials = credentials_read_between(db, since, now)

    counts = {"credentials": 0, "readings": 0, "judged": 0, "tooFew": 0}
    negative = 0
    for exposures, lengths in _read_ahead(db, credentials, now, config):
        table = padded(exposures.counts, exposures.seen_ms, exposures.left_ms, exposures.content, lengths)
        behaviour = measure(table)

        accounts = credential_features.accounts_of(db, exposures.credentials)
        documents = _documents(exposures.credentials, behaviour, config, accounts)
        credential_features.write_features(db, documents, now, config.history_days)
        enough = int((behaviour.count >= config.fewest).sum())
        chunk = (len(behaviour.count), int(behaviour.count.sum()), enough, len(behaviour.count) - enough)
        counts = {name: counts[name] + number for name, number in zip(counts, chunk, strict=True)}
        negative += exposures.negative
    credential_features.move_watermark(db, now)
    return counts | {"rejected": {"offScreenAt before seenAt": negative} if negative else {}}


def _since(until: datetime | None, now: datetime, config: Extraction) -> datetime | None:
    """Returns the time from which exposures are read again; None for all."""
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
    exposures = latest_exposures(db, credentials, now, config.most)
    first = np.repeat(np.cumsum(exposures.counts) - exposures.counts, exposures.counts)
    recent = np.arange(len(first)) - first < config.texts
    lengths = np.full(len(first), np.nan)
    lengths[recent] = _text_lengths(db, exposures.content[recent])
    return exposures, lengths


def _text_lengths(db: Databases, content: NDArray[np.bytes_]) -> Floats:
    """Returns the characters of each content, NaN without a text."""
    distinct, place = np.unique(content, return_inverse=True)
    texts = credential_features.text_lengths(db, [key for key in object_ids(distinct) if key])
    lengths = np.full(len(distinct), np.nan)
    lengths[np.searchsorted(distinct, texts["content"])] = texts["length"]
    return lengths[place]


def _documents(
    credentials: Sequence[ObjectId], behaviour: Behaviour, config: Extraction, accounts: Mapping[ObjectId, ObjectId]
) -> Iterator[Document]:
    """Yields a document for each credential; rounded, since the last bits depend on the other rows of the chunk."""
    rounded = np.round(behaviour.numbers, 9)
    for row, credential in enumerate(credentials):
        numbers = rounded[row].tolist()
        yield {
            "seenCredential": credential,
            **({"account": accounts[credential]} if credential in accounts else {}),
            "firstSeenAt": from_ms(behaviour.first_seen_ms[row]),
            "lastSeenAt": from_ms(behaviour.last_seen_ms[row]),
            "count": int(behaviour.count[row]),
            "judged": bool(behaviour.count[row] >= config.fewest),
            **{name: None if number != number else number for name, number in zip(FEATURES, numbers, strict=True)},
            "replayKeys": behaviour.replay[row].tolist(),
            "lockstepKeys": behaviour.lockstep[row].tolist(),
        }
