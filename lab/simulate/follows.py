"""The follow graph: people follow by language, country, interests and fame."""

import numpy as np

from .config import Config
from .sampling import Groups
from .vocabulary import TOPICS
from .world import Accounts, Floats, Follows, Ints, Users, generator


def make_follows(config: Config, accounts: Accounts, users: Users) -> Follows:
    """Returns the follows with their start and the follower's fondness."""
    rng = generator(config, 4)
    wanted = rng.lognormal(np.log(config.follows_median), config.follows_sigma, config.users)
    number = np.minimum(wanted, config.users / 4).astype(np.int64) + 1
    account = np.repeat(np.arange(config.users), number)
    user = _targets(account, accounts, users, rng)
    proper = (user >= 0) & (users.account[user] != account)
    edges = np.unique(account[proper] * len(users.account) + user[proper])
    account, user = np.divmod(edges, len(users.account))
    return Follows(
        account=account,
        user=user,
        since_ms=_since(config, accounts, users, account, user, rng),
        fondness=_fondness(config, accounts.bot[account], rng),
        first=np.searchsorted(account, np.arange(len(accounts.guest) + 1)),
    )


def fame(users: Users) -> Floats:
    """Returns weights by quality and posting rate; shape (users,)."""
    return np.asarray(np.exp(1.2 * users.quality) * np.sqrt(np.minimum(users.posts_per_day, 3.0)))


def _targets(account: Ints, accounts: Accounts, users: Users, rng: np.random.Generator) -> Ints:
    """Draws one followed user per edge: same interest and language 55 %, language 25 %, country 12 %, any 8 %."""
    weight = fame(users)
    language = accounts.fluency.argmax(axis=1)
    interest = accounts.affinity.argmax(axis=1)
    interest_group = language * len(TOPICS) + interest
    everyone = np.zeros_like(language)
    target = np.full(len(account), -1)
    choice = np.searchsorted([0.55, 0.80, 0.92], rng.random(len(account)))
    for case, group in enumerate((interest_group, language, accounts.country, everyone)):
        rows = np.flatnonzero(choice == case)
        pool = Groups.of(group[users.account], weight, int(group.max()) + 1)
        target[rows] = pool.draw(group[account[rows]], rng)
    return target


def _since(
    config: Config, accounts: Accounts, users: Users, account: Ints, user: Ints, rng: np.random.Generator
) -> Ints:
    possible = np.maximum(accounts.created_ms[account], users.created_ms[user]) + 60_000
    before = possible + rng.random(len(account)) * np.maximum(config.start_ms - possible, 0)
    within = np.maximum(possible, config.start_ms)
    during = within + rng.random(len(account)) * np.maximum(config.until_ms - within - 60_000, 0)
    late = rng.random(len(account)) < config.late_follow_share
    since: Ints = np.where(late, during, before).astype(np.int64)
    return since


def _fondness(config: Config, bot: Ints, rng: np.random.Generator) -> Floats:
    """Returns a bonus for every followed author, a large one for some, none for bots; shape (follows,)."""
    fond = rng.random(len(bot)) < config.fond_share
    strength = config.following_logit + fond * config.fond_logit * rng.uniform(0.5, 1.5, len(bot))
    return np.round(np.where(bot < 0, strength, 0), 3)
