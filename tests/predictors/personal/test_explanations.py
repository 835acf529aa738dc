"""Reasons: exact contributions of every level that sum to the score, and sentences for every column."""

import numpy as np
import pytest
from scipy.special import expit

from features.matrix import GUEST_COLUMNS, MEMBER_COLUMNS
from features.ranking.boosters import load_booster
from features.ranking.member_columns import EFFECT_COLUMNS
from predictors.personal.explanations import explanations, level_contributions, with_diversity
from predictors.personal.model_stack import ModelStack, formula, log_odds, scores
from predictors.personal.phrases import PHRASES, phrase
from trainers.boosters import Growth, fit

GROWTH = Growth(rounds=40, depth=4, child_weight=1.0)
GUEST = len(GUEST_COLUMNS)


@pytest.fixture(scope="module")
def matrix():
    generator = np.random.default_rng(4)
    return generator.gamma(1.0, 3.0, (400, len(MEMBER_COLUMNS))).astype(np.float32)


@pytest.fixture(scope="module")
def stack(matrix):
    generator = np.random.default_rng(5)
    guest = np.ascontiguousarray(matrix[:, :GUEST])

    def booster(columns, which):
        label = (columns[:, which] + generator.normal(0, 1, len(columns)) > 3).astype(np.float64)
        return load_booster(fit(columns, label, np.ones(len(label)), None, GROWTH))

    levels = {"global": booster(guest, 3), "asia": booster(guest, 5), "th": booster(guest, 9)}
    return ModelStack(levels, booster(matrix, GUEST + 5), generator.normal(0, 0.2, len(EFFECT_COLUMNS)))


def test_contributions_of_all_levels_sum_to_the_log_odds(stack, matrix):
    told = list(explanations(stack, matrix, country=-1))

    summed = [sum(part["contribution"] for part in each["contributions"]) for each in told]

    np.testing.assert_allclose(summed, log_odds(stack, matrix), atol=1e-4)
    np.testing.assert_allclose([each["score"] for each in told], scores(stack, matrix), atol=1e-4)
    assert list(told[0]["levels"]) == ["world", "continent", "country", "members", "own"]
    assert len(told) == 400
    assert all(sum(each["levels"].values()) == pytest.approx(each["logOdds"]) for each in told)


def test_the_largest_reason_comes_first(stack, matrix):
    (told,) = explanations(stack, matrix[:1], country=0)

    sizes = [abs(part["contribution"]) for part in told["contributions"]]

    assert sizes == sorted(sizes, reverse=True)
    assert 0 < len(told["sentences"]) <= 6


def test_guests_are_scored_and_explained_by_the_guests_levels_only(stack, matrix):
    guest = np.ascontiguousarray(matrix[:, :GUEST])

    levels = [part.level for part in level_contributions(stack, guest)]

    assert levels == ["world", "continent", "country"]
    total = sum(part.added.sum(axis=1) for part in level_contributions(stack, guest))
    np.testing.assert_allclose(total, log_odds(stack, guest), atol=1e-4)


def test_without_models_the_formula_is_explained(matrix):
    total = sum(part.added.sum(axis=1) for part in level_contributions(ModelStack(), matrix))

    np.testing.assert_allclose(total, formula(matrix), atol=1e-4)


def test_what_diversity_takes_is_a_reason_of_its_own(stack, matrix):
    (told,) = explanations(stack, matrix[:1], country=-1)

    lowered = with_diversity(told, told["logOdds"] - 0.7)

    assert lowered["levels"]["diversity"] == pytest.approx(-0.7)
    assert sum(part["contribution"] for part in lowered["contributions"]) == pytest.approx(lowered["logOdds"])
    assert lowered["score"] == pytest.approx(expit(told["logOdds"] - 0.7))
    assert with_diversity(told, told["logOdds"]) is told


def test_a_model_stack_adds_its_levels(stack, matrix):
    world = ModelStack({"global": stack.guest["global"]})
    alone = sum(
        log_odds(ModelStack({"global": stack.guest["global"], name: stack.guest[name]}), matrix)
        - log_odds(world, matrix)
        for name in ("asia", "th")
    )

    np.testing.assert_allclose(log_odds(ModelStack(stack.guest), matrix), log_odds(world, matrix) + alone, atol=1e-5)


@pytest.mark.parametrize("column", [*MEMBER_COLUMNS, "always"])
def test_every_column_speaks_in_words(column):
    assert column in PHRASES
    for contribution in (0.5, -0.5):
        words = phrase(column, 0.5, contribution, "th")
        assert "{" not in words
        assert words.endswith("(counts against it)") == (contribution < 0)
        assert column not in words


def test_a_sentence_never_claims_what_did_not_happen():
    assert phrase("countryEngaged", 0.0, 0.4, "th") == "nobody in TH engaged with it yet"
    assert phrase("userCreatorEngaged", 0.0, 0.4, "th") == "you have not engaged with this author yet"
    assert phrase("follows", 0.0, -0.4, "th") == "you do not follow the author (counts against it)"
