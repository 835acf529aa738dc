"""Calibrated probabilities of emotions from n-grams and dense vectors.

The dense vectors of the tier "linear" come from words, those of "embeddings" from sentences. Each tier has two linear
heads, which trainers.text.emotion_heads fits. "Presence" is the probability of each of Ekman's emotions and of neutral,
by a sigmoid. "Dominance" is the probability that anger, joy, optimism or sadness is the strongest, by a softmax; the
presence is one of its inputs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from features.arrays import pack_arrays, unpack_arrays
from features.text.ngrams import hashed_counts
from features.text.word_vectors import word_vectors

Floats = NDArray[np.float32]
Row = tuple[NDArray[np.int64], Floats]  # buckets and values of one text, both of shape (n,)
PRESENCE = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
DOMINANCE = ("anger", "joy", "optimism", "sadness")
EMOTIONS = (*PRESENCE, "optimism")
LEAST_PROBABILITY = 0.4  # of a dominant emotion
PRESENCE_SCALE = 0.3  # of the presence scores as features of the dominance


@dataclass(frozen=True)
class Heads:
    """Weights of both heads of one tier; D are the dimensions of `dense_vectors`."""

    idf: Floats  # (buckets,)
    mean: Floats  # (D,) of the dense vectors
    presence_grams: Floats  # (buckets, 7)
    presence_dense: Floats  # (D, 7)
    presence_bias: Floats  # (7,)
    presence_slope: Floats  # (7,) calibration
    presence_shift: Floats  # (7,)
    presence_threshold: Floats  # (7,) least probability of an emotion that is present
    dominance_grams: Floats  # (buckets, 4)
    dominance_dense: Floats  # (D + 7, 4)
    dominance_bias: Floats  # (4,)
    dominance_slope: Floats  # (1,) calibration

    def scores(self, texts: Sequence[str], vectors: Floats) -> tuple[Floats, Floats]:
        """Returns uncalibrated scores of cleaned texts: presence (texts, 7) and dominance (texts, 4)."""
        rows, dense = unit_grams(texts, self.idf), vectors - self.mean
        presence = weighted(rows, self.presence_grams) + dense @ self.presence_dense + self.presence_bias
        inputs = np.hstack([dense, PRESENCE_SCALE * presence])
        dominance = weighted(rows, self.dominance_grams) + inputs @ self.dominance_dense + self.dominance_bias
        return presence.astype(np.float32), dominance.astype(np.float32)


@dataclass(frozen=True)
class EmotionProbabilities:
    """Calibrated probabilities of n texts."""

    presence: Floats  # (n, 7), independent of each other
    dominance: Floats  # (n, 4), rows sum to 1

    def of(self, labels: Sequence[str]) -> Floats:
        """Returns the probabilities of the labels (n, labels): from the dominance if it has all of them."""
        if set(labels) <= set(DOMINANCE):
            return self.dominance[:, [DOMINANCE.index(label) for label in labels]]
        return np.column_stack([self._one(label) for label in labels])

    def _one(self, label: str) -> Floats:
        if label in PRESENCE:
            return self.presence[:, PRESENCE.index(label)]
        if label != "optimism":
            raise ValueError(f"label: {label} is not one of {', '.join(EMOTIONS)}")
        joy, optimism = self.dominance[:, 1], self.dominance[:, 2]
        return np.asarray(self.presence[:, PRESENCE.index("joy")] * optimism / np.maximum(joy + optimism, 1e-6))


def probabilities(texts: Sequence[str], embeddings: Floats | None) -> list[dict[str, float]]:
    """Returns the probability of each emotion in each cleaned text; `embeddings` as in `emotion_probabilities`."""
    rows = emotion_probabilities(texts, embeddings).of(EMOTIONS)
    return [dict(zip(EMOTIONS, map(float, row), strict=True)) for row in rows]


def emotion_probabilities(texts: Sequence[str], embeddings: Floats | None) -> EmotionProbabilities:
    """Returns the calibrated probabilities of both heads for cleaned texts.

    `embeddings` of shape (texts, dimensions) select the tier "embeddings", None selects "linear".
    """
    heads = shipped_heads("linear" if embeddings is None else "embeddings")
    presence, dominance = heads.scores(texts, dense_vectors(texts, embeddings))
    calibrated = sigmoid(heads.presence_slope * presence + heads.presence_shift)
    return EmotionProbabilities(calibrated, softmax(heads.dominance_slope * dominance))


def dense_vectors(texts: Sequence[str], embeddings: Floats | None) -> Floats:
    """Returns the inputs of the heads besides n-grams: the sentence embeddings, or else the vectors of the words."""
    return word_vectors(texts) if embeddings is None else embeddings


def dominant(emotions: Mapping[str, float]) -> str | None:
    """Returns the most probable emotion, or None when its probability is below 0.4.

    >>> dominant({"joy": 0.7, "fear": 0.1}), dominant({"joy": 0.2})
    ('joy', None)
    """
    best = max(emotions, key=lambda label: (emotions[label], label), default=None)
    return best if best is not None and emotions[best] >= LEAST_PROBABILITY else None


def unit_grams(texts: Sequence[str], idf: Floats) -> list[Row]:
    """Returns each text's n-grams as buckets and tf-idf values of unit length."""
    rows = []
    for text in texts:
        buckets, counts = hashed_counts(text)
        values = counts * idf[buckets]
        rows.append((buckets, values / max(float(np.linalg.norm(values)), 1e-9)))
    return rows


def weighted(rows: Sequence[Row], weights: Floats) -> Floats:
    """Returns Σ value · weight of each row (rows, k), for weights of shape (buckets, k)."""
    return np.array([values @ weights[buckets] for buckets, values in rows], np.float32).reshape(-1, weights.shape[1])


def sigmoid(scores: Floats) -> Floats:
    """Returns 1 / (1 + e^−s)."""
    return np.asarray(1 / (1 + np.exp(-np.clip(scores, -30, 30))))


def softmax(scores: Floats) -> Floats:
    """Returns e^s over the sum of its row; shape (n, k)."""
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def pack(heads: Heads) -> bytes:
    """Returns the heads as a compressed npz, in half precision."""
    return pack_arrays({name: value.astype(np.float16) for name, value in vars(heads).items()}, compress=True)


def unpack(packed: bytes) -> Heads:
    """Reverses `pack`."""
    return Heads(**{name: array.astype(np.float32) for name, array in unpack_arrays(packed).items()})


@cache
def shipped_heads(tier: str) -> Heads:
    """Returns the shipped heads of a tier; features/text/weights/emotions.md describes their training."""
    return unpack(files("features.text").joinpath(f"weights/emotions_{tier}.npz").read_bytes())
