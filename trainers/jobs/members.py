"""personalizeContentTrainer and its worker: the members' booster, then every member's own model, shard by shard."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.fingerprint import fingerprint
from features.jobs.history import read_history
from features.matrix import GUEST_COLUMNS, MEMBER_COLUMNS, build
from features.milliseconds import DAY_MS, to_ms
from features.ranking.boosters import opened
from features.ranking.history import History
from features.ranking.indexes import Known, index
from features.ranking.member_columns import PERSONAL
from features.ranking.point_in_time import Floats, Ints
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
from trainers.jobs.member_shards import Work, artifacts, fitted, identities, split
from trainers.jobs.process_pool import side_by_side
from trainers.member_booster import train_members
from trainers.rows.requests import Candidates, Requests, requests
from trainers.rows.sampling import Sampler, affordable, sample


@dataclass(frozen=True)
class Config:
    """How much is learnt from."""

    learn_days: float = 60.0  # requests of this long before the members' booster
    live_days: float = 30.0  # contents older than this are not ranked
    most_requests: int = 6_000  # for the booster, the newest
    others: int = 30  # sampled candidates a request that were not shown
    booster_others: int = 60  # the same for the booster, fewer where requests are many
    block_members: int = 20_000  # whose taste is compared together, for what that costs by the whole log
    shard_members: int = 500  # members a message
    processes: int = 1  # that make rows and fit, where no queue hands the shards to others
    seed: int = 7
    discount_bots: bool = True  # likely bots' engagement teaches nothing


def train_all_members(
    db: Databases, now: datetime, send: Callable[[str], None] | None = None, config: Config = Config()
) -> dict[str, Any]:
    """The members' booster if its parents are newer, and own models of all members whose data changed.

    `send` hands a shard to a worker; without it every shard is trained here.
    """
    since = now - timedelta(days=config.learn_days + config.live_days)
    history = read_history(db, since, now, discount_bots=config.discount_bots)
    known, (boosters, ladder) = index(history), _guest_ladder(db)
    current = _current_members(db, ladder)
    if current is None and not _asked(history, now, config):
        return {"members": 0, "shards": 0, "rejected": dict(history.rejected)}

    booster = current or _train_booster(db, history, known, boosters, ladder, now, config)
    changed = _changed_members(db, history, booster)

    work = _work(history, known, boosters, booster, now, config)
    is_open = work.is_open(changed)

    models.save(db, MEMBER_ARTIFACTS, identities(history.account_id[changed[~is_open]], work.described), now)
    members = changed[is_open]
    counts = _send_away(db, now, work, members, send, config) if send else _train_here(db, now, work, members, config)
    return {"members": len(changed), **counts, "rejected": dict(history.rejected)}


def train_shard(db: Databases, now: datetime, shard: str) -> dict[str, int]:
    """Own models of the members of one stored shard; members whom none helps get an identity that says why."""
    arrays, described = training_shards.take(db, shard)

    ids, weights, why = fitted(arrays, described["penalty"])

    saved = models.save(db, MEMBER_ARTIFACTS, artifacts(ids, weights, why, described), described["trainedAt"])
    erasure.remove_named(db, erasure.forgotten_among(db, filter(None, object_ids(ids))))
    training_shards.drop(db, shard)
    return {"members": saved, "ownModel": why.count("")}


def _train_here(db: Databases, now: datetime, work: Work, members: Ints, config: Config) -> dict[str, int]:
    """Own models of the members, on all processors; each block is stored as soon as it is fitted."""

    def own_models(block: Ints) -> list[tuple[NDArray[np.bytes_], Floats, list[str]]]:
        return [fitted(arrays, work.described["penalty"]) for arrays in work.shards(block, config.shard_members)]

    size = min(max(len(members) // config.processes + 1, config.shard_members), config.block_members)
    counts = {"shards": 0, "ownModel": 0}
    for block in side_by_side(own_models, split(members, size), config.processes):
        for ids, weights, why in block:
            models.save(db, MEMBER_ARTIFACTS, artifacts(ids, weights, why, work.described), now)
            counts = {"shards": counts["shards"] + 1, "ownModel": counts["ownModel"] + why.count("")}
    return counts


def _send_away(
    db: Databases, now: datetime, work: Work, members: Ints, send: Callable[[str], None], config: Config
) -> dict[str, int]:
    """Stores the rows of the members and hands the shards' names on."""
    number = itertools.count()
    for block in split(members, config.block_members):
        for arrays in work.shards(block, config.shard_members):
            name = f"{now:%Y%m%dT%H%M%S}-{next(number):05d}"
            training_shards.put(db, name, arrays, work.described)
            send(name)
    return {"shards": next(number)}


def _guest_ladder(db: Databases) -> tuple[dict[str, Any], str]:
    """The opened boosters of the guest ladder, and what names their versions."""
    found = [
        models.check(document, GUEST_COLUMNS, fingerprint(GUEST_COLUMNS))
        for name in (WORLD_ARTIFACTS, COUNTRY_ARTIFACTS)
        for document in models.read(db, name, GUEST_MODEL, {"format": "ubj"})
    ]
    versions = "+".join(f"{each.account}{each.version}" for each in sorted(found, key=lambda each: str(each.account)))
    return {str(each.account): opened(each.artifact) for each in found}, versions


@dataclass(frozen=True)
class _Booster:
    opened: Any
    trained_at: datetime
    version: int
    penalty: float
    open: list[bool]


def _current_members(db: Databases, ladder: str) -> _Booster | None:
    """The stored booster of the members, if it is trained on this very hierarchy and today's columns."""
    expected = fingerprint(MEMBER_COLUMNS)
    for document in models.read(db, WORLD_ARTIFACTS, MEMBER_MODEL, {"account": MEMBERS}):
        if models.outdated(document, expected):
            continue
        artifact = models.check(document, MEMBER_COLUMNS, expected)
        report = artifact.report
        if report.get("ladder") == ladder and artifact.trained_at:
            gate = report["gate"]
            return _Booster(
                opened(artifact.artifact), artifact.trained_at, artifact.version, gate["penalty"], list(gate["open"])
            )
    return None


def _asked(history: History, now: datetime, config: Config) -> Requests:
    end = to_ms(now) - DAY_MS
    asked = requests(history, end - int(config.learn_days * DAY_MS), end)
    return Requests(asked.account[-config.most_requests :], asked.time_ms[-config.most_requests :])


def _train_booster(
    db: Databases, history: History, known: Known, boosters: dict[str, Any], ladder: str, now: datetime, config: Config
) -> _Booster:
    asked = _asked(history, now, config)
    others = affordable(config.booster_others, len(asked))
    taken = sample(history, asked, others, config.seed, config.live_days)
    made = train_members(taken, build(known, taken.rows, MEMBER_COLUMNS), boosters)
    gate = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(made.gate).items()}
    report = {"ladder": ladder, "gate": gate, "rows": len(taken.engaged), "engaged": int(taken.engaged.sum())}
    artifact = models.Artifact(
        MEMBERS, MEMBER_MODEL, made.artifact, "ubj", MEMBER_COLUMNS, fingerprint(MEMBER_COLUMNS), WORLD, report
    )
    models.save(db, WORLD_ARTIFACTS, [artifact], now)
    stored = _current_members(db, ladder)
    if stored is None:
        raise ValueError("the members' booster was not stored")
    return stored


def _changed_members(db: Databases, history: History, booster: _Booster) -> Ints:
    """Rows of accounts with an engagement whose last artifact is missing, of another booster, or older than their acts.

    A request counts once its 24 h are over, so acts since two days before the artifact may change it.
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
    trained = {"report.members": version, "fingerprint": fingerprint(PERSONAL)}
    found = list(models.trained_times(db, MEMBER_ARTIFACTS, PERSONAL_MODEL, trained))
    if found:
        ids, times = zip(*found, strict=True)
        yield id_array(ids), np.array([to_ms(time) for time in times])


def _work(
    history: History, known: Known, guests: dict[str, Any], booster: _Booster, now: datetime, config: Config
) -> Work:
    end = to_ms(now) - DAY_MS
    begin = to_ms(booster.trained_at - timedelta(days=config.learn_days))
    known_ms = to_ms(booster.trained_at)  # what a kind weighs is as old as the booster
    good = history.engagements.is_engagement
    return Work(
        known=known,
        guests=guests,
        members=booster.opened,
        asked=requests(history, begin, end),
        candidates=Candidates(history, config.live_days),
        sampler=Sampler(history, config.others, config.seed, known_ms),
        engagements=np.bincount(history.engagements.account[good], minlength=len(history.account_id)),
        described={
            "penalty": booster.penalty,
            "open": booster.open,
            "members": booster.version,
            "fingerprint": fingerprint(PERSONAL),
            "trainedAt": now,
        },
    )
