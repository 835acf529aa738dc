"""Walk-forward evaluation: every ranker on every request, trained only on events before the first one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from features.arrays import Floats, Ints
from features.matrix import GUEST_COLUMNS, MEMBER_COLUMNS, Matrix, build
from features.milliseconds import DAY_MS, HOUR_MS
from features.ranking.boosters import load_booster, predict_log_odds
from features.ranking.history import History
from features.ranking.indexes import HistoryIndex
from features.ranking.member_columns import effect_columns
from store.rules.model_names import WORLD
from trainers.evaluation import baselines
from trainers.evaluation.metrics import Quality, quality
from trainers.hierarchy import GateConfig, Table, train_hierarchy
from trainers.member_booster import guest_margin, member_rows, train_member_booster
from trainers.member_effects import Gate, bucket, effect_log_odds, fit_member_effects
from trainers.rows.requests import CandidateSet, Requests, find_requests
from trainers.rows.sampling import affordable, joined, sample

Scorer = Callable[[CandidateSet], Floats]
_ROWS_AT_ONCE = 150_000  # bounds the matrix


@dataclass(frozen=True)
class Plan:
    """Training window, negative sampling and evaluation size."""

    window_days: float = 30.0  # contents older than this are not ranked
    learn_days: float = 60.0  # requests of this long before the first one
    max_training_requests: int = 6_000  # requests, the newest
    max_requests: int | None = None  # a random sample when there are more; None takes all
    others: int = 60  # sampled candidates per training request that were not shown; fewer with many requests
    seed: int = 7
    first_tries: bool = True  # whether to evaluate one booster per member too: isolated, and of the first design
    gate: GateConfig = field(default_factory=GateConfig)


@dataclass(frozen=True)
class Rankers:
    """The models trained before the first request."""

    boosters: Mapping[str, Any]  # of the guest levels
    members: Any
    effects: tuple[Ints, Floats]  # accounts and weights, as fit_member_effects
    gate: Gate
    isolated: Mapping[int, Any] | None
    plain: Mapping[int, Any] | None
    report: Mapping[str, Any]


@dataclass(frozen=True)
class Evaluation:
    """Figures of every request; `figures[ranker]` has shape (requests, 4) as Quality."""

    account: Ints
    time_ms: Ints
    engaged_before: Ints
    country: Ints
    language: Ints  # of the first relevant content
    figures: Mapping[str, Floats]
    fresh: Mapping[str, Floats]  # NDCG@10 (requests,) with only posts under one hour relevant, NaN without one


def train(history: History, known: HistoryIndex, since_ms: int, plan: Plan) -> Rankers:
    """Trains every ranker on requests whose 24 h are over at `since_ms`."""
    end = since_ms - DAY_MS
    requests = find_requests(history, end - int(plan.learn_days * DAY_MS), end)
    newest = Requests(requests.account[-plan.max_training_requests :], requests.time_ms[-plan.max_training_requests :])
    others = affordable(plan.others, len(newest))
    sampled = sample(history, newest, others, plan.seed, plan.window_days, since_ms, since_ms)
    matrix = build(known, sampled.rows, MEMBER_COLUMNS)
    table = Table(
        matrix[:, : len(GUEST_COLUMNS)], sampled.engaged, sampled.weight, sampled.request, sampled.rows.country
    )
    levels = list(train_hierarchy(table, plan.gate))
    boosters = {level.account: load_booster(level.artifact) for level in levels if level.artifact}
    members = train_member_booster(sampled, matrix, boosters)
    booster = load_booster(members.artifact)
    margin = guest_margin(boosters, matrix, sampled.rows.country) + predict_log_odds(booster, matrix)
    at_end = replace(sampled.rows, time_ms=np.full(len(sampled.engaged), since_ms))
    return Rankers(
        boosters=boosters,
        members=booster,
        effects=fit_member_effects(member_rows(sampled, matrix, margin), members.gate.penalty),
        gate=members.gate,
        isolated=baselines.isolated(sampled, matrix) if plan.first_tries else None,
        plain=baselines.plain(history, sampled, build(known, at_end, GUEST_COLUMNS)) if plan.first_tries else None,
        report={
            "requests": len(newest),
            "rows": len(sampled.engaged),
            "levels": sorted(boosters),
            "gate": vars(members.gate),
        },
    )


def evaluate(
    history: History,
    known: HistoryIndex,
    rankers: Rankers,
    requests: Sequence[CandidateSet],
    extra: Mapping[str, Scorer],
    seed: int,
) -> Evaluation:
    """Returns the figures of every ranker on every request; `extra` are further rankers by name."""
    generator = np.random.default_rng(seed)
    figures: dict[str, list[Quality]] = {}
    fresh: dict[str, list[float]] = {}
    for candidates, matrix in _matrices(history, known, requests):
        ties = generator.random(len(candidates.content))
        young = candidates.relevant & (candidates.time_ms - history.contents.created_ms[candidates.content] < HOUR_MS)
        scored = {"random": ties} | _all_scores(rankers, candidates, matrix, int(history.country[candidates.account]))
        for name, scores in {**scored, **{name: score(candidates) for name, score in extra.items()}}.items():
            figures.setdefault(name, []).append(quality(scores, candidates.relevant, ties))
            fresh.setdefault(name, []).append(quality(scores, young, ties).ndcg if young.any() else np.nan)
    account = np.array([candidates.account for candidates in requests])
    time_ms = np.array([candidates.time_ms for candidates in requests])
    first = np.array([candidates.content[candidates.relevant.argmax()] for candidates in requests])
    return Evaluation(
        account=account,
        time_ms=time_ms,
        engaged_before=known.by_account["any"].engaged.index.before(
            known.by_account["any"].engaged.key(account, np.zeros_like(account)), time_ms
        ),
        country=history.country[account],
        language=history.contents.language[first],
        figures={name: np.array(values) for name, values in figures.items()},
        fresh={name: np.array(values) for name, values in fresh.items()},
    )


def _all_scores(rankers: Rankers, candidates: CandidateSet, matrix: Matrix, country: int) -> dict[str, Floats]:
    countries = np.full(len(matrix), country)
    world = {WORLD: rankers.boosters[WORLD]} if WORLD in rankers.boosters else {}
    guest = guest_margin(rankers.boosters, matrix, countries)
    member = predict_log_odds(rankers.members, matrix)
    return {
        **baselines.formulas(matrix),
        "world": guest_margin(world, matrix, countries),
        "guest": guest,
        "global": guest_margin(world, matrix, countries) + member,
        "members": guest + member,
        "personal": guest + member + _member_effects(rankers, candidates, matrix),
        **_first_tries(rankers, candidates.account, matrix),
    }


def _first_tries(rankers: Rankers, account: int, matrix: Matrix) -> dict[str, Floats]:
    tries = {"isolated": rankers.isolated, "plain": rankers.plain}
    return {name: baselines.scores_of(models, account, matrix) for name, models in tries.items() if models is not None}


def _member_effects(rankers: Rankers, candidates: CandidateSet, matrix: Matrix) -> Floats:
    """Returns what the member effects add, where the gate is open for the member's number of engagements."""
    engaged = matrix[:1, MEMBER_COLUMNS.index("userEngaged")].astype(np.int64)
    if not rankers.gate.open[int(bucket(engaged)[0])]:
        return np.zeros(len(matrix))
    return effect_log_odds(*rankers.effects, np.full(len(matrix), candidates.account), effect_columns(matrix))


def _matrices(
    history: History, known: HistoryIndex, requests: Sequence[CandidateSet]
) -> Iterator[tuple[CandidateSet, Matrix]]:
    """Yields each request with the matrix (candidates, MEMBER_COLUMNS) of its candidates, built in batches."""
    batch: list[CandidateSet] = []
    for number, candidates in enumerate(requests):
        batch.append(candidates)
        if sum(len(request.content) for request in batch) >= _ROWS_AT_ONCE or number == len(requests) - 1:
            matrix = build(known, joined([request.rows(history) for request in batch]), MEMBER_COLUMNS)
            ends = np.cumsum([len(request.content) for request in batch])
            yield from zip(batch, np.split(matrix, ends[:-1]), strict=True)
            batch = []
