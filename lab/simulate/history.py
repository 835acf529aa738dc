"""The history of a community, step by step: the feed delivers, people read, some engage."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from features.milliseconds import HOUR_MS

from .bots import click_farm_clients
from .cascades import QUOTE, RECAST, add_reshares, root_of
from .config import Config
from .feed import Feed
from .follows import make_follows
from .people import make_accounts, make_credentials, make_users
from .pools import make_pools
from .posts import make_originals
from .preference import Posts, Tastes, engagement_logit, make_posts, make_tastes, probability
from .reading import human_durations, human_gaps
from .sessions import Slots, make_slots
from .shelf import Shelf
from .world import (
    KINDS,
    Blocks,
    Engagements,
    Exposures,
    Flags,
    Floats,
    Follows,
    Ints,
    Users,
    World,
    draw_per_row,
    generator,
)

T = TypeVar("T", Exposures, Engagements)
REPORT = KINDS.index("report")


@dataclass(frozen=True)
class Delivered:
    """The filled slots of one step, sorted by session and position."""

    slot: Ints  # (n,) row of Slots
    account: Ints  # (n,)
    content: Ints  # (n,)
    source: Ints  # (n,)
    repeated: Flags  # (n,)
    score: Floats  # (n,)


class History:
    """What has happened so far."""

    def __init__(self, config: Config, feed: Feed, shelf: Shelf, slots: Slots, tastes: Tastes) -> None:
        self.config, self.feed, self.shelf, self.slots, self.tastes = config, feed, shelf, slots, tastes
        self.rng = generator(config, 10)
        self.popularity = np.zeros(shelf.count)
        self.pending = np.zeros((2, 0), dtype=np.int64)  # content and time of what is not popular yet
        self.engaged: set[int] = set()  # account · 2^32 + content
        self.exposures: list[Exposures] = []
        self.engagements: list[Engagements] = []

    def step(self, begin_ms: int, last_ms: int, slots: Ints) -> None:
        """One step from `begin_ms`; `last_ms` is the begin of the step before."""
        posts = make_posts(self.feed.accounts, self.feed.users, self.shelf.contents())
        new = np.flatnonzero((posts.created_ms >= last_ms) & (posts.created_ms < begin_ms))
        new = new[np.argsort(posts.created_ms[new], kind="stable")]
        self.feed.publish(new, posts.author[new])
        self._spread_popularity(begin_ms)
        if len(slots):
            delivered = self._deliver(slots, posts, begin_ms)
            self._read(delivered, posts)

    def _spread_popularity(self, begin_ms: int) -> None:
        """Engagements before the step count in full at its begin and fade from then on."""
        grown = np.zeros(self.shelf.count)
        fading = np.exp(-self.config.step_hours / self.config.popularity_decay_hours)
        grown[: len(self.popularity)] = self.popularity * fading
        content, time = self.pending
        past = time < begin_ms
        self.popularity = grown + np.bincount(content[past], minlength=len(grown))
        self.pending = self.pending[:, ~past]

    def _deliver(self, slots: Ints, posts: Posts, begin_ms: int) -> Delivered:
        account = self.slots.account[slots]
        pools = make_pools(self.config, posts, self.popularity, begin_ms)
        content, source, repeated, score = self.feed.fill(account, posts, pools, self.rng)
        human = self.feed.accounts.bot[account] < 0
        twice = np.ones(len(slots), dtype=bool)
        twice[np.unique(account * (1 << 32) + content, return_index=True)[1]] = False
        keep = (content >= 0) & ~(twice & human)
        account, content = account[keep], content[keep]
        self.feed.remember(account, content)
        return Delivered(slots[keep], account, content, source[keep], repeated[keep] | twice[keep], score[keep])

    def _read(self, d: Delivered, posts: Posts) -> None:
        start = self.slots.start_ms[d.slot]
        unseen = self.slots.unseen[d.slot]
        logit = engagement_logit(self.config, self.tastes, posts, d.account, d.content, start, d.repeated)
        kind = np.where(unseen, -1, self._decide(d, logit, posts))
        interest = (logit - self.tastes.base[d.account]) / 2
        duration = self._durations(d, interest, kind)
        seen = self._clock(d, np.where(unseen, 0, duration))
        off = seen + np.maximum(duration, 1)
        recorded = off < self.config.until_ms
        self._note_exposures(d, recorded, seen, off)
        acts = np.flatnonzero(recorded & (kind >= 0))
        when = seen[acts] + (duration[acts] * self.rng.uniform(0.4, 1, len(acts))).astype(np.int64)
        self._engage(d.account[acts], d.content[acts], kind[acts], when)

    def _decide(self, d: Delivered, logit: Floats, posts: Posts) -> Ints:
        """Kind of engagement per reading, -1 for none, (n,)."""
        config, accounts, n = self.config, self.feed.accounts, len(d.account)
        paid = self.feed.client[d.account] == posts.author[d.content]
        flat = np.where(paid, config.click_farm_engagement, config.bot_engagement)
        chance = np.where(accounts.bot[d.account] < 0, probability(logit), flat)
        luck = self.rng.random(n)
        kind = draw_per_row(np.cumsum(accounts.kinds, axis=1)[d.account], self.rng)
        kind = np.where(luck < chance, kind, -1)
        kind = np.where((luck > 1 - config.report_share) & (kind < 0), REPORT, kind)
        return np.where(accounts.guest[d.account], -1, kind)

    def _durations(self, d: Delivered, interest: Floats, kind: Ints) -> Ints:
        """Milliseconds on the screen; writing takes longer, (n,)."""
        contents, n = self.shelf.contents(), len(d.account)
        speed, spread = self.feed.accounts.speed[d.account], self.feed.accounts.spread[d.account]
        seconds = human_durations(contents.length[d.content], speed, interest, self.rng, spread)
        writing = (kind == KINDS.index("comment")) | (kind == QUOTE)
        seconds += writing * self.rng.lognormal(np.log(14), 0.6, n)
        fixed = self.slots.duration_seconds[d.slot]
        milliseconds: Ints = np.round(np.where(np.isnan(fixed), seconds, fixed) * 1000).astype(np.int64)
        return milliseconds

    def _clock(self, d: Delivered, duration: Ints) -> Ints:
        """When each post comes on the screen: one after the other inside a session, (n,)."""
        gaps = np.round(human_gaps(len(duration), self.rng) * 1000).astype(np.int64)
        session = self.slots.session[d.slot]
        before = np.cumsum(duration + gaps) - duration
        first = np.searchsorted(session, session, side="left")
        human = np.isnan(self.slots.duration_seconds[d.slot])
        start = self.slots.start_ms[d.slot]
        return start + np.where(human, before - (before - gaps)[first], 0)

    def _note_exposures(self, d: Delivered, recorded: Flags, seen: Ints, off: Ints) -> None:
        human = np.isnan(self.slots.duration_seconds[d.slot])
        unrecorded = self.rng.random(len(seen)) < self.config.no_off_screen_share
        self.exposures.append(
            Exposures(
                account=d.account[recorded],
                credential=self.slots.credential[d.slot][recorded],
                content=d.content[recorded],
                called_ms=(self.slots.start_ms[d.slot] - np.where(human, 0, 300))[recorded],
                seen_ms=seen[recorded],
                off_ms=np.where(unrecorded, -1, off)[recorded],
                seen=~self.slots.unseen[d.slot][recorded],
                source=d.source[recorded],
                score=np.round(d.score[recorded], 4),
            )
        )

    def _engage(self, account: Ints, content: Ints, kind: Ints, when: Ints) -> None:
        contents = self.shelf.contents()
        root = root_of(contents, content)
        reshare = (kind == RECAST) | (kind == QUOTE)
        own = self.feed.users.account[contents.author[root]] == account
        again = reshare & (own | self._known(account, root))
        kind, reshare = np.where(again, 0, kind), reshare & ~again
        target = np.where(reshare, root, content)
        fresh = ~self._known(account, target) & self._first(account, root)
        account, content, kind, when = account[fresh], content[fresh], kind[fresh], when[fresh]
        reshare, target = reshare[fresh], target[fresh]
        item = np.full(len(account), -1)
        item[reshare] = add_reshares(
            self.config,
            self.shelf,
            account[reshare],
            content[reshare],
            kind[reshare] == QUOTE,
            when[reshare],
            self.rng,
        )
        self.engaged.update((account * (1 << 32) + target).tolist())
        counting = kind != REPORT
        self.pending = np.concatenate([self.pending, np.stack([target, when])[:, counting]], axis=1)
        withdrawn = self.rng.random(len(account)) < self.config.withdrawn_share
        withdrawn &= ~reshare & counting
        self.engagements.append(Engagements(account, target, kind, when, item, content, withdrawn))

    def _known(self, account: Ints, content: Ints) -> Flags:
        keys = (account * (1 << 32) + content).tolist()
        return np.array([key in self.engaged for key in keys], dtype=bool)

    @staticmethod
    def _first(account: Ints, root: Ints) -> Flags:
        """The first of several engagements of one person with one original in a step."""
        first = np.zeros(len(account), dtype=bool)
        first[np.unique(account * (1 << 32) + root, return_index=True)[1]] = True
        return first


def _joined(tables: list[T]) -> T:
    columns = {name: np.concatenate([getattr(t, name) for t in tables]) for name in vars(tables[0])}
    return type(tables[0])(**columns)


def _run(history: History) -> None:
    config = history.config
    step_ms = round(config.step_hours * HOUR_MS)
    begins = np.arange(config.start_ms, config.until_ms, step_ms)
    bounds = np.searchsorted(history.slots.start_ms, np.append(begins, config.until_ms))
    last = 0
    for number, begin in enumerate(begins.tolist()):
        history.step(begin, last, np.arange(bounds[number], bounds[number + 1]))
        last = begin


def _blocks(config: Config, users: Users, follows: Follows, exposures: Exposures, author: Ints) -> Blocks:
    """Some people block an author after the last post of theirs that they saw."""
    rng = generator(config, 11)
    pair = exposures.account * len(users.account) + author[exposures.content]
    last = len(pair) - 1 - np.unique(pair[::-1], return_index=True)[1]
    followed = np.isin(pair[last], follows.account * len(users.account) + follows.user)
    last = last[~followed & (exposures.account[last] < config.users) & exposures.seen[last]]
    chosen = np.sort(rng.choice(last, min(len(last), round(config.users * config.block_share)), replace=False))
    since = exposures.seen_ms[chosen] + 1000
    return Blocks(exposures.account[chosen], author[exposures.content[chosen]], since)


def simulate(config: Config) -> World:
    """The community that the settings describe; equal settings give equal worlds."""
    accounts = make_accounts(config)
    users, credentials = make_users(config, accounts), make_credentials(config, accounts)
    follows, originals = make_follows(config, accounts, users), make_originals(config, accounts, users)
    slots = make_slots(config, accounts, credentials)
    posted = np.bincount(originals.author, minlength=len(users.account))
    feed = Feed(config, accounts, users, follows, click_farm_clients(config, accounts, posted))
    shelf = Shelf(accounts, users, originals)
    history = History(config, feed, shelf, slots, make_tastes(accounts, users, follows))
    _run(history)
    contents, exposures = shelf.contents(), _joined(history.exposures)
    return World(
        config=config,
        accounts=accounts,
        users=users,
        credentials=credentials,
        follows=follows,
        contents=contents,
        exposures=exposures,
        engagements=_joined(history.engagements),
        blocks=_blocks(config, users, follows, exposures, contents.author),
    )
