"""Original posts, in the author's language, hours and favourite topics."""

import numpy as np

from features.milliseconds import DAY_MS, HOUR_MS

from .config import Config
from .places import COUNTRIES
from .reading import local_hours
from .texts import choose_wording, message_length
from .world import (
    Accounts,
    Contents,
    Floats,
    Ints,
    Users,
    draw,
    draw_per_row,
    generator,
)

_TYPE_SHARES = np.cumsum([0.68, 0.19, 0.06, 0.04, 0.03])  # in the order of CONTENT_TYPES
_PHOTO_CHANCE = np.array([0.12, 1.0, 0.5, 0.0, 0.3])


def utc_offset_ms(accounts: Accounts) -> Ints:
    """Returns the milliseconds that local time is ahead of UTC; shape (accounts,)."""
    offsets = np.array([round(country.utc_offset * HOUR_MS) for country in COUNTRIES])
    return offsets[accounts.country]


def topic_chances(affinity: Floats) -> Floats:
    """Returns the share of each topic in a person's interest: softmax of 1.2 · affinity; shape (accounts, topics).

    >>> topic_chances(np.zeros((1, 2))).tolist()
    [[0.5, 0.5]]
    """
    grown = np.exp(1.2 * affinity)
    chances: Floats = grown / grown.sum(axis=1, keepdims=True)
    return chances


def make_originals(config: Config, accounts: Accounts, users: Users) -> Contents:
    """Returns all original posts of the history and its warm-up, in order of time."""
    rng = generator(config, 7)
    author, created = _author_times(config, accounts, users, rng)
    n, owner = len(author), users.account[author]
    types = draw(_TYPE_SHARES, rng, n)
    language = draw_per_row(np.cumsum(accounts.fluency**4, axis=1)[owner], rng)
    chances = np.cumsum(topic_chances(1.6 * accounts.affinity), axis=1)[owner]
    topic, second = draw_per_row(chances, rng), draw_per_row(chances, rng)
    wording = choose_wording(types, rng)
    return Contents(
        created_ms=created,
        author=author,
        language=language,
        topic=topic,
        second_topic=np.where((second != topic) & (rng.random(n) < 0.4), second, -1),
        quality=np.round(_quality(config, types, rng), 3),
        type=types,
        wording=wording,
        length=message_length(wording, language, topic),
        photos=np.where(rng.random(n) < _PHOTO_CHANCE[types], rng.integers(1, 5, size=n), 0),
        root=np.full(n, -1),
        parent=np.full(n, -1),
        quote=np.zeros(n, dtype=bool),
        visibility=draw(_visibility_chances(config), rng, n),
    )


def _author_times(config: Config, accounts: Accounts, users: Users, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Returns author and time of each post; nobody posts before joining."""
    days = config.days + config.warm_up_days
    counts = rng.poisson(users.posts_per_day * days)
    author = np.repeat(np.arange(len(counts)), counts)
    owner = users.account[author]
    begin = config.start_ms - config.warm_up_days * DAY_MS
    day = np.floor(rng.random(len(author)) * (days + 1)) - 1
    hour = local_hours(len(author), rng) + accounts.chronotype[owner]
    created = (begin + day * DAY_MS + hour * HOUR_MS).astype(np.int64) - utc_offset_ms(accounts)[owner]
    proper = (created >= np.maximum(begin, users.created_ms[author] + 60_000)) & (created < config.until_ms)
    order = np.lexsort([author[proper], created[proper]])
    return author[proper][order], created[proper][order]


def _quality(config: Config, types: Ints, rng: np.random.Generator) -> Floats:
    """Returns Gumbel-distributed quality in logits, higher with pictures; shape (posts,)."""
    scale = config.quality_scale
    bonus = np.array([0.0, 0.25, 0.0, 0.2, -0.1])[types]
    quality: Floats = rng.gumbel(-0.5772 * scale, scale, len(types)) + bonus
    return quality


def _visibility_chances(config: Config) -> Floats:
    share = config.unpublished_share
    return np.cumsum([1 - share, 0.3 * share, 0.5 * share, 0.2 * share])
