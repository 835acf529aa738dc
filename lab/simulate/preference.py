"""True preferences: the probability of an engagement with a post on the screen."""

from dataclasses import dataclass

import numpy as np

from features.milliseconds import DAY_MS, HOUR_MS

from .config import Config
from .world import Accounts, Contents, Flags, Floats, Follows, Ints, Users


@dataclass(frozen=True)
class Preferences:
    """Hidden preferences of people."""

    base: Floats  # (accounts,) logits
    affinity: Floats  # (accounts, topics) logits at the start of the log
    drift: Floats  # (accounts, topics) logits per 30 days
    fluency: Floats  # (accounts, languages) 0-1
    country: Ints  # (accounts,)
    fond_of: Ints  # (pairs,) account · users + user, ascending
    fondness: Floats  # (pairs,) logits
    users: int


@dataclass(frozen=True)
class Posts:
    """Properties of posts; the same rows as the contents of the community."""

    created_ms: Ints  # (contents,)
    author: Ints  # (contents,) user row
    language: Ints  # (contents,)
    topic: Ints  # (contents,)
    second_topic: Ints  # (contents,) -1 = none
    appeal: Floats  # (contents,) logits: the post's own quality and its author's
    country: Ints  # (contents,) of the author
    original: Flags  # (contents,) not a recast: in the pools too


def make_preferences(accounts: Accounts, users: Users, follows: Follows) -> Preferences:
    """Returns the hidden preferences of the members of a community."""
    return Preferences(
        base=accounts.base,
        affinity=accounts.affinity,
        drift=accounts.drift,
        fluency=accounts.fluency,
        country=accounts.country,
        fond_of=follows.account * len(users.account) + follows.user,
        fondness=follows.fondness,
        users=len(users.account),
    )


def make_posts(accounts: Accounts, users: Users, contents: Contents) -> Posts:
    """Returns the properties of the contents of a community."""
    return Posts(
        created_ms=contents.created_ms,
        author=contents.author,
        language=contents.language,
        topic=contents.topic,
        second_topic=contents.second_topic,
        appeal=contents.quality + users.quality[contents.author],
        country=accounts.country[users.account[contents.author]],
        original=(contents.root < 0) | contents.quote,
    )


def _topic_logit(config: Config, preferences: Preferences, account: Ints, topic: Ints, time_ms: Ints) -> Floats:
    months = (time_ms - config.start_ms) / (30 * DAY_MS)
    return preferences.affinity[account, topic] + months * preferences.drift[account, topic]


def _fondness(preferences: Preferences, account: Ints, author: Ints) -> Floats:
    pair = account * preferences.users + author
    place = np.minimum(np.searchsorted(preferences.fond_of, pair), len(preferences.fond_of) - 1)
    return np.where(preferences.fond_of[place] == pair, preferences.fondness[place], 0.0)


def engagement_logit(
    config: Config,
    preferences: Preferences,
    posts: Posts,
    account: Ints,
    content: Ints,
    time_ms: Ints,
    repeated: Flags | bool = False,
) -> Floats:
    """Returns the logit of engaging with a content on an account's screen at a time; shape (pairs,).

    base + affinity(topic, time) + ½ affinity(second topic) + fondness(author) + appeal
    + foreign · (1 − fluency) + country · [same country] + age · ln(1 + age / 12 h) + repeat · [seen before].
    """
    logit: Floats = preferences.base[account] + posts.appeal[content]
    logit += _topic_logit(config, preferences, account, posts.topic[content], time_ms)
    second = posts.second_topic[content]
    logit += 0.5 * (second >= 0) * _topic_logit(config, preferences, account, second, time_ms)
    logit += _fondness(preferences, account, posts.author[content])
    logit += config.foreign_logit * (1 - preferences.fluency[account, posts.language[content]])
    logit += config.country_logit * (preferences.country[account] == posts.country[content])
    age_hours = np.maximum(time_ms - posts.created_ms[content], 0) / HOUR_MS
    logit += config.age_logit * np.log1p(age_hours / 12) + config.repeat_logit * repeated
    return logit


def probability(logit: Floats) -> Floats:
    """Returns the probability of a logit, without overflow.

    >>> probability(np.array([0.0, -1000.0])).tolist()
    [0.5, 0.0]
    """
    bounded = np.clip(logit, -700, 700)
    chance: Floats = 1 / (1 + np.exp(-bounded))
    return np.where(logit < -700, 0.0, chance)
