"""What the page on models says: figures over time, countries, drift, artifacts."""

from collections.abc import Mapping, Sequence
from typing import Any

from store.rules.model_names import MEMBER_MODEL

View = dict[str, Any]
NAMES = {
    "personal": "for members",
    "guest": "for guests",
    "world": "one model for the world",
    "isolated": "one model a member",
    "members": "all members alike",
    "als": "ALS",
    "lemmy": "Lemmy's formula",
    "hn": "Hacker News' formula",
    "popularity": "popularity",
    "recency": "newest first",
    "content": "like what was liked",
    "random": "by lot",
}
OURS = ("personal", "guest")
_SIMPLE = ("lemmy", "hn", "popularity", "recency", "content")  # learn nothing
MOVED = 0.25  # stability index above which a column has moved
STILL = 0.1


def over_time(evaluations: Sequence[Mapping[str, Any]]) -> View:
    """NDCG@10 of our rankers, with intervals, and of each day's best formula."""
    days = [each["report"]["rankers"] for each in evaluations]
    shown = [name for name in OURS if any(name in day for day in days)]
    series = [_line(name, days) for name in shown]
    best = [max((day[name]["ndcg@10"] for name in _SIMPLE if name in day), default=None) for day in days]
    series.append({"label": "best formula", "values": best})
    x = [int(each["time"].timestamp()) for each in evaluations]
    return {"x": x, "time": True, "height": 260, "range": [0, 1], "series": series}


def ranked(rankers: Mapping[str, Mapping[str, Any]]) -> list[View]:
    """The rankers of one judgement, the best first."""
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
    """NDCG@10 by country, the best first, beside the best formula there."""
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
    """The columns that moved most; the bar is full at twice the alarm."""
    rows: list[View] = [
        {
            "column": column,
            "index": value,
            "share": min(1.0, value / (2 * MOVED)),
            "tone": "bad" if value > MOVED else "warn" if value > STILL else "good",
        }
        for column, value in indices.items()
    ]
    return sorted(rows, key=lambda row: -row["index"])[:most]


def in_order(documents: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Levels from the world down: first what has no parent, then members, continents, countries."""
    return sorted(
        documents, key=lambda each: (each.get("parent") is not None, each["model"] != MEMBER_MODEL, each["account"])
    )


def artifact_row(document: Mapping[str, Any], refused: str) -> View:
    """One artifact: what it adds to its parent, why it is there, and what a rollback would bring back.

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
    found = [day.get(name) for day in days]
    return {
        "label": NAMES[name],
        "values": [each and each["ndcg@10"] for each in found],
        "low": [each and each["ci"][0] for each in found],
        "high": [each and each["ci"][1] for each in found],
    }
