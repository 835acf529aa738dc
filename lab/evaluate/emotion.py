"""Evaluates the emotion heads on labelled texts."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.text.cleaning import clean
from features.text.embeddings import embed
from features.text.emotions import (
    DOMINANCE,
    EMOTIONS,
    PRESENCE,
    EmotionProbabilities,
    emotion_probabilities,
    shipped_heads,
)
from features.text.language import identify
from lab.evaluate.labelled import Line, calibration_error, figures, memory_mib, rates
from lab.evaluate.sentiment import SENTIMENTS, sentiment_figures

BATCH = 256
LEAST_OF_LANGUAGE = 10  # texts for a row
PARTED = ("positive", "negative", "auc")

# Labels of other data sets as ours. Labels that are neither here nor ours are left out and counted.
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
    """Returns the figures over the labels that the lines use, after MAPPING."""
    mapped = [Line(line.text, _mapped(line.labels), line.is_list) for line in lines]
    labelled = [line for line in mapped if line.labels]
    with_sentiment = [line for line in lines if len(line.labels) == 1 and line.labels[0] in SENTIMENTS]
    known = {*EMOTIONS, *MAPPING, *SENTIMENTS}
    unknown = Counter(label for line in lines for label in line.labels if label not in known)
    labels = sorted({label for line in labelled for label in line.labels}) or ["neutral"]
    _feelings(["warm up"], tier)  # loads the models

    started = time.perf_counter()
    felt = _feelings([line.text for line in labelled], tier)
    seconds = time.perf_counter() - started

    is_multi = any(line.is_list for line in labelled)
    report = _multi_label(labelled, felt, labels, tier) if is_multi else _single_label(labelled, felt, labels)
    return report | {
        "tier": str(tier),
        "sentiment": sentiment_figures(with_sentiment, _feelings([line.text for line in with_sentiment], tier)),
        "per_language": _per_language(labelled, felt, labels),
        "ms_per_text": 1000 * seconds / max(1, len(labelled)),
        "left_out": dict(unknown),
        "memory_mib": memory_mib(),
    }


def _single_label(lines: Sequence[Line], felt: EmotionProbabilities, labels: Sequence[str]) -> dict[str, Any]:
    probabilities = felt.of(labels)
    shares = probabilities / np.maximum(probabilities.sum(axis=1, keepdims=True), 1e-9)
    best = [labels[place] for place in probabilities.argmax(axis=1)]
    return figures([line.labels[0] for line in lines], best, shares.max(axis=1).astype(np.float64))


def _multi_label(lines: Sequence[Line], felt: EmotionProbabilities, labels: Sequence[str], tier: str) -> dict[str, Any]:
    """Accuracy counts a hit in the list, F1 the labels above their threshold; the ECE is of the best label."""
    probabilities = felt.of(labels)
    truth = np.array([[label in line.labels for label in labels] for line in lines])  # (n, labels)
    predicted = probabilities >= thresholds(labels, tier)
    best = probabilities.argmax(axis=1)
    hits = truth[np.arange(len(lines)), best]
    rows = {label: rates(truth[:, place], predicted[:, place]) for place, label in enumerate(labels)}
    return {
        "n": len(lines),
        "accuracy": float(hits.mean()),
        "macro_f1": float(np.mean([row["f1"] for row in rows.values()])),
        "ece": calibration_error(probabilities[np.arange(len(lines)), best].astype(np.float64), hits),
        "per_class": rows,
    }


def thresholds(labels: Sequence[str], tier: str) -> NDArray[np.float32]:
    """Returns the probability from which each label counts as predicted, 0.5 without a trained one; shape (labels,)."""
    trained = dict(zip(PRESENCE, shipped_heads(tier).presence_threshold, strict=True))
    dominance = set(labels) <= set(DOMINANCE)
    return np.array([0.5 if dominance else float(trained.get(label, 0.5)) for label in labels], np.float32)


def _per_language(
    lines: Sequence[Line], felt: EmotionProbabilities, labels: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Returns texts and accuracy of the best label for each language with enough texts."""
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


def _feelings(texts: Sequence[str], tier: str) -> EmotionProbabilities:
    cleaned = [clean(text) for text in texts]
    starts = range(0, max(1, len(texts)), BATCH)
    parts = [_batch_feelings(cleaned[start : start + BATCH], tier) for start in starts]
    return EmotionProbabilities(
        np.vstack([part.presence for part in parts]), np.vstack([part.dominance for part in parts])
    )


def _batch_feelings(cleaned: Sequence[str], tier: str) -> EmotionProbabilities:
    return emotion_probabilities(cleaned, embed(cleaned) if tier == "embeddings" else None)
