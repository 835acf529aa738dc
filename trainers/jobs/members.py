"""personalizeContentTrainer and its worker: the members' booster, then member effects shard by shard."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats, Ints, pack_arrays, unpack_arrays
from features.fingerprint import fingerprint
from features.jobs.history import read_history
from features.matrix import GUEST_COLUMNS, MEMBER_COLUMNS, build
from features.milliseconds import DAY_MS, to_ms
from features.ranking.boosters import load_booster
from features.ranking.history import History
from features.ranking.indexes import HistoryIndex, build_index
from features.ranking.member_columns import EFFECT_COLUMNS
from store import erasure
from store.client import Databases
from store.columns import id_array, object_ids
from store.outputs import models, training_shards
from store.rules.model_names import (
    COUNTRY_ARTIFACTS,
    GUEST_MODEL,
    MEMBER_ARTIFACTS,
    MEMBER_MODEL,
    MEMBERS,
    PERSONAL_MODEL,
    WORLD,
    WORLD_ARTIFACTS,
)
from trainers.jobs.member_shards import ShardSource, artifacts, fit_shard, identities, split
from trainers.jobs.process_pool import map_forked
from trainers.member_booster import train_member_booster
from trainers.rows.requests import CandidateIndex, Requests, find_requests
from trainers.rows.sampling import Sampler, affordable, sample


@dataclass(frozen=True)
class Config:
    """Training window, negative sampling and shard sizes."""

    learn_days: float = 60.0  # requests of this long before the members' booster
    live_days: float = 30.0  # contents older than this are not ranked
    max_requests: int = 6_000  # for the booster, the newest
    others: int = 30  # sampled candidates per request that were not shown
    booster_others: int = 60  # the same for the booster; fewer with many requests
    block_members: int = 20_000  # compared together: co-engagement costs one pass over the log
    shard_members: int = 500  # per message
    processes: int = 1  # that build rows and fit, without a queue
    seed: int = 7
    discount_bots: bool = True  # leaves out likely bots' engagement


def train_all_members(
    db: Databases, now: datetime, send: Callable[[str], None] | None = None, config: Config = Config()
) -> dict[str, Any]:
    """Trains the members' booster if its parents are newer, and the effects of all members whose data changed.

    `send` passes a shard to a worker; without it every shard is trained here.
    """
    since = now - timedelta(days=config.learn_days + config.live_days)
    history = read_history(db, since, now, discount_bots=config.discount_bots)
    known, (boosters, parents) = build_index(history), _guest_boosters(db)
    current = _current_booster(db, parents)
    if current is None and not _newest_requests(history, now, config):
        return {"members": 0, "shards": 0, "rejected": dict(history.rejected)}

    booster = current or _train_booster(db, history, known, boosters, parents, now, config)
    changed = _changed_members(db, history, booster)

    source = _shard_source(history, known, boosters, booster, now, config)
    is_open = source.is_open(changed)

    models.save(db, MEMBER_ARTIFACTS, identities(history.account_id[changed[~is_open]], source.described), now)
    members = changed[is_open]
    counts = (
        _dispatch(db, now, source, members, send, config) if send else _train_inline(db, now, source, members, config)
    )
    return {"members": len(changed), **counts, "rejected": dict(history.rejected)}


def train_shard(db: Databases, now: datetime, shard: str) -> dict[str, int]:
    """Trains the effects of one stored shard; a member without any gets an identity with the reason."""
    payload, described = training_shards.take(db, shard)

    ids, weights, why = fit_shard(unpack_arrays(payload), described["penalty"])

    saved = models.save(db, MEMBER_ARTIFACTS, artifacts(ids, weights, why, described), described["trainedAt"])
    erasure.remove_named(db, erasure.erased_among(db, filter(None, object_ids(ids))))
    training_shards.drop(db, shard)
    return {"members": saved, "ownModel": why.count("")}


def _train_inline(db: Databases, now: datetime, source: ShardSource, members: Ints, config: Config) -> dict[str, int]:
    """Trains the members' effects on all processors; stores each block as soon as it is fitted."""

    def fit_block(block: Ints) -> list[tuple[NDArray[np.bytes_], Floats, list[str]]]:
        return [fit_shard(arrays, source.described["penalty"]) for arrays in source.shards(block, config.shard_members)]

    size = min(max(len(members) // config.processes + 1, config.shard_members), config.block_members)
    counts = {"shards": 0, "ownModel": 0}
    for block in map_forked(fit_block, split(members, size), config.processes):
        for ids, weights, why in block:
            models.save(db, MEMBER_ARTIFACTS, artifacts(ids, weights, why, source.described), now)
            counts = {"shards": counts["shards"] + 1, "ownModel": counts["ownModel"] + why.count("")}
    return counts


def _dispatch(
    db: Databases, now: datetime, source: ShardSource, members: Ints, send: Callable[[str], None], config: Config
) -> dict[str, int]:
    """Stores the members' rows as shards and sends the names of the shards."""
    number = itertools.count()
    for block in split(members, config.block_members):
        for arrays in source.shards(block, config.shard_members):
            name = f"{now:%Y%m%dT%H%M%S}-{next(number):05d}"
            training_shards.put(db, name, pack_arrays(arrays), source.described)
            send(name)
    return {"shards": next(number)}


def _guest_boosters(db: Databases) -> tuple[dict[str, Any], str]:
    """Returns the opened boosters of the guest levels, and a key of their versions."""
    stored = [
        models.check(document, GUEST_COLUMNS, fingerprint(GUEST_COLUMNS))
        for name in (WORLD_ARTIFACTS, COUNTRY_ARTIFACTS)
        for document in models.read(db, name, GUEST_MODEL, {"format": "ubj"})
    ]
    by_level = {str(artifact.account): artifact for artifact in stored}
    versions = "+".join(f"{level}{by_level[level].version}" for level in sorted(by_level))
    return {level: load_booster(artifact.artifact) for level, artifact in by_level.items()}, versions


@dataclass(frozen=True)
class _StoredBooster:
    opened: Any
    trained_at: datetime
    version: int
    penalty: float
    open: list[bool]


def _current_booster(db: Databases, parents: str) -> _StoredBooster | None:
    """Returns the stored members' booster if it was trained on these parents and today's columns."""
    expected = fingerprint(MEMBER_COLUMNS)
    for document in models.read(db, WORLD_ARTIFACTS, MEMBER_MODEL, {"account": MEMBERS}):
        if models.outdated(document, expected):
            continue
        artifact = models.check(document, MEMBER_COLUMNS, expected)
        report = artifact.report
        if report.get("ladder") == parents and artifact.trained_at:
            gate = report["gate"]
            return _StoredBooster(
                load_booster(artifact.artifact),
                artifact.trained_at,
                artifact.version,
                gate["penalty"],
                list(gate["open"]),
            )
    return None


def _newest_requests(history: History, now: datetime, config: Config) -> Requests:
    end = to_ms(now) - DAY_MS
    requests = find_requests(history, end - int(config.learn_days * DAY_MS), end)
    return Requests(requests.account[-config.max_requests :], requests.time_ms[-config.max_requests :])


def _train_booster(
    db: Databases,
    history: History,
    known: HistoryIndex,
    boosters: dict[str, Any],
    parents: str,
    now: datetime,
    config: Config,
) -> _StoredBooster:
    requests = _newest_requests(history, now, config)
    others = affordable(config.booster_others, len(requests))
    sampled = sample(history, requests, others, config.seed, config.live_days)
    trained = train_member_booster(sampled, build(known, sampled.rows, MEMBER_COLUMNS), boosters)
    gate = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(trained.gate).items()}
    report = {"ladder": parents, "gate": gate, "rows": len(sampled.engaged), "engaged": int(sampled.engaged.sum())}
    artifact = models.Artifact(
        MEMBERS, MEMBER_MODEL, trained.artifact, "ubj", MEMBER_COLUMNS, fingerprint(MEMBER_COLUMNS), WORLD, report
    )
    models.save(db, WORLD_ARTIFACTS, [artifact], now)
    stored = _current_booster(db, parents)
    if stored is None:
        raise ValueError("the members' booster was not stored")
    return stored


def _changed_members(db: Databases, history: History, booster: _StoredBooster) -> Ints:
    """Returns rows of engaged accounts whose artifact is missing, of another booster, or older than their events.

    A request counts once its 24 h are over, so events since two days before the artifact may change it.
    """
    good = history.engagements.is_engagement
    engaging = np.unique(history.engagements.account[good])
    engaging = engaging[~history.guest[engaging]]
    last = np.full(len(history.account_id), -1, dtype=np.int64)
    for events in (history.engagements, history.exposures):
        np.maximum.at(last, events.account, events.time_ms)
    trained = np.full(len(history.account_id), -1, dtype=np.int64)
    for ids, times in _trained_times(db, booster.version):
        place = np.minimum(np.searchsorted(history.account_id, ids), len(history.account_id) - 1)
        same = history.account_id[place] == ids
        trained[place[same]] = times[same]
    return engaging[(trained[engaging] < 0) | (last[engaging] > trained[engaging] - 2 * DAY_MS)]


def _trained_times(db: Databases, version: int) -> Iterator[tuple[Any, Ints]]:
    current = {"report.members": version, "fingerprint": fingerprint(EFFECT_COLUMNS)}
    stored = list(models.trained_times(db, MEMBER_ARTIFACTS, PERSONAL_MODEL, current))
    if stored:
        ids, times = zip(*stored, strict=True)
        yield id_array(ids), np.array([to_ms(time) for time in times])


def _shard_source(
    history: History,
    known: HistoryIndex,
    guests: dict[str, Any],
    booster: _StoredBooster,
    now: datetime,
    config: Config,
) -> ShardSource:
    end = to_ms(now) - DAY_MS
    begin = to_ms(booster.trained_at - timedelta(days=config.learn_days))
    known_ms = to_ms(booster.trained_at)  # weights of kinds are as old as the booster
    good = history.engagements.is_engagement
    return ShardSource(
        known=known,
        guests=guests,
        members=booster.opened,
        requests=find_requests(history, begin, end),
        candidates=CandidateIndex(history, config.live_days),
        sampler=Sampler(history, config.others, config.seed, config.live_days, known_ms),
        engagements=np.bincount(history.engagements.account[good], minlength=len(history.account_id)),
        described={
            "penalty": booster.penalty,
            "open": booster.open,
            "members": booster.version,
            "fingerprint": fingerprint(EFFECT_COLUMNS),
            "trainedAt": now,
        },
    )
