"""`feedpulse evaluate ranking`: all rankers walked forward over a period, as a table with bars or as JSON."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from features.countries import COUNTRIES
from features.ranking.history import History, assemble
from features.ranking.indexes import index
from lab.evaluate.cold import cold
from lab.evaluate.recall import recalls
from ops import console
from store.client import Databases
from store.inputs import event_log
from trainers.evaluation import baselines, report, walk_forward
from trainers.evaluation.walk_forward import Plan, Scorer
from trainers.rows.requests import Choice, choices, requests


def evaluate(db: Databases, since: datetime, until: datetime, plan: Plan, truth: Path | None = None) -> dict[str, Any]:
    """The report of `feedpulse evaluate ranking`; `truth` is the simulator's truth.jsonl, which adds its ranker.

    Raises:
        ValueError: when no request of the period has an engagement to judge by, or none before it to learn from.
    """
    started = time.perf_counter()
    oldest = since - timedelta(days=plan.learn_days + plan.window_days)
    end = until + timedelta(days=1)
    history = assemble(event_log.read_log(db, oldest, end, COUNTRIES), event_log.read_labels(db, oldest, end))
    known = index(history)
    asked = list(choices(history, requests(history, _ms(since), _ms(until)), plan.window_days))
    asked = _some(asked, plan.most_asked, plan.seed)
    if not asked:
        raise ValueError(f"no member engages between {since:%Y-%m-%d} and {until:%Y-%m-%d}: choose another --since")
    rankers = walk_forward.train(history, known, _ms(since), plan)
    judged = walk_forward.judge(history, known, rankers, asked, _more(history, truth), plan.seed)
    made = report.report(judged, history.languages, plan.seed)
    made["candidates"] = recalls(history, known, asked, _ms(oldest), plan.seed)
    made["cold"] = cold(history, known, rankers, asked, judged.engaged_before.tolist(), _ms(oldest))
    return made | {"trained": rankers.report, "seconds": round(time.perf_counter() - started, 1)}


def command(
    since: Annotated[datetime, typer.Option(help="First request; training sees only what lies before.")],
    until: Annotated[datetime, typer.Option(help="End of the requests.")],
    window_days: Annotated[float, typer.Option(help="Contents older than this are not ranked.")] = 30.0,
    requests_at_most: Annotated[int | None, typer.Option(help="Judge a sample of the requests.")] = None,
    learn_at_most: Annotated[int, typer.Option(help="Requests to learn from, the newest.")] = Plan.most_learnt,
    first_tries: Annotated[bool, typer.Option(help="Judge one booster a member too, the usual first try.")] = True,
    truth: Annotated[Path | None, typer.Option(help="The simulator's truth.jsonl.", exists=True)] = None,
    seed: int = 7,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Judge all rankers, walking forward."""
    from handlers.runtime import databases
    from ops.database import database

    plan = Plan(
        window_days=window_days,
        most_asked=requests_at_most,
        most_learnt=learn_at_most,
        first_tries=first_tries,
        seed=seed,
    )
    with database():
        made = evaluate(databases(), _utc(since), _utc(until), plan, truth)
    tables = (ranking_table(made), paired_table(made), candidates_table(made), cold_table(made))
    console.result(made, as_json, *tables)


def ranking_table(made: dict[str, Any]) -> Any:
    """Rankers from best to worst with bars."""
    rows = sorted(made["rankers"].items(), key=lambda each: -each[1]["ndcg@10"])
    best = rows[0][1]["ndcg@10"] or 1.0
    return console.table(
        f"{made['requests']} requests of {made['people']} people, {made['seconds']} s",
        ["ranker", "NDCG@10", "95 %", "", "Recall@20", "MRR", "AUC"],
        [
            [name, each["ndcg@10"], f"{each['ci'][0]:.3f} – {each['ci'][1]:.3f}", console.bar(each["ndcg@10"] / best)]
            + [each[figure] for figure in ("recall@20", "mrr", "auc")]
            for name, each in rows
        ],
    )


def candidates_table(made: dict[str, Any]) -> Any:
    """What each source of candidates finds of what is engaged with later."""
    return console.table(
        "Candidates: later engagements found among at most 300 of each source",
        ["source", "recall", "", "candidates"],
        [
            (name, each["recall@300"], console.bar(each["recall@300"]), round(each["candidates"]))
            for name, each in made["candidates"].items()
        ],
    )


def cold_table(made: dict[str, Any]) -> Any:
    """How soon a member is known."""
    figures = made["cold"].get("ndcg@10", {})
    return console.table(
        f"Members with 30 engagements, had only the latest been known ({made['cold']['requests']} requests)",
        ["engagements known", "NDCG@10", ""],
        [(many, value, console.bar(value)) for many, value in figures.items()],
    )


def paired_table(made: dict[str, Any]) -> Any:
    """Paired differences in NDCG@10."""
    rows = [
        [name, each["difference"], f"{each['ci'][0]:+.4f} – {each['ci'][1]:+.4f}"]
        for name, each in made["paired"].items()
    ]
    return console.table("Paired differences in NDCG@10 (bootstrap over people)", ["", "difference", "95 %"], rows)


def _more(history: History, truth: Path | None) -> dict[str, Scorer]:
    """Rankers that need more than the matrix: the factorisations, and the simulator's truth."""
    more = {"als": _by_id(baselines.als(history)), "bpr": _by_id(baselines.bpr(history))}
    return more | ({"truth": _true_scorer(history, truth)} if truth else {})


def _by_id(judge: baselines.Judge) -> Scorer:
    return lambda choice: judge(choice.account, choice.time_ms, choice.content)


def _true_scorer(history: History, path: Path) -> Scorer:
    from lab.simulate import TrueWorld, true_score
    from store.columns import hex_ids

    world, content, account = TrueWorld.read(path), hex_ids(history.contents.id), hex_ids(history.account_id)

    def score(choice: Choice) -> Any:
        asked_at = datetime.fromtimestamp(choice.time_ms / 1000, UTC)
        return true_score(world, [account[choice.account]], [content[row] for row in choice.content], asked_at)[0]

    return score


def _some(asked: list[Choice], most: int | None, seed: int) -> list[Choice]:
    if most is None or len(asked) <= most:
        return asked
    chosen = np.random.default_rng(seed).choice(len(asked), most, replace=False)
    return [asked[number] for number in np.sort(chosen)]


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
