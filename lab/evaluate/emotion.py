"""Evaluates the emotion heads on labelled texts."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.text.cleaning import clean
from features.text.embeddings import embed
from features.text.emotions import DOMINANCE, EMOTIONS, PRESENCE, Feelings, feelings, shipped_heads
from features.text.language import identify
from lab.evaluate.labelled import Line, calibration_error, figures, memory_mib, rates
from lab.evaluate.sentiment import SENTIMENTS, sentiment_figures

BATCH = 256
LEAST_OF_LANGUAGE = 10  # texts for a row of its own
PARTED = ("positive", "negative", "auc")

# Labels of other sets as ours: what is not here, nor one of ours, is left out and counted.
MAPPING: Mapping[str, str] = {
    **dict.fromkeys(["happy", "happiness", "love", "amusement", "enthusiasm", "fun"], "joy"),
    **dict.fromkeys(["angry", "hate", "rage", "annoyance"], "anger"),
    **dict.fromkeys(["sad", "grief", "empty"], "sadness"),
    **dict.fromkeys(["worry", "scared", "nervousness"], "fear"),
    "surprised": "surprise",
    "hope": "optimism",
    "none": "neutral",
}


def evaluate(lines: Sequence[Line], tier: str = "embeddings") -> dict[str, Any]:
    """The figures over the labels that the lines use, after MAPPING."""
    mapped = [Line(line.text, _mapped(line.labels), line.several) for line in lines]
    judged = [line for line in mapped if line.labels]
    parted = [line for line in lines if len(line.labels) == 1 and line.labels[0] in SENTIMENTS]
    known = {*EMOTIONS, *MAPPING, *SENTIMENTS}
    unknown = Counter(each for line in lines for each in line.labels if each not in known)
    labels = sorted({label for line in judged for label in line.labels}) or ["neutral"]
    _felt(["warm up"], tier)  # the models are read once

    started = time.perf_counter()
    felt = _felt([line.text for line in judged], tier)
    seconds = time.perf_counter() - started

    several = any(line.several for line in judged)
    report = _several(judged, felt, labels, tier) if several else _single(judged, felt, labels)
    return report | {
        "tier": str(tier),
        "sentiment": sentiment_figures(parted, _felt([line.text for line in parted], tier)),
        "per_language": _per_language(judged, felt, labels),
        "ms_per_text": 1000 * seconds / max(1, len(judged)),
        "left_out": dict(unknown),
        "memory_mib": memory_mib(),
    }


def _single(lines: Sequence[Line], felt: Feelings, labels: Sequence[str]) -> dict[str, Any]:
    probabilities = felt.of(labels)
    shares = probabilities / np.maximum(probabilities.sum(axis=1, keepdims=True), 1e-9)
    best = [labels[place] for place in probabilities.argmax(axis=1)]
    return figures([line.labels[0] for line in lines], best, shares.max(axis=1).astype(np.float64))


def _several(lines: Sequence[Line], felt: Feelings, labels: Sequence[str], tier: str) -> dict[str, Any]:
    """Accuracy counts a hit in the list; F1 is over the labels that pass their threshold; the ECE is the best one's."""
    probabilities = felt.of(labels)
    truth = np.array([[label in line.labels for label in labels] for line in lines])  # (n, labels)
    said = probabilities >= thresholds(labels, tier)
    best = probabilities.argmax(axis=1)
    hits = truth[np.arange(len(lines)), best]
    rows = {label: rates(truth[:, place], said[:, place]) for place, label in enumerate(labels)}
    return {
        "n": len(lines),
        "accuracy": float(hits.mean()),
        "macro_f1": float(np.mean([row["f1"] for row in rows.values()])),
        "ece": calibration_error(probabilities[np.arange(len(lines)), best].astype(np.float64), hits),
        "per_class": rows,
    }


def thresholds(labels: Sequence[str], tier: str) -> NDArray[np.float32]:
    """Probabilities from which each label is said, of shape (labels,); one half where none was learnt."""
    learnt = dict(zip(PRESENCE, shipped_heads(tier).presence_threshold, strict=True))
    dominance = set(labels) <= set(DOMINANCE)
    return np.array([0.5 if dominance else float(learnt.get(label, 0.5)) for label in labels], np.float32)


def _per_language(lines: Sequence[Line], felt: Feelings, labels: Sequence[str]) -> dict[str, dict[str, float]]:
    """Texts and hits of the best label for each language with enough texts."""
    best = felt.of(labels).argmax(axis=1)
    hit = [labels[place] in line.labels for place, line in zip(best, lines, strict=True)]
    codes = [identify(line.text).code for line in lines]
    counts = Counter(codes)
    hits = Counter(code for code, good in zip(codes, hit, strict=True) if good)
    common = [code for code, count in counts.most_common() if count >= LEAST_OF_LANGUAGE]
    return {code: {"n": counts[code], "accuracy": hits[code] / counts[code]} for code in common}


def _mapped(labels: Sequence[str]) -> tuple[str, ...]:
    known = (MAPPING.get(label, label) for label in labels)
    return tuple(dict.fromkeys(label for label in known if label in EMOTIONS))


def _felt(texts: Sequence[str], tier: str) -> Feelings:
    cleaned = [clean(text) for text in texts]
    starts = range(0, max(1, len(texts)), BATCH)
    parts = [_felt_at_once(cleaned[start : start + BATCH], tier) for start in starts]
    return Feelings(np.vstack([part.presence for part in parts]), np.vstack([part.dominance for part in parts]))


def _felt_at_once(cleaned: Sequence[str], tier: str) -> Feelings:
    return feelings(cleaned, embed(cleaned) if tier == "embeddings" else None)
