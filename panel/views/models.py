"""Rows of the models page: quality over time, countries, drift, artifacts."""

from collections.abc import Mapping, Sequence
from typing import Any

from store.rules.model_names import MEMBER_MODEL

View = dict[str, Any]
NAMES = {
    "personal": "for members",
    "guest": "for guests",
    "world": "one model for the world",
    "isolated": "one model for each member",
    "members": "all members together",
    "als": "ALS",
    "lemmy": "Lemmy's formula",
    "hn": "Hacker News' formula",
    "popularity": "popularity",
    "recency": "newest first",
    "content": "similar to liked posts",
    "random": "random order",
}
OURS = ("personal", "guest")
_SIMPLE = ("lemmy", "hn", "popularity", "recency", "content")  # learn nothing
DRIFTED = 0.25  # population stability index above which a column has drifted
STABLE = 0.1


def over_time(evaluations: Sequence[Mapping[str, Any]]) -> View:
    """Returns a chart of NDCG@10: our rankers with intervals, and the best formula of each day."""
    days = [evaluation["report"]["rankers"] for evaluation in evaluations]
    shown = [name for name in OURS if any(name in day for day in days)]
    series = [_line(name, days) for name in shown]
    best = [max((day[name]["ndcg@10"] for name in _SIMPLE if name in day), default=None) for day in days]
    series.append({"label": "best formula", "values": best})
    x = [int(evaluation["time"].timestamp()) for evaluation in evaluations]
    return {"x": x, "time": True, "height": 260, "range": [0, 1], "series": series}


def ranked(rankers: Mapping[str, Mapping[str, Any]]) -> list[View]:
    """Returns the rankers of one evaluation, the best first."""
    rows = [
        {
            "name": NAMES.get(name, name),
            "ours": name in OURS,
            "ndcg": figures["ndcg@10"],
            "low": figures["ci"][0],
            "high": figures["ci"][1],
            "recall": figures.get("recall@20"),
            "mrr": figures.get("mrr"),
        }
        for name, figures in rankers.items()
    ]
    return sorted(rows, key=lambda row: -row["ndcg"])


def countries(slices: Mapping[str, Mapping[str, Any]]) -> list[View]:
    """Returns NDCG@10 by country with that of the best formula there, the best country first."""
    rows = [
        {
            "country": country,
            "requests": means.get("requests", 0),
            "ours": means.get("personal", means.get("guest", 0.0)),
            "formula": max((means[name] for name in _SIMPLE if name in means), default=0.0),
        }
        for country, means in slices.items()
    ]
    return sorted(rows, key=lambda row: -row["ours"])


def drift(indices: Mapping[str, float], most: int = 12) -> list[View]:
    """Returns the columns that drifted most. The bar is full at twice DRIFTED."""
    rows: list[View] = [
        {
            "column": column,
            "index": value,
            "share": min(1.0, value / (2 * DRIFTED)),
            "tone": "bad" if value > DRIFTED else "warn" if value > STABLE else "good",
        }
        for column, value in indices.items()
    ]
    return sorted(rows, key=lambda row: -row["index"])[:most]


def in_order(documents: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Sorts levels from the world down: those without a parent, then members, continents, countries."""
    return sorted(
        documents, key=lambda row: (row.get("parent") is not None, row["model"] != MEMBER_MODEL, row["account"])
    )


def artifact_row(document: Mapping[str, Any], refused: str) -> View:
    """Returns one artifact: its gain over the parent, the gate's reason, and the version that a rollback restores.

    `refused`: why it cannot be used, "" if it can.
    """
    report = document.get("report") or {}
    gain, error = report.get("gain"), report.get("standardError")
    return {
        "account": str(document["account"]),
        "model": document["model"],
        "version": document["version"],
        "trained": document["trainedAt"],
        "parent": document.get("parent") or "",
        "size": document["size"],
        "requests": report.get("requests"),
        "gain": None if gain is None else f"{gain:+.4f}" + (f" ± {1.96 * error:.4f}" if error is not None else ""),
        "why": f"refused: {refused}" if refused else report.get("why", ""),
        "before": document.get("before"),
    }


def _line(name: str, days: Sequence[Mapping[str, Any]]) -> View:
    figures = [day.get(name) for day in days]
    return {
        "label": NAMES[name],
        "values": [row and row["ndcg@10"] for row in figures],
        "low": [row and row["ci"][0] for row in figures],
        "high": [row and row["ci"][1] for row in figures],
    }
