"""The walk forward: every ranker on every request, trained only on what lies before the first one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from features.matrix import GUEST_COLUMNS, MEMBER_COLUMNS, Matrix, build
from features.milliseconds import DAY_MS, HOUR_MS
from features.ranking.boosters import margins, opened
from features.ranking.history import History
from features.ranking.indexes import Known
from features.ranking.member_columns import personal_columns
from features.ranking.point_in_time import Floats, Ints
from store.rules.model_names import WORLD
from trainers.evaluation import baselines
from trainers.evaluation.metrics import Quality, quality
from trainers.hierarchy import Ladder, Table, climb
from trainers.member_booster import guest_margin, own_rows, train_members
from trainers.member_effects import Gate, added, bucket, fit_all
from trainers.rows.requests import Choice, Requests, requests
from trainers.rows.sampling import affordable, joined, sample

Scorer = Callable[[Choice], Floats]
_ROWS_AT_ONCE = 150_000  # bounds the matrix


@dataclass(frozen=True)
class Plan:
    """What is learnt from and what is asked."""

    window_days: float = 30.0  # contents older than this are not ranked
    learn_days: float = 60.0  # requests of this long before the first one
    most_learnt: int = 6_000  # requests, the newest
    most_asked: int | None = None  # requests judged; a sample of people when there are more
    others: int = 60  # sampled candidates a training request that were not shown, fewer where requests are many
    seed: int = 7
    first_tries: bool = True  # whether to judge one booster a member too, isolated and of the plain design
    ladder: Ladder = field(default_factory=Ladder)


@dataclass(frozen=True)
class Rankers:
    """All that was trained before the first request."""

    boosters: Mapping[str, Any]  # the guest ladder
    members: Any
    own: tuple[Ints, Floats]
    gate: Gate
    isolated: Mapping[int, Any] | None
    plain: Mapping[int, Any] | None
    report: Mapping[str, Any]


@dataclass(frozen=True)
class Judged:
    """Figures of every request; `figures[ranker]` has shape (requests, 4) as Quality."""

    account: Ints
    time_ms: Ints
    engaged_before: Ints
    country: Ints
    language: Ints  # of the first relevant content
    figures: Mapping[str, Floats]
    fresh: Mapping[str, Floats]  # NDCG@10 (requests,) with only posts under one hour relevant, NaN without one


def train(history: History, known: Known, since_ms: int, plan: Plan) -> Rankers:
    """Every learnt ranker, from requests whose 24 h are over at `since_ms`."""
    end = since_ms - DAY_MS
    asked = requests(history, end - int(plan.learn_days * DAY_MS), end)
    newest = Requests(asked.account[-plan.most_learnt :], asked.time_ms[-plan.most_learnt :])
    others = affordable(plan.others, len(newest))
    taken = sample(history, newest, others, plan.seed, plan.window_days, since_ms, since_ms)
    matrix = build(known, taken.rows, MEMBER_COLUMNS)
    table = Table(matrix[:, : len(GUEST_COLUMNS)], taken.engaged, taken.weight, taken.request, taken.rows.country)
    levels = list(climb(table, plan.ladder))
    boosters = {each.account: opened(each.artifact) for each in levels if each.artifact}
    members = train_members(taken, matrix, boosters)
    booster = opened(members.artifact)
    margin = guest_margin(boosters, matrix, taken.rows.country) + margins(booster, matrix)
    at_end = replace(taken.rows, time_ms=np.full(len(taken.engaged), since_ms))
    return Rankers(
        boosters=boosters,
        members=booster,
        own=fit_all(own_rows(taken, matrix, margin), members.gate.penalty),
        gate=members.gate,
        isolated=baselines.isolated(taken, matrix) if plan.first_tries else None,
        plain=baselines.plain(history, taken, build(known, at_end, GUEST_COLUMNS)) if plan.first_tries else None,
        report={
            "requests": len(newest),
            "rows": len(taken.engaged),
            "levels": sorted(boosters),
            "gate": vars(members.gate),
        },
    )


def judge(
    history: History, known: Known, rankers: Rankers, asked: Sequence[Choice], extra: Mapping[str, Scorer], seed: int
) -> Judged:
    """Every ranker's figures on every request; `extra` are further rankers by name."""
    generator = np.random.default_rng(seed)
    figures: dict[str, list[Quality]] = {}
    fresh: dict[str, list[float]] = {}
    for choice, matrix in _matrices(history, known, asked):
        ties = generator.random(len(choice.content))
        young = choice.relevant & (choice.time_ms - history.contents.created_ms[choice.content] < HOUR_MS)
        scored = {"random": ties} | _all_scores(rankers, choice, matrix, int(history.country[choice.account]))
        for name, scores in {**scored, **{name: score(choice) for name, score in extra.items()}}.items():
            figures.setdefault(name, []).append(quality(scores, choice.relevant, ties))
            fresh.setdefault(name, []).append(quality(scores, young, ties).ndcg if young.any() else np.nan)
    account = np.array([choice.account for choice in asked])
    time_ms = np.array([choice.time_ms for choice in asked])
    first = np.array([choice.content[choice.relevant.argmax()] for choice in asked])
    return Judged(
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


def _all_scores(rankers: Rankers, choice: Choice, matrix: Matrix, country: int) -> dict[str, Floats]:
    where = np.full(len(matrix), country)
    world = {WORLD: rankers.boosters[WORLD]} if WORLD in rankers.boosters else {}
    guest = guest_margin(rankers.boosters, matrix, where)
    member = margins(rankers.members, matrix)
    own = _own(rankers, choice, matrix)
    return {
        **baselines.formulas(matrix),
        "world": guest_margin(world, matrix, where),
        "guest": guest,
        "global": guest_margin(world, matrix, where) + member,
        "members": guest + member,
        "personal": guest + member + own,
        **_first_tries(rankers, choice.account, matrix),
    }


def _first_tries(rankers: Rankers, account: int, matrix: Matrix) -> dict[str, Floats]:
    tried = {"isolated": rankers.isolated, "plain": rankers.plain}
    return {name: baselines.scores_of(each, account, matrix) for name, each in tried.items() if each is not None}


def _own(rankers: Rankers, choice: Choice, matrix: Matrix) -> Floats:
    """What the member's own model adds, if the gate is open for members with so many engagements."""
    engaged = matrix[:1, MEMBER_COLUMNS.index("userEngaged")].astype(np.int64)
    if not rankers.gate.open[int(bucket(engaged)[0])]:
        return np.zeros(len(matrix))
    return added(*rankers.own, np.full(len(matrix), choice.account), personal_columns(matrix))


def _matrices(history: History, known: Known, asked: Sequence[Choice]) -> Iterator[tuple[Choice, Matrix]]:
    """Each request with the matrix (candidates, MEMBER_COLUMNS) of its candidates, built several at a time."""
    batch: list[Choice] = []
    for number, choice in enumerate(asked):
        batch.append(choice)
        if sum(len(each.content) for each in batch) >= _ROWS_AT_ONCE or number == len(asked) - 1:
            matrix = build(known, joined([each.rows(history) for each in batch]), MEMBER_COLUMNS)
            ends = np.cumsum([len(each.content) for each in batch])
            yield from zip(batch, np.split(matrix, ends[:-1]), strict=True)
            batch = []
