"""Readers and their truth as samples for the fraud evaluation: simulated worlds, dumps, a loaded database."""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.milliseconds import to_ms
from fraud.features.behaviour import Behaviour, measure, stacked
from fraud.features.dwell_table import MAX_EXPOSURES, MIN_EXPOSURES, padded
from fraud.models.dataset import BOT, HUMAN, UNVERIFIED, Sample, columns_of
from fraud.models.validation import Judge
from lab.evaluate.attacks import Generator, Readers, attackers, people, table, together
from lab.simulate import reading
from store.client import Databases
from store.columns import id_array
from store.ids import Document, ObjectId, object_id, parse_document
from store.inputs.dwell_log import credentials_read_between, latest_exposures
from store.schema import FEEDITEM_FIELDS

READINGS = (50, 100, 200, 500)
LOOKS = 100  # at its score, that the adaptive attacker takes
_ROWS = 250  # measured at a time


def world(families: Sequence[str], humans: int, bots: int, rng: Generator) -> Readers:
    """People, and `bots` attackers of each family; replays copy these people."""
    persons = people(humans, MAX_EXPOSURES, rng)
    return together([persons, *(attackers(family, bots, MAX_EXPOSURES, rng, persons.streams) for family in families)])


def adapted(count: int, judge: Judge, rng: Generator) -> Readers:
    """Adaptive attackers who each looked 100 times at the judge's score and kept the best disguise."""
    disguise = [reading.Disguise() for _ in range(count)]
    best = np.full(count, np.inf)
    for _ in range(LOOKS):
        trial = [reading.changed(each, rng) for each in disguise]
        readers = _disguised(trial, rng)
        behaviour = measured(readers, np.full(count, MAX_EXPOSURES), rng)
        raw = judge.detector.score(columns_of(behaviour))
        disguise = [
            new if score < old else held for new, held, score, old in zip(trial, disguise, raw, best, strict=True)
        ]
        best = np.minimum(best, raw)
    return _disguised(disguise, rng)


def _disguised(disguise: Sequence[reading.Disguise], rng: Generator) -> Readers:
    streams = [reading.adaptive(MAX_EXPOSURES, rng, each, float(rng.uniform(12, 80))) for each in disguise]
    return Readers(streams, np.full(len(streams), "adaptive"), np.arange(len(streams)))


def measured(readers: Readers, latest: NDArray[np.int64], rng: Generator) -> Behaviour:
    """The behaviour of readers over their latest readings."""
    return stacked(
        [
            measure(table(readers.streams[start : start + _ROWS], latest[start : start + _ROWS], rng))
            for start in range(0, len(readers), _ROWS)
        ]
    )


def sample_of(readers: Readers, latest: NDArray[np.int64], rng: Generator, verified: float = 1.0) -> Sample:
    """The readers as a sample; a share of the people is verified, every attacker is."""
    behaviour = measured(readers, latest, rng)
    human = readers.family == "human"
    label = np.where(human, np.where(rng.random(len(readers)) < verified, HUMAN, UNVERIFIED), BOT)
    return Sample(columns_of(behaviour), behaviour.count, label, readers.group, behaviour.last_seen_ms)


def read_humans(folder: Path) -> Sample:
    """Everybody in `feeditems.jsonl[.gz]` of the folder with enough readings, all unverified.

    Raises:
        ValueError: when the folder has no such file.
    """
    files = [folder / name for name in ("feeditems.jsonl.gz", "feeditems.jsonl") if (folder / name).is_file()]
    if not files:
        raise ValueError(f"--humans: {folder} has no feeditems.jsonl or feeditems.jsonl.gz")
    readings: dict[Any, list[tuple[int, int, bytes]]] = {}
    for document in _documents(files[0]):
        if found := _reading(document):
            readings.setdefault(found[0], []).append(found[1])
    latest = [
        sorted(each, reverse=True)[:MAX_EXPOSURES] for _, each in sorted(readings.items()) if len(each) >= MIN_EXPOSURES
    ]
    if not latest:
        raise ValueError(f"--humans: nobody in {files[0]} has {MIN_EXPOSURES} readings")
    flat = [one for each in latest for one in each]
    counts = np.array([len(each) for each in latest], np.int64)
    seen, left = (np.array([one[place] for one in flat], np.int64) for place in (0, 1))
    behaviour = measure(padded(counts, seen, left, np.frombuffer(b"".join(one[2] for one in flat), "S12")))
    return _unverified(behaviour)


def read_labels(path: Path) -> dict[ObjectId, bool]:
    """Credential → a bot?, from lines {"seenCredential", "bot"}.

    Raises:
        ValueError: naming the line that is not one.
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
    """Every credential of the loaded app-db with enough readings, under the given labels."""
    credentials, parts = credentials_read_between(db, None, now), []
    known: list[ObjectId] = []
    for start in range(0, len(credentials), _ROWS):
        found = latest_exposures(db, credentials[start : start + _ROWS], now, MAX_EXPOSURES)
        known += found.credentials
        if found.credentials:
            parts.append(measure(padded(found.counts, found.seen_ms, found.left_ms, found.content)))
    if not parts:
        raise ValueError("--labels: the database has no readings; load them first")
    sample = _unverified(stacked(parts))
    codes = {None: UNVERIFIED, True: BOT, False: HUMAN}
    label = np.array([codes[labels.get(each)] for each in known])
    labelled = replace(sample, label=label)
    return labelled.at(sample.count >= MIN_EXPOSURES)


def _unverified(behaviour: Behaviour) -> Sample:
    rows = np.arange(len(behaviour.count))
    return Sample(columns_of(behaviour), behaviour.count, np.full(len(rows), UNVERIFIED), rows, behaviour.last_seen_ms)


def _reading(document: Document) -> tuple[ObjectId, tuple[int, int, bytes]] | None:
    """The credential, and when it saw which content until when; None for what is no valid reading."""
    named = {
        name: next((document[each] for each in names if each in document), None)
        for name, names in FEEDITEM_FIELDS.items()
    }
    seen, left, credential = document.get("seenAt"), named["offScreenAt"], named["seenCredential"]
    if not (isinstance(seen, datetime) and isinstance(left, datetime) and isinstance(credential, ObjectId)):
        return None
    content = document.get("content")
    number = id_array([content]).tobytes() if isinstance(content, ObjectId) else bytes(12)
    return (credential, (_ms(seen), _ms(left), number)) if left >= seen else None


def _ms(moment: datetime) -> int:
    return to_ms(moment.astimezone(UTC))


def _documents(path: Path) -> Iterator[Document]:
    yield from (parse_document(line) for line in _lines(path))


def _lines(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        yield from (line for line in lines if line.strip())
