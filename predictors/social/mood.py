"""Computes a user's mood from the emotions of recent posts: four moods on two axes, with interval and hysteresis.

weight of a post = 2^(−age / half life) · (1 + ln(1 + activity)) · owner, owner .75 for own posts and .25 for posts
that the user engaged with. positivity = joy + love + ½ surprise, negativity = anger + fear + sadness, of the weighted
mean. Negative: Stressed if 2·anger > fear + sadness, else Depressed. Positive: Cheerful if positivity ≥ 1.5·negativity,
else Satisfied.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats

LABELS = ("anger", "fear", "joy", "love", "sadness", "surprise")  # columns of the emotions below
MOODS = ("Cheerful", "Satisfied", "Stressed", "Depressed")
UNKNOWN = "unknown"
_SIDES = np.array([[0, 1], [0, 1], [1, 0], [1, 0], [0, 1], [0.5, 0]])  # (labels, positivity and negativity)


@dataclass(frozen=True)
class Config:
    """Weights of the posts, and the confidence that a change needs."""

    half_life_hours: float = 168.0  # a week
    own: float = 0.75
    others: float = 0.25
    least_posts: int = 5
    resamples: int = 400
    sure: float = 0.6  # share of the resamples that a new mood needs to replace the last


@dataclass(frozen=True)
class Posts:
    """The posts of one analysis; n rows each."""

    emotions: Floats  # (n, 6), probabilities of LABELS
    age_hours: Floats  # (n,)
    activity: Floats  # (n,) engagements with the post
    own: NDArray[np.bool_]  # (n,)


@dataclass(frozen=True)
class Mood:
    """A mood, or UNKNOWN with the reason."""

    name: str
    reason: str | None = None
    positivity: float = 0.0
    negativity: float = 0.0
    interval: tuple[tuple[float, float], tuple[float, float]] = (
        (0.0, 0.0),
        (0.0, 0.0),
    )  # 5th to 95th percentile of both
    share: float = 0.0  # of the resamples with this mood
    happiest: int | None = None  # row of the happiest own post
    saddest: int | None = None


def read_mood(posts: Posts, last: str | None = None, config: Config = Config(), seed: int = 0) -> Mood:
    """Returns the mood of these posts; `last`, the previous mood, stays while the new one is uncertain."""
    count = len(posts.emotions)
    if count < config.least_posts:
        return Mood(UNKNOWN, f"{count} posts with known emotions, {config.least_posts} are needed")
    weights = post_weights(posts, config)
    means = _resampled(posts.emotions, weights, config.resamples, seed)
    sides = means @ _SIDES  # (1 + resamples, 2)
    names = [mood_name(row) for row in means]
    name = _steady(names, last, config.sure)
    happiest, saddest = _extremes(posts)
    low, high = np.quantile(sides[1:], [0.05, 0.95], axis=0)
    return Mood(
        name=name,
        positivity=float(sides[0, 0]),
        negativity=float(sides[0, 1]),
        interval=((float(low[0]), float(high[0])), (float(low[1]), float(high[1]))),
        share=names[1:].count(name) / max(1, config.resamples),
        happiest=happiest,
        saddest=saddest,
    )


def post_weights(posts: Posts, config: Config = Config()) -> Floats:
    """Returns the weight of each post; shape (n,)."""
    decay = np.exp2(-np.maximum(posts.age_hours, 0) / config.half_life_hours)
    owner = np.where(posts.own, config.own, config.others)
    return np.asarray(decay * (1 + np.log1p(np.maximum(posts.activity, 0))) * owner)


def mood_name(emotions: Sequence[float] | Floats) -> str:
    """Returns the mood of mean emotions in the order of LABELS.

    >>> mood_name([0, 0, 0.8, 0, 0.1, 0]), mood_name([0.1, 0, 0.1, 0, 0.6, 0])
    ('Cheerful', 'Depressed')
    """
    anger, fear, _, _, sadness, _ = (float(value) for value in emotions)
    positivity, negativity = (float(side) for side in np.asarray(emotions, np.float64) @ _SIDES)
    if negativity > positivity:
        return "Stressed" if 2 * anger > fear + sadness else "Depressed"
    return "Cheerful" if positivity >= 1.5 * negativity else "Satisfied"


def _resampled(emotions: Floats, weights: Floats, resamples: int, seed: int) -> Floats:
    """Returns the weighted mean, then those of bootstrap resamples of the posts; shape (1 + resamples, 6)."""
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(weights), np.full(len(weights), 1 / len(weights)), size=resamples)  # (resamples, n)
    times = np.vstack([np.ones(len(weights)), drawn]) * (weights / weights.max())
    return np.asarray(times @ emotions / np.maximum(times.sum(axis=1, keepdims=True), 1e-12))


def _steady(names: Sequence[str], last: str | None, sure: float) -> str:
    """Returns the mood of the posts, or the last one when they differ and too few resamples agree."""
    changed = last in MOODS and names[0] != last
    agreed = names[1:].count(names[0]) / max(1, len(names) - 1)
    return str(last) if changed and agreed < sure else names[0]


def _extremes(posts: Posts) -> tuple[int | None, int | None]:
    """Returns the rows of the happiest and the saddest own post."""
    own = np.flatnonzero(posts.own)
    if not len(own):
        return None, None
    sides = posts.emotions[own] @ _SIDES
    balance = sides[:, 0] - sides[:, 1]
    return int(own[balance.argmax()]), int(own[balance.argmin()])
