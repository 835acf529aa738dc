"""The tables of a simulated community: one frozen dataclass of equally long arrays per table.

Rows of members come first in `Accounts`. Row i of `Users` is the user of member i; pages follow.
Times are int64 milliseconds since 1970; -1 in a column of rows means "none".
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .config import Config

Ints = NDArray[np.integer[Any]]
Floats = NDArray[np.floating[Any]]
Flags = NDArray[np.bool_]

KINDS = ("like", "comment", "recast", "quote", "report")
SOURCES = ("following", "trending", "country", "interest", "fresh", "profile")
CONTENT_TYPES = ("short", "image", "blog", "video", "long")
VISIBILITIES = ("publish", "hidden", "deleted", "illegal")


@dataclass(frozen=True)
class Accounts:
    """Members, then guests, with stored fields and hidden preferences."""

    created_ms: Ints  # (accounts,)
    guest: Flags  # (accounts,)
    bot: Ints  # (accounts,) index into reading.BOT_KINDS, -1 for people
    country: Ints  # (accounts,) index into places.COUNTRIES
    fluency: Floats  # (accounts, languages) 0-1; the main language has 1
    affinity: Floats  # (accounts, topics) logits at the start of the log
    drift: Floats  # (accounts, topics) logits per 30 days
    base: Floats  # (accounts,) logit of engaging with a neutral post
    kinds: Floats  # (accounts, 4) chances of like, comment, recast, quote given an engagement
    speed: Floats  # (accounts,) characters read per second
    spread: Floats  # (accounts,) sigma of the log reading time
    activity: Floats  # (accounts,) chance of being active on a day
    chronotype: Floats  # (accounts,) hours later than the usual rhythm


@dataclass(frozen=True)
class Users:
    """People (row = account row) and pages."""

    account: Ints  # (users,)
    page: Flags  # (users,)
    created_ms: Ints  # (users,)
    quality: Floats  # (users,) logits
    posts_per_day: Floats  # (users,)


@dataclass(frozen=True)
class Credentials:
    """Devices or logins."""

    account: Ints  # (credentials,)
    created_ms: Ints  # (credentials,)


@dataclass(frozen=True)
class Follows:
    """Follows with hidden fondness, sorted by account, then user."""

    account: Ints  # (follows,) the follower's account row = its user row
    user: Ints  # (follows,) the followed user
    since_ms: Ints  # (follows,)
    fondness: Floats  # (follows,) logits >= 0
    first: Ints  # (accounts + 1,) rows of account i are first[i]:first[i + 1]


@dataclass(frozen=True)
class Contents:
    """Original posts in order of time, then reshares in order of time."""

    created_ms: Ints  # (contents,)
    author: Ints  # (contents,) user row
    language: Ints  # (contents,)
    topic: Ints  # (contents,)
    second_topic: Ints  # (contents,) -1 = none
    quality: Floats  # (contents,) logits, without the author's
    type: Ints  # (contents,) index into CONTENT_TYPES
    wording: Ints  # (contents, texts.PARTS) fragments of the message
    length: Ints  # (contents,) characters
    photos: Ints  # (contents,)
    root: Ints  # (contents,) content row that a reshare names as its original, -1 for originals
    parent: Ints  # (contents,) content row that the resharer saw
    quote: Flags  # (contents,) a reshare with a text
    visibility: Ints  # (contents,) index into VISIBILITIES, at the end of the history


@dataclass(frozen=True)
class Exposures:
    """Deliveries; `seen` marks those that reached the screen."""

    account: Ints  # (exposures,)
    credential: Ints  # (exposures,)
    content: Ints  # (exposures,)
    called_ms: Ints  # (exposures,)
    seen_ms: Ints  # (exposures,)
    off_ms: Ints  # (exposures,) end of the reading; -1 = not recorded
    seen: Flags  # (exposures,)
    source: Ints  # (exposures,) index into SOURCES
    score: Floats  # (exposures,) of the app


@dataclass(frozen=True)
class Engagements:
    """Engagements with posts on the screen."""

    account: Ints  # (engagements,)
    content: Ints  # (engagements,) the target: for reshares the root
    kind: Ints  # (engagements,) index into KINDS
    created_ms: Ints  # (engagements,)
    item: Ints  # (engagements,) new content row of a reshare, -1 otherwise
    seen_content: Ints  # (engagements,) content on the screen
    withdrawn: Flags  # (engagements,)


@dataclass(frozen=True)
class Blocks:
    """Blocks of users by accounts."""

    account: Ints  # (blocks,)
    user: Ints  # (blocks,)
    since_ms: Ints  # (blocks,)


@dataclass(frozen=True)
class World:
    """A complete community: what the app stores and what it does not know."""

    config: Config
    accounts: Accounts
    users: Users
    credentials: Credentials
    follows: Follows
    contents: Contents
    exposures: Exposures
    engagements: Engagements
    blocks: Blocks


def generator(config: Config, part: int) -> np.random.Generator:
    """Returns the random generator of one part of the community, independent of other parts."""
    return np.random.default_rng([config.seed, part])


def draw(cumulative: Floats, rng: np.random.Generator, size: int) -> Ints:
    """Draws indices by cumulative chances (last value = total); shape (size,).

    >>> draw(np.array([0.0, 2.0, 2.0]), np.random.default_rng(0), 3).tolist()
    [1, 1, 1]
    """
    return np.asarray(np.searchsorted(cumulative, rng.random(size) * cumulative[-1], side="right"))


def draw_per_row(cumulative: Floats, rng: np.random.Generator) -> Ints:
    """Draws one column index per row of cumulative chances (rows, columns); shape (rows,)."""
    level = rng.random(len(cumulative)) * cumulative[:, -1]
    column = (cumulative <= level[:, None]).sum(axis=1)
    return np.asarray(np.minimum(column, cumulative.shape[1] - 1))
