"""The report of an evaluation: figures with intervals, paired differences, slices."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats
from features.countries import COUNTRIES
from trainers.evaluation.metrics import interval_over_people
from trainers.evaluation.walk_forward import Evaluation
from trainers.member_effects import BUCKETS, bucket

SIMPLE = ("random", "recency", "popularity", "hn", "lemmy", "content")  # untrained
GUEST = (*SIMPLE, "world", "guest")  # do not use the member
_LEAST = 20  # requests of a slice; fewer are noise


def report(evaluation: Evaluation, languages: Sequence[str], seed: int = 7) -> dict[str, Any]:
    """Returns figures by ranker, paired differences in NDCG@10, and NDCG@10 by slice."""
    ndcg = {name: figures[:, 0] for name, figures in evaluation.figures.items()}
    return {
        "requests": len(evaluation.account),
        "people": len(np.unique(evaluation.account)),
        "rankers": {name: _figures(evaluation, name, seed) for name in evaluation.figures},
        "paired": {f"{a} - {b}": _paired(evaluation, ndcg[a] - ndcg[b], seed) for a, b in _pairs(ndcg)},
        "slices": _slices(evaluation, ndcg, languages),
    }


def best_simple(rankers: Mapping[str, Mapping[str, Any]]) -> str:
    """Returns the best untrained baseline."""
    return max(SIMPLE, key=lambda name: rankers[name]["ndcg@10"])


def _figures(evaluation: Evaluation, name: str, seed: int) -> dict[str, Any]:
    figures = evaluation.figures[name]
    mean = figures.mean(axis=0)
    low, high = interval_over_people(figures[:, 0], evaluation.account, seed)
    return {"ndcg@10": mean[0], "ci": [low, high], "recall@20": mean[1], "mrr": mean[2], "auc": mean[3]}


def _pairs(ndcg: Mapping[str, Floats]) -> list[tuple[str, str]]:
    simple = max(SIMPLE, key=lambda name: ndcg[name].mean())
    others = (simple, "als", "bpr", "isolated", "plain", "global", "members")
    personal = [("personal", other) for other in others if other in ndcg]
    return [*personal, ("guest", simple), ("guest", "world")]


def _paired(evaluation: Evaluation, difference: Floats, seed: int) -> dict[str, Any]:
    return {
        "difference": float(difference.mean()),
        "ci": list(interval_over_people(difference, evaluation.account, seed)),
    }


def _slices(evaluation: Evaluation, ndcg: Mapping[str, Floats], languages: Sequence[str]) -> dict[str, Any]:
    group = bucket(evaluation.engaged_before)
    names = [f"{low}-{high - 1}" if high else f"{low}+" for low, high in zip(BUCKETS, (*BUCKETS[1:], 0), strict=True)]
    under_an_hour = ~np.isnan(evaluation.fresh["random"])
    return {
        "guest": {"all": _means({name: ndcg[name] for name in GUEST}, np.ones(len(group), dtype=np.bool_))},
        "member": {"all": _means(ndcg, np.ones(len(group), dtype=np.bool_))},
        "engagements": {name: _means(ndcg, group == number) for number, name in enumerate(names)},
        "country": {
            COUNTRIES[number] if number >= 0 else "unknown": _means(ndcg, evaluation.country == number)
            for number in np.unique(evaluation.country).tolist()
            if (evaluation.country == number).sum() >= _LEAST
        },
        "language": {
            languages[number] if number >= 0 else "unknown": _means(ndcg, evaluation.language == number)
            for number in np.unique(evaluation.language).tolist()
            if (evaluation.language == number).sum() >= _LEAST
        },
        "under one hour": {"all": _means(evaluation.fresh, under_an_hour)},
    }


def _means(values: Mapping[str, Floats], inside: NDArray[np.bool_]) -> dict[str, Any]:
    count = int(inside.sum())
    return {"requests": count} | ({name: float(ndcg[inside].mean()) for name, ndcg in values.items()} if count else {})
