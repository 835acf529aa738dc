"""Moods of posts whose answer is known by construction."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictors.social.mood import LABELS, Config, Posts, mood_name, post_weights, read_mood

FEELINGS = {
    "Cheerful": {"joy": 0.8, "anger": 0.05},
    "Satisfied": {"joy": 0.4, "sadness": 0.35},
    "Stressed": {"anger": 0.7, "joy": 0.1},
    "Depressed": {"sadness": 0.7, "joy": 0.1},
}


def posts(*feelings: str, own: bool = True, age_hours: float = 1.0) -> Posts:
    emotions = np.array([[FEELINGS[each].get(label, 0.0) for label in LABELS] for each in feelings])
    count = len(feelings)
    return Posts(emotions.reshape(count, len(LABELS)), np.full(count, age_hours), np.zeros(count), np.full(count, own))


@pytest.mark.parametrize("mood", FEELINGS)
def test_posts_of_one_feeling_give_its_mood(mood: str) -> None:
    assert read_mood(posts(*[mood] * 6)).name == mood


def test_under_five_posts_the_mood_is_unknown_with_the_reason() -> None:
    mood = read_mood(posts("Cheerful", "Cheerful", "Cheerful", "Cheerful"))

    assert mood.name == "unknown"
    assert mood.reason == "4 posts with known emotions, 5 are needed"


def test_no_posts_are_fine() -> None:
    assert read_mood(posts()).name == "unknown"


def test_weights_follow_the_formula() -> None:
    both = Posts(np.zeros((2, 6)), np.array([0.0, 168.0]), np.array([0.0, np.e - 1]), np.array([True, False]))

    assert post_weights(both).tolist() == pytest.approx([0.75, 0.25 * 0.5 * 2])


def test_old_posts_hardly_count() -> None:
    old, new = posts(*["Depressed"] * 20, age_hours=2_000), posts(*["Cheerful"] * 5)
    both = Posts(*(np.concatenate(pair) for pair in zip(vars(old).values(), vars(new).values(), strict=True)))

    assert read_mood(both).name == "Cheerful"


def test_an_unsure_change_keeps_the_last_mood() -> None:
    mixed = posts(*["Cheerful"] * 4, *["Depressed"] * 4)
    fresh = read_mood(mixed)

    other = "Depressed" if fresh.name != "Depressed" else "Cheerful"
    kept = read_mood(mixed, last=other, config=Config(sure=0.99))

    assert kept.name == other


def test_a_sure_change_is_made() -> None:
    assert read_mood(posts(*["Depressed"] * 9), last="Cheerful").name == "Depressed"


def test_the_happiest_and_the_saddest_post_are_own_posts() -> None:
    own, others = posts("Satisfied", "Cheerful", "Depressed", "Satisfied"), posts("Cheerful", "Depressed", own=False)
    both = Posts(*(np.concatenate(pair) for pair in zip(vars(own).values(), vars(others).values(), strict=True)))

    mood = read_mood(both)

    assert (mood.happiest, mood.saddest) == (1, 2)


@given(st.lists(st.lists(st.floats(0, 1), min_size=6, max_size=6), min_size=5, max_size=12), st.integers(0, 9))
def test_the_interval_holds_no_nan_and_order_does_not_matter(rows: list[list[float]], seed: int) -> None:
    emotions = np.array(rows)
    count = len(rows)
    order = np.random.default_rng(seed).permutation(count)
    ages, acts = np.arange(count, dtype=float), np.arange(count, dtype=float)
    own = np.arange(count) % 2 == 0

    one = read_mood(Posts(emotions, ages, acts, own))
    other = read_mood(Posts(emotions[order], ages[order], acts[order], own[order]))

    assert one.positivity == pytest.approx(other.positivity)
    assert not np.isnan(np.array(one.interval)).any()


@given(st.lists(st.floats(0, 1), min_size=6, max_size=6))
def test_every_mean_has_a_name(emotions: list[float]) -> None:
    assert mood_name(emotions) in FEELINGS
