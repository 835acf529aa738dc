"""`feedpulse evaluate ranking`: quality of all rankers."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from lab.evaluate.ranking import evaluate
from ops import console
from trainers.evaluation.walk_forward import Plan


def command(
    since: Annotated[datetime, typer.Option(help="First request; models are trained on earlier ones.")],
    until: Annotated[datetime, typer.Option(help="End of the requests.")],
    window_days: Annotated[float, typer.Option(help="Contents older than this are not ranked.")] = 30.0,
    requests_at_most: Annotated[int | None, typer.Option(help="Evaluate a sample of the requests.")] = None,
    learn_at_most: Annotated[
        int, typer.Option(help="Train on this many of the latest requests.")
    ] = Plan.max_training_requests,
    first_tries: Annotated[bool, typer.Option(help="Evaluate one booster per member too, a common baseline.")] = True,
    truth: Annotated[Path | None, typer.Option(help="truth.jsonl of the simulator.", exists=True)] = None,
    seed: int = 7,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Evaluates all rankers by walk-forward evaluation."""
    from handlers.runtime import databases
    from ops.database import database

    plan = Plan(
        window_days=window_days,
        max_requests=requests_at_most,
        max_training_requests=learn_at_most,
        first_tries=first_tries,
        seed=seed,
    )
    with database():
        report = evaluate(databases(), _utc(since), _utc(until), plan, truth)
    tables = (ranking_table(report), paired_table(report), candidates_table(report), cold_table(report))
    console.result(report, as_json, *tables)


def ranking_table(report: dict[str, Any]) -> Any:
    """Returns the rankers from best to worst, with bars."""
    rows = sorted(report["rankers"].items(), key=lambda row: -row[1]["ndcg@10"])
    best = rows[0][1]["ndcg@10"] or 1.0
    return console.table(
        f"{report['requests']} requests of {report['people']} people, {report['seconds']} s",
        ["ranker", "NDCG@10", "95 %", "", "Recall@20", "MRR", "AUC"],
        [
            [
                name,
                figures["ndcg@10"],
                f"{figures['ci'][0]:.3f} – {figures['ci'][1]:.3f}",
                console.bar(figures["ndcg@10"] / best),
            ]
            + [figures[figure] for figure in ("recall@20", "mrr", "auc")]
            for name, figures in rows
        ],
    )


def candidates_table(report: dict[str, Any]) -> Any:
    """Returns the share of later engagements that each source of candidates finds."""
    return console.table(
        "Candidates: later engagements found among at most 300 of each source",
        ["source", "recall", "", "candidates"],
        [
            (name, figures["recall@300"], console.bar(figures["recall@300"]), round(figures["candidates"]))
            for name, figures in report["candidates"].items()
        ],
    )


def cold_table(report: dict[str, Any]) -> Any:
    """Returns the quality by number of known engagements of a member."""
    figures = report["cold"].get("ndcg@10", {})
    return console.table(
        f"Members with 30 engagements, by number of latest ones known ({report['cold']['requests']} requests)",
        ["engagements known", "NDCG@10", ""],
        [(many, value, console.bar(value)) for many, value in figures.items()],
    )


def paired_table(report: dict[str, Any]) -> Any:
    """Returns the paired differences in NDCG@10."""
    rows = [
        [name, figures["difference"], f"{figures['ci'][0]:+.4f} – {figures['ci'][1]:+.4f}"]
        for name, figures in report["paired"].items()
    ]
    return console.table("Paired differences in NDCG@10 (bootstrap over people)", ["", "difference", "95 %"], rows)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
