"""Trains the emotion heads of features.text.emotions: linear, on n-grams and dense vectors, calibrated on folds.

Loss: mean of the (weighted) cross-entropies plus ½·l2·‖weights‖², by L-BFGS. Calibration: Platt's slope and shift for
each emotion of the presence (Platt, "Probabilistic Outputs for Support Vector Machines", 1999), one temperature for
the dominance (Guo et al., "On Calibration of Modern Neural Networks", 2017), both on scores of rows not fitted on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.text.emotions import DOMINANCE, PRESENCE, PRESENCE_SCALE, Floats, Heads, sigmoid, softmax, unit_grams
from features.text.ngrams import BUCKETS, hashed_counts


@dataclass(frozen=True)
class Config:
    """Regularisation and calibration of the heads."""

    l2_grams: float = 0.5
    l2_dense: float = 1.0
    dominance_l2_grams: float = 0.3
    dominance_l2_dense: float = 3.0
    balance: float = 0.7  # 1: every class of the dominance has the same weight; 0: every row
    dense_spread: float | None = None  # standard deviation to which each dense dimension is scaled; None: no scaling
    iterations: int = 120
    folds: int = 3
    seed: int = 0


@dataclass(frozen=True)
class Labelled:
    """Cleaned texts with their vectors and labels; n rows."""

    texts: Sequence[str]
    vectors: Floats  # (n, D) as from features.text.emotions.dense_vectors
    targets: Floats  # (n, 7) zeros and ones for the presence, (n, 4) one-hot for the dominance


@dataclass(frozen=True)
class Weights:
    """One linear head."""

    grams: Floats  # (buckets, k)
    dense: Floats  # (D, k)
    bias: Floats  # (k,)

    def scores(self, grams: Any, dense: Floats) -> Floats:
        """Returns scores of shape (n, k) for a sparse (n, buckets) and a dense (n, D) matrix."""
        return np.asarray(grams @ self.grams + dense @ self.dense + self.bias)


def fit_heads(presence: Labelled, dominance: Labelled, config: Config = Config()) -> Heads:
    """Fits and calibrates both heads."""
    idf = inverse_frequency([*presence.texts, *dominance.texts])
    mean, scale = presence.vectors.mean(axis=0), _scale(presence.vectors, config.dense_spread)
    grams, dense = gram_matrix(presence.texts, idf), (presence.vectors - mean) * scale
    first, held = _fit_both(grams, dense, presence.targets, np.ones(len(dense)), config, many=True)
    slope, shift = platt(held, presence.targets)
    thresholds = best_thresholds(sigmoid(slope * held + shift), presence.targets)

    grams, dense = gram_matrix(dominance.texts, idf), (dominance.vectors - mean) * scale
    seen = np.hstack([dense, PRESENCE_SCALE * first.scores(grams, dense)])
    weights = class_weights(dominance.targets, config.balance)
    regularised = replace(config, l2_grams=config.dominance_l2_grams, l2_dense=config.dominance_l2_dense)
    second, held = _fit_both(grams, seen, dominance.targets, weights, regularised, many=False)
    temperature = np.array([sharpness(held, dominance.targets)], np.float32)
    unscaled = np.append(scale, np.ones(len(PRESENCE), np.float32))[:, None]
    return Heads(
        *(idf, mean),
        *(first.grams, first.dense * scale[:, None], first.bias, slope, shift, thresholds),
        *(second.grams, second.dense * unscaled, second.bias, temperature),
    )


def fit_linear(
    grams: Any, dense: Floats, targets: Floats, weights: NDArray[Any], config: Config, *, many: bool
) -> Weights:
    """Fits logistic regressions, one for each column of the targets when `many`, else one multinomial."""
    from scipy.optimize import minimize

    gram_count, dense_count, k = grams.shape[1], dense.shape[1], targets.shape[1]
    transposed, total = grams.T.tocsr(), weights.sum()
    share = (weights[:, None] / total).astype(np.float32)
    l2 = np.concatenate([np.full(gram_count, config.l2_grams), np.full(dense_count, config.l2_dense), [0.0]])
    l2 = (l2[:, None] / total).astype(np.float32)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        w = flat.reshape(-1, k).astype(np.float32)  # (buckets + D + 1, k)
        scores = grams @ w[:gram_count] + dense @ w[gram_count:-1] + w[-1]
        probabilities = sigmoid(scores) if many else softmax(scores)
        entropy = -(share * cross_entropy(probabilities, targets, many=many)).sum()
        error = share * (probabilities - targets)
        gradient = np.vstack([transposed @ error, dense.T @ error, error.sum(axis=0)]) + l2 * w
        return float(entropy + 0.5 * (l2 * w * w).sum()), gradient.ravel().astype(np.float64)

    start = np.zeros((gram_count + dense_count + 1) * k)
    result = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": config.iterations, "maxcor": 8})
    w = result.x.reshape(-1, k).astype(np.float32)
    return Weights(w[:gram_count], w[gram_count:-1], w[-1])


def cross_entropy(probabilities: Floats, targets: Floats, *, many: bool) -> Floats:
    """Returns the log-probability of the true label; shape (n, k)."""
    true = targets * np.log(probabilities + 1e-9)
    return np.asarray(true + (1 - targets) * np.log(1 - probabilities + 1e-9) if many else true)


def gram_matrix(texts: Sequence[str], idf: Floats) -> Any:
    """Returns tf-idf of the hashed n-grams with rows of unit length: scipy CSR of shape (texts, buckets)."""
    from scipy.sparse import csr_matrix

    rows = unit_grams(texts, idf)
    ends = np.cumsum([0, *(len(buckets) for buckets, _ in rows)])
    indices = np.concatenate([buckets for buckets, _ in rows]).astype(np.int32)
    values = np.concatenate([values for _, values in rows]).astype(np.float32)
    return csr_matrix((values, indices, ends), shape=(len(texts), BUCKETS))


def _scale(vectors: Floats, spread: float | None) -> Floats:
    """Returns the factor of each dimension; shape (D,)."""
    if spread is None:
        return np.ones(vectors.shape[1], np.float32)
    return np.asarray(spread / np.maximum(vectors.std(axis=0), 1e-6), np.float32)


def inverse_frequency(texts: Sequence[str]) -> Floats:
    """Returns 1 + ln((n + 1) / (texts with the n-gram + 1)), 0 for n-grams of a single text; shape (buckets,)."""
    seen = np.zeros(BUCKETS)
    for text in texts:
        seen[hashed_counts(text)[0]] += 1
    return np.where(seen < 2, 0, np.log((len(texts) + 1) / (seen + 1)) + 1).astype(np.float32)


def class_weights(targets: Floats, balance: float) -> Floats:
    """Returns weights that are higher for rare classes; shape (n,)."""
    sizes = targets.sum(axis=0)
    return np.asarray(targets @ (len(targets) / (len(sizes) * np.maximum(sizes, 1))) ** balance, np.float32)


def platt(scores: Floats, targets: Floats) -> tuple[Floats, Floats]:
    """Returns slope and shift of each column, for which sigmoid(slope·score + shift) is calibrated; both (k,)."""
    from scipy.optimize import minimize

    def one(score: Floats, target: Floats) -> Any:
        def loss(at: NDArray[np.float64]) -> float:
            return float(-cross_entropy(sigmoid(at[0] * score + at[1]), target, many=True).mean())

        return minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead").x

    fitted = np.array([one(scores[:, column], targets[:, column]) for column in range(targets.shape[1])], np.float32)
    return fitted[:, 0], fitted[:, 1]


def sharpness(scores: Floats, targets: Floats) -> float:
    """Returns the factor on the scores for which their softmax is calibrated."""
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    def loss(factor: float) -> float:
        scaled = factor * scores.astype(np.float64)
        return float((logsumexp(scaled, axis=1) - (scaled * targets).sum(axis=1)).mean())

    return float(minimize_scalar(loss, bounds=(0.05, 20), method="bounded").x)


def best_thresholds(probabilities: Floats, targets: Floats) -> Floats:
    """Returns for each column the threshold with the highest F1; shape (k,)."""
    pairs = zip(probabilities.T, targets.T, strict=True)
    return np.array([_best_threshold(column, target) for column, target in pairs], np.float32)


def _best_threshold(probabilities: Floats, target: Floats) -> float:
    order = np.argsort(-probabilities)
    hits = np.cumsum(target[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + max(float(target.sum()), 1.0))
    return float(probabilities[order[int(f1.argmax())]])


def _fit_both(
    grams: Any, dense: Floats, targets: Floats, weights: NDArray[Any], config: Config, *, many: bool
) -> tuple[Weights, Floats]:
    """Returns the head, and scores of every row by a head that was not fitted on it; shape (n, k)."""
    fold = np.random.default_rng(config.seed).permutation(len(dense)) % config.folds
    scores = np.zeros_like(targets)
    for number in range(config.folds):
        fitted, left = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        head = fit_linear(grams[fitted], dense[fitted], targets[fitted], weights[fitted], config, many=many)
        scores[left] = head.scores(grams[left], dense[left])
    return fit_linear(grams, dense, targets, weights, config, many=many), scores


def targets_of(labels: Sequence[Sequence[str]], names: Sequence[str]) -> Floats:
    """Returns zeros and ones of shape (rows, names).

    >>> targets_of([["joy"], []], ["fear", "joy"]).tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """
    return np.array([[name in row for name in names] for row in labels], np.float32).reshape(len(labels), len(names))


__all__ = ["DOMINANCE", "PRESENCE", "Config", "Labelled", "fit_heads", "targets_of"]
