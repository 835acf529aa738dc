"""personalizeContentTrainer and its worker: the members' booster, then every member's own model, shard by shard."""

import io
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.asof import Floats, Ints
from features.countries import COUNTRIES
from features.history import REPORT, History, assemble, disregarding
from features.known import Known, index
from features.margins import margins, opened
from features.matrix import GUEST_COLUMNS, MEMBER_COLUMNS, build
from features.personal import PERSONAL
from store import forget, logs, models, shards, suspects
from store.client import Databases
from store.columns import id_array, object_ids
from trainers.members import guest_margin, own_rows, train_members
from trainers.own import Own, bucket, fit_all
from trainers.requests import DAY_MS, Requests, choices, requests
from trainers.sampling import Sample, affordable, sample

GUEST, MEMBER, PERSONAL_MODEL = "guest", "member", "personal"


@dataclass(frozen=True)
class Config:
    """How much is learnt from."""

    learn_days: float = 60.0  # requests of this long before the members' booster
    live_days: float = 30.0  # contents older than this are not ranked
    most_requests: int = 6_000  # for the booster, the newest
    others: int = 30  # sampled candidates a request that were not shown
    booster_others: int = 60  # the same for the booster, fewer where requests are many
    block_members: int = 20_000  # sampled together, for what that costs by the whole log
    shard_members: int = 500  # members a message
    seed: int = 7
    discount_bots: bool = True  # likely bots' engagement teaches nothing


def train_all_members(
    db: Databases, now: datetime, send: Callable[[str], None] | None = None, config: Config = Config()
) -> dict[str, Any]:
    """The members' booster if its parents are newer, and own models of all members whose data changed.

    `send` hands a shard to a worker; without it every shard is trained here.
    """
    since = now - timedelta(days=config.learn_days + config.live_days)
    history = assemble(logs.read_log(db, since, now, COUNTRIES), logs.read_labels(db, since, now))
    if config.discount_bots:
        history = disregarding(history, id_array(suspects.likely_bot_accounts(db)))
    known, (boosters, ladder) = index(history), _guest_ladder(db)
    current = _current_members(db, ladder)
    if current is None and not _asked(history, now, config):
        return {"members": 0, "shards": 0, "rejected": dict(history.rejected)}

    booster = current or _train_booster(db, history, known, boosters, ladder, now, config)
    changed = _changed_members(db, history, booster)

    names = _shards(db, history, known, boosters, booster, changed, now, config)
    counts = _train_here(db, now, names) if send is None else {"shards": len([send(name) for name in names])}
    return {"members": len(changed), **counts, "rejected": dict(history.rejected)}


def _train_here(db: Databases, now: datetime, names: Iterator[str]) -> dict[str, int]:
    """Trains each shard as soon as it is stored; one with spoilt numbers does not stop the others, but is told."""
    trained: list[dict[str, int]] = []
    failed: list[Exception] = []
    for name in names:
        try:
            trained.append(train_shard(db, now, name))
        except (ValueError, ArithmeticError) as error:
            failed.append(error)
    if failed:
        raise RuntimeError(f"{len(failed)} shards failed, {len(trained)} are trained: {failed[0]}") from failed[0]
    return {"shards": len(trained), "ownModel": sum(each["ownModel"] for each in trained)}


def train_shard(db: Databases, now: datetime, shard: str) -> dict[str, int]:
    """Own models of the members of one shard; members whom none helps get an identity that says why."""
    arrays, described = shards.take(db, shard)

    own = Own(**{name: arrays[name] for name in Own.__dataclass_fields__})
    accounts, fitted = fit_all(own, described["penalty"])
    weights = np.zeros((len(arrays["ids"]), len(PERSONAL)))
    weights[accounts] = fitted
    is_open = np.array(described["open"])[bucket(arrays["engagements"])]
    why = _why_not(weights, np.isin(np.arange(len(weights)), accounts), is_open)

    saved = models.save(db, "mlArtifacts", _artifacts(arrays["ids"], weights, why, described), described["trainedAt"])
    forget.remove_named(db, forget.forgotten_among(db, filter(None, object_ids(arrays["ids"]))))
    shards.drop(db, shard)
    return {"members": saved, "ownModel": why.count("")}


def _guest_ladder(db: Databases) -> tuple[dict[str, Any], str]:
    """The opened boosters of the guest ladder, and what names their versions."""
    found = [
        models.check(document, GUEST_COLUMNS)
        for name in ("mlArtifacts_global", "mlArtifacts_country")
        for document in models.read(db, name, GUEST, {"format": "ubj"})
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
    """The stored booster of the members, if it stands on this very ladder."""
    for artifact in models.load(db, "mlArtifacts_global", MEMBER, MEMBER_COLUMNS, {"account": "members"}):
        report = artifact.report
        if report.get("ladder") == ladder and artifact.trained_at:
            gate = report["gate"]
            return _Booster(
                opened(artifact.artifact), artifact.trained_at, artifact.version, gate["penalty"], list(gate["open"])
            )
    return None


def _asked(history: History, now: datetime, config: Config) -> Requests:
    end = int(now.timestamp() * 1000) - DAY_MS
    asked = requests(history, end - int(config.learn_days * DAY_MS), end)
    return Requests(asked.account[-config.most_requests :], asked.time_ms[-config.most_requests :])


def _train_booster(
    db: Databases, history: History, known: Known, boosters: dict[str, Any], ladder: str, now: datetime, config: Config
) -> _Booster:
    asked = _asked(history, now, config)
    others = affordable(config.booster_others, len(asked))
    taken = sample(history, choices(history, asked, config.live_days), others, config.seed)
    made = train_members(taken, build(known, taken.rows, MEMBER_COLUMNS), boosters)
    gate = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(made.gate).items()}
    report = {"ladder": ladder, "gate": gate, "rows": len(taken.engaged), "engaged": int(taken.engaged.sum())}
    artifact = models.Artifact("members", MEMBER, made.artifact, "ubj", MEMBER_COLUMNS, "global", report)
    models.save(db, "mlArtifacts_global", [artifact], now)
    stored = _current_members(db, ladder)
    if stored is None:
        raise ValueError("the members' booster was not stored")
    return stored


def _changed_members(db: Databases, history: History, booster: _Booster) -> Ints:
    """Rows of accounts with an engagement whose last artifact is missing, of another booster, or older than their acts.

    A request counts once its 24 h are over, so acts since two days before the artifact may change it.
    """
    good = history.engagements.kind < REPORT
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
    found = list(models.trained_times(db, "mlArtifacts", PERSONAL_MODEL, {"report.members": version}))
    if found:
        ids, times = zip(*found, strict=True)
        yield id_array(ids), np.array([int(time.timestamp() * 1000) for time in times])


def _shards(
    db: Databases,
    history: History,
    known: Known,
    boosters: dict[str, Any],
    booster: _Booster,
    members: Ints,
    now: datetime,
    config: Config,
) -> Iterator[str]:
    """Stores the rows of `members`, some hundred members a shard; gives the shards' names."""
    end = int(now.timestamp() * 1000) - DAY_MS
    begin = int((booster.trained_at - timedelta(days=config.learn_days)).timestamp() * 1000)
    asked = requests(history, begin, end)
    known_ms = int(booster.trained_at.timestamp() * 1000)  # what a kind weighs is as old as the booster
    good = history.engagements.kind < REPORT
    engagements = np.bincount(history.engagements.account[good], minlength=len(history.account_id))
    described = {"penalty": booster.penalty, "open": booster.open, "members": booster.version, "trainedAt": now}
    number = itertools.count()
    for block in _split(members, config.block_members):
        mine = np.isin(asked.account, block)
        chosen = choices(history, Requests(asked.account[mine], asked.time_ms[mine]), config.live_days)
        taken = sample(history, chosen, config.others, config.seed, known_ms)
        for some in _split(block, config.shard_members):
            own = _own_rows(known, _of(taken, some), boosters, booster)
            arrays = {"ids": history.account_id[some], "engagements": engagements[some]}
            name = f"{now:%Y%m%dT%H%M%S}-{next(number):05d}"
            arrays |= {"account": np.searchsorted(some, own.account), "columns": own.columns.astype(np.float32)}
            shards.put(db, name, vars(own) | arrays, described)
            yield name


def _own_rows(known: Known, taken: Sample, boosters: dict[str, Any], booster: _Booster) -> Own:
    matrix = build(known, taken.rows, MEMBER_COLUMNS)
    margin = guest_margin(boosters, matrix, taken.rows.country) + margins(booster.opened, matrix)
    return own_rows(taken, matrix, margin)


def _of(taken: Sample, members: Ints) -> Sample:
    mine = np.isin(taken.rows.account, members)
    return Sample(taken.rows.take(mine), taken.engaged[mine], taken.weight[mine], taken.request[mine])


def _split(values: Ints, size: int) -> list[Ints]:
    return [values[first : first + size] for first in range(0, len(values), size)]


def _why_not(weights: Floats, has_rows: NDArray[np.bool_], is_open: NDArray[np.bool_]) -> list[str]:
    """Why each member has no model of their own, "" for one who has."""
    sound = np.isfinite(weights).all(axis=1)
    conditions = [~has_rows, ~sound, ~is_open]
    reasons = ["no request to learn from", "not a number", "no gain on held-out requests"]
    return [str(each) for each in np.select(conditions, reasons, default="")]


def _artifacts(
    ids: NDArray[np.bytes_], weights: Floats, why: list[str], described: dict[str, Any]
) -> Iterator[models.Artifact]:
    report = {"members": described["members"], "penalty": described["penalty"]}
    for account, row, reason in zip(object_ids(ids), weights, why, strict=True):
        if account is None:
            continue
        kind, told = ("identity", report | {"why": reason}) if reason else ("npy", report)
        yield models.Artifact(account, PERSONAL_MODEL, b"" if reason else _npy(row), kind, PERSONAL, "members", told)


def _npy(row: Floats) -> bytes:
    """The row as a file of numpy's format; the header is that of every member's."""
    return _HEADER + row.astype("<f4").tobytes()


def _header() -> bytes:
    buffer, row = io.BytesIO(), np.zeros(len(PERSONAL), "<f4")
    np.lib.format.write_array(buffer, row, allow_pickle=False)
    return buffer.getvalue().removesuffix(row.tobytes())


_HEADER = _header()
