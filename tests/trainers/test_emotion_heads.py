"""Fitting the emotion heads: gradients against numbers, oracles, and words that carry an emotion by construction."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from features.text.emotions import DOMINANCE, PRESENCE, sigmoid
from trainers.text.emotion_heads import (
    Config,
    Labelled,
    best_thresholds,
    class_weights,
    fit_heads,
    fit_linear,
    platt,
    sharpness,
    targets_of,
)

RNG = np.random.default_rng(5)


def test_one_sigmoid_fits_as_scikit_learn_does() -> None:
    dense = RNG.normal(size=(200, 3)).astype(np.float32)
    target = (dense @ [1.0, -2.0, 0.5] + RNG.normal(size=200) > 0).astype(np.float32)[:, None]
    grams = csr_matrix((200, 1), dtype=np.float32)

    ours = fit_linear(grams, dense, target, np.ones(200), Config(l2_grams=1.0, l2_dense=1.0, iterations=300), many=True)

    theirs = LogisticRegression(C=1.0).fit(dense, target[:, 0])
    assert ours.dense[:, 0] == pytest.approx(theirs.coef_[0], abs=0.02)
    assert ours.bias[0] == pytest.approx(theirs.intercept_[0], abs=0.02)


def test_words_that_carry_an_emotion_are_learned() -> None:
    words = {"anger": "furious", "joy": "delighted", "optimism": "hopeful", "sadness": "weeping", "neutral": "table"}
    labels = list(words) * 30
    texts = [f"{words[label]} number {place}" for place, label in enumerate(labels)]
    rows = [place for place, label in enumerate(labels) if label in DOMINANCE]
    nothing = np.zeros((len(texts), 4), np.float32)
    presence = Labelled(texts, nothing, targets_of([[label] for label in labels], PRESENCE))
    leading = targets_of([[labels[row]] for row in rows], DOMINANCE)
    dominance = Labelled([texts[row] for row in rows], nothing[rows], leading)

    heads = fit_heads(presence, dominance, Config(iterations=8, folds=2, l2_grams=0.05, dominance_l2_grams=0.05))

    new = [f"so {words[label]} again" for label in DOMINANCE]
    leading_emotion = heads.scores(new, np.zeros((4, 4), np.float32))[1].argmax(axis=1)
    assert leading_emotion.tolist() == [0, 1, 2, 3]


def test_platt_finds_the_slope_that_made_the_labels() -> None:
    scores = RNG.normal(size=(20_000, 1)).astype(np.float32)
    targets = (RNG.random((20_000, 1)) < sigmoid(2 * scores - 1)).astype(np.float32)

    slope, shift = platt(scores, targets)

    assert slope[0] == pytest.approx(2, abs=0.15)
    assert shift[0] == pytest.approx(-1, abs=0.15)


def test_overconfident_scores_are_softened() -> None:
    sure = np.array([[8.0, 0.0]] * 3 + [[0.0, 8.0]], np.float32)
    targets = np.array([[1.0, 0.0]] * 4, np.float32)

    assert sharpness(sure, targets) < 0.3


def test_the_threshold_separates_two_groups() -> None:
    probabilities, targets = np.array([[0.1], [0.2], [0.7], [0.9]]), np.array([[0.0], [0.0], [1.0], [1.0]])

    assert best_thresholds(probabilities.astype(np.float32), targets.astype(np.float32))[0] == pytest.approx(0.7)


def test_balanced_classes_weigh_the_same() -> None:
    targets = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], np.float32)

    weights = class_weights(targets, 1.0)

    assert weights[:3].sum() == pytest.approx(weights[3])
