"""Accounts, users and credentials with hidden preferences."""

import numpy as np

from features.milliseconds import DAY_MS

from .bots import assign_bots
from .config import Config
from .places import COUNTRIES, LANGUAGES
from .vocabulary import TOPICS
from .world import Accounts, Credentials, Flags, Floats, Ints, Users, draw, draw_per_row, generator

_TRIBES = 10  # groups of people with similar interests
_OLDEST_DAYS = 700


def make_accounts(config: Config) -> Accounts:
    """Returns members, then guests, with hidden preferences."""
    rng = generator(config, 1)
    guests = round(config.users * config.guest_share)
    n = config.users + guests
    guest = np.arange(n) >= config.users
    country = draw(np.cumsum([c.share for c in COUNTRIES]), rng, n)
    kinds = np.array([c.kinds for c in COUNTRIES])[country]
    return Accounts(
        created_ms=_joined(config, rng, n),
        guest=guest,
        bot=assign_bots(config, guest, rng),
        country=country,
        fluency=_fluency(country, rng),
        affinity=np.round(_affinity(rng, n) * config.topic_scale, 3),
        drift=np.round(rng.normal(0, config.drift_sigma, (n, len(TOPICS))), 3),
        base=np.round(_base(config, rng, n), 3),
        kinds=np.round(_own_kinds(kinds, rng), 3),
        speed=rng.lognormal(np.log(32), 0.35, n),
        spread=rng.uniform(0.4, 0.85, n),
        activity=rng.beta(2.6, 1.1, n) * np.where(guest, 0.5, 1),
        chronotype=rng.normal(0, 1.5, n),
    )


def _joined(config: Config, rng: np.random.Generator, n: int) -> Ints:
    before = config.start_ms - DAY_MS * (4 + rng.random(n) * _OLDEST_DAYS)
    during = config.start_ms + rng.random(n) * 0.8 * (config.until_ms - config.start_ms)
    return np.where(rng.random(n) < config.newcomer_share, during, before).astype(np.int64)


def _fluency(country: Ints, rng: np.random.Generator) -> Floats:
    """Returns main language 1, English 0.5-0.9, rarely a third language; shape (accounts, languages)."""
    n = len(country)
    mixes = np.array([[c.languages.get(code, 0.0) for code in LANGUAGES] for c in COUNTRIES])
    english = np.array([c.english for c in COUNTRIES])[country]
    fluency = np.zeros((n, len(LANGUAGES)))
    fluency[:, 0] = np.where(rng.random(n) < english, rng.uniform(0.5, 0.9, n), 0)
    third = rng.random(n) < 0.05
    fluency[third, rng.integers(len(LANGUAGES), size=third.sum())] = 0.4
    fluency[np.arange(n), draw_per_row(np.cumsum(mixes, axis=1)[country], rng)] = 1
    return np.round(fluency, 2)


def _affinity(rng: np.random.Generator, n: int) -> Floats:
    """Returns logits per topic: a few favourites of the tribe, one or two individual ones; shape (accounts, topics)."""
    topics = len(TOPICS)
    loved_by_tribe = np.argsort(rng.random((_TRIBES, topics)), axis=1) < 3
    tribe = rng.integers(_TRIBES, size=n)
    affinity = rng.normal(-0.9, 0.3, (n, topics))
    affinity += loved_by_tribe[tribe] * rng.uniform(1.3, 3.0, (n, topics))
    own = np.argsort(rng.random((n, topics)), axis=1) < rng.integers(1, 3, size=n)[:, None]
    return np.minimum(affinity + own * rng.uniform(1.0, 2.6, (n, topics)), 2.4)


def _base(config: Config, rng: np.random.Generator, n: int) -> Floats:
    lurkers = rng.random(n) < config.lurker_share
    base: Floats = rng.normal(config.base_logit, config.base_sigma, n) + lurkers * config.lurker_logit
    return base


def _own_kinds(kinds: Floats, rng: np.random.Generator) -> Floats:
    """Returns each person's mix of engagement kinds, scattered around that of the country; shape (accounts, 4)."""
    own = rng.gamma(kinds * 8 + 0.05)
    return np.asarray(own / own.sum(axis=1, keepdims=True))


def make_users(config: Config, accounts: Accounts) -> Users:
    """Returns one user per member, then the pages of some members."""
    rng = generator(config, 2)
    people = np.arange(config.users)
    runs_page: Flags = (rng.random(config.users) < config.page_share) & (accounts.bot[: config.users] < 0)
    account = np.concatenate([people, np.flatnonzero(runs_page)])
    n = len(account)
    page = np.arange(n) >= config.users
    sigma = config.posts_sigma
    rate = rng.lognormal(np.log(config.posts_per_user_day) - sigma**2 / 2, sigma, n) * np.where(page, 4, 1)
    joined = accounts.created_ms[account]
    later = rng.random(n) * np.maximum(config.start_ms - joined, 0) * 0.5
    return Users(
        account=account,
        page=page,
        created_ms=np.where(page, joined + later, joined + 1000).astype(np.int64),
        quality=np.round(_author_quality(config, rng, n) + 0.3 * page, 3),
        posts_per_day=np.minimum(rate, 12.0),
    )


def _author_quality(config: Config, rng: np.random.Generator, n: int) -> Floats:
    """Returns logits with a heavy upper tail; shape (n,)."""
    return rng.normal(0, config.author_sigma, n) + rng.exponential(0.25, n) - 0.25


def make_credentials(config: Config, accounts: Accounts) -> Credentials:
    """Returns one device per account, and a second one for a quarter of the human members."""
    rng = generator(config, 3)
    n = len(accounts.guest)
    second = (rng.random(n) < 0.25) & ~accounts.guest & (accounts.bot < 0)
    account = np.concatenate([np.arange(n), np.flatnonzero(second)])
    return Credentials(account=account, created_ms=accounts.created_ms[account] + 500)
