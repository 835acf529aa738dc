"""Labelled samples for the fraud evaluation: simulated worlds, dumps of real people, a loaded database."""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from features.milliseconds import to_ms
from fraud.features.behaviour import Behaviour, measure, stacked
from fraud.features.dwell_table import MAX_EXPOSURES, MIN_EXPOSURES, padded
from fraud.models.dataset import BOT, HUMAN, UNVERIFIED, Sample, columns_of
from fraud.models.validation import CalibratedDetector
from lab.evaluate.attacks import Generator, Readers, attackers, concat_readers, dwell_table, people
from lab.simulate import reading
from store.client import Databases
from store.columns import id_array
from store.ids import Document, ObjectId, object_id, parse_document
from store.inputs.dwell_log import credentials_read_between, latest_exposures
from store.schema import FEEDITEM_FIELDS

EXPOSURE_COUNTS = (50, 100, 200, 500)
QUERIES = 100  # scores that an adaptive attacker may request
_ROWS = 250  # credentials measured at a time


def world(families: Sequence[str], humans: int, bots: int, rng: Generator) -> Readers:
    """Returns people and `bots` attackers of each family; replays copy these people."""
    persons = people(humans, MAX_EXPOSURES, rng)
    bots_by_family = (attackers(family, bots, MAX_EXPOSURES, rng, persons.streams) for family in families)
    return concat_readers([persons, *bots_by_family])


def adaptive_attackers(count: int, detector: CalibratedDetector, rng: Generator) -> Readers:
    """Returns attackers that each request 100 scores of the detector and use the disguise with the lowest."""
    disguises = [reading.Disguise() for _ in range(count)]
    lowest = np.full(count, np.inf)
    for _ in range(QUERIES):
        trials = [reading.changed(disguise, rng) for disguise in disguises]
        behaviour = measured(_disguised(trials, rng), np.full(count, MAX_EXPOSURES), rng)
        scores = detector.detector.score(columns_of(behaviour))
        better = (scores < lowest).tolist()
        disguises = [new if use else old for new, old, use in zip(trials, disguises, better, strict=True)]
        lowest = np.minimum(lowest, scores)
    return _disguised(disguises, rng)


def _disguised(disguises: Sequence[reading.Disguise], rng: Generator) -> Readers:
    streams = [reading.adaptive(MAX_EXPOSURES, rng, disguise, float(rng.uniform(12, 80))) for disguise in disguises]
    return Readers(streams, np.full(len(streams), "adaptive"), np.arange(len(streams)))


def measured(readers: Readers, latest: NDArray[np.int64], rng: Generator) -> Behaviour:
    """Returns the behaviour of readers over their latest exposures."""
    return stacked(
        [
            measure(dwell_table(readers.streams[start : start + _ROWS], latest[start : start + _ROWS], rng))
            for start in range(0, len(readers), _ROWS)
        ]
    )


def sample_of(readers: Readers, latest: NDArray[np.int64], rng: Generator, verified: float = 1.0) -> Sample:
    """Returns the readers as a sample; all attackers and the share `verified` of the people are labelled."""
    behaviour = measured(readers, latest, rng)
    human = readers.family == "human"
    label = np.where(human, np.where(rng.random(len(readers)) < verified, HUMAN, UNVERIFIED), BOT)
    return Sample(columns_of(behaviour), behaviour.count, label, readers.group, behaviour.last_seen_ms)


def read_humans(folder: Path) -> Sample:
    """Returns all credentials of the folder's `feeditems.jsonl[.gz]` with enough exposures, all unverified.

    Raises:
        ValueError: when the folder has no such file.
    """
    files = [folder / name for name in ("feeditems.jsonl.gz", "feeditems.jsonl") if (folder / name).is_file()]
    if not files:
        raise ValueError(f"--humans: {folder} has no feeditems.jsonl or feeditems.jsonl.gz")
    by_credential: dict[ObjectId, list[tuple[int, int, bytes]]] = {}
    for credential, exposure in filter(None, map(_exposure, _documents(files[0]))):
        by_credential.setdefault(credential, []).append(exposure)
    enough = [rows for _, rows in sorted(by_credential.items()) if len(rows) >= MIN_EXPOSURES]
    if not enough:
        raise ValueError(f"--humans: no credential in {files[0]} has {MIN_EXPOSURES} exposures")
    latest = [sorted(rows, reverse=True)[:MAX_EXPOSURES] for rows in enough]
    seen, left, content = zip(*(exposure for rows in latest for exposure in rows), strict=True)
    counts = np.array([len(rows) for rows in latest], np.int64)
    ids = np.frombuffer(b"".join(content), "S12")
    return _unverified(measure(padded(counts, np.array(seen, np.int64), np.array(left, np.int64), ids)))


def read_labels(path: Path) -> dict[ObjectId, bool]:
    """Returns whether each credential is a bot, from lines {"seenCredential", "bot"}.

    Raises:
        ValueError: for an invalid line, with its number.
    """
    labels: dict[ObjectId, bool] = {}
    for number, line in enumerate(_lines(path), 1):
        try:
            row = json.loads(line)
            labels[object_id(row["seenCredential"], "seenCredential")] = bool(row["bot"])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"--labels: line {number} is not {{seenCredential, bot}}: {error}") from error
    return labels


def loaded_sample(db: Databases, now: datetime, labels: Mapping[ObjectId, bool]) -> Sample:
    """Returns every credential of the loaded app-db with enough exposures, with its label if it has one."""
    credentials, parts = credentials_read_between(db, None, now), []
    measured_credentials: list[ObjectId] = []
    for start in range(0, len(credentials), _ROWS):
        exposures = latest_exposures(db, credentials[start : start + _ROWS], now, MAX_EXPOSURES)
        measured_credentials += exposures.credentials
        if exposures.credentials:
            parts.append(measure(padded(exposures.counts, exposures.seen_ms, exposures.left_ms, exposures.content)))
    if not parts:
        raise ValueError("--labels: the database has no exposures; load a dump first")
    sample = _unverified(stacked(parts))
    codes = {None: UNVERIFIED, True: BOT, False: HUMAN}
    label = np.array([codes[labels.get(credential)] for credential in measured_credentials])
    return replace(sample, label=label).at(sample.count >= MIN_EXPOSURES)


def _unverified(behaviour: Behaviour) -> Sample:
    rows = np.arange(len(behaviour.count))
    return Sample(columns_of(behaviour), behaviour.count, np.full(len(rows), UNVERIFIED), rows, behaviour.last_seen_ms)


def _exposure(document: Document) -> tuple[ObjectId, tuple[int, int, bytes]] | None:
    """Returns the credential and (seen, left, content id) in milliseconds; None for an invalid exposure."""
    current = {
        name: next((document[spelling] for spelling in spellings if spelling in document), None)
        for name, spellings in FEEDITEM_FIELDS.items()
    }
    seen, left, credential = document.get("seenAt"), current["offScreenAt"], current["seenCredential"]
    if not (isinstance(seen, datetime) and isinstance(left, datetime) and isinstance(credential, ObjectId)):
        return None
    content = document.get("content")
    key = id_array([content]).tobytes() if isinstance(content, ObjectId) else bytes(12)
    return (credential, (_ms(seen), _ms(left), key)) if left >= seen else None


def _ms(moment: datetime) -> int:
    return to_ms(moment.astimezone(UTC))


def _documents(path: Path) -> Iterator[Document]:
    yield from (parse_document(line) for line in _lines(path))


def _lines(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        yield from (line for line in lines if line.strip())
