"""The history of a community in steps: the feed delivers, people read, some engage."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from features.milliseconds import HOUR_MS

from .bots import click_farm_clients
from .cascades import QUOTE, RECAST, add_reshares, root_of
from .config import Config
from .content_table import ContentTable
from .feed import Feed
from .follows import make_follows
from .people import make_accounts, make_credentials, make_users
from .pools import make_pools
from .posts import make_originals
from .preference import Posts, Preferences, engagement_logit, make_posts, make_preferences, probability
from .reading import human_durations, human_gaps
from .sessions import Slots, make_slots
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
    """The history so far."""

    def __init__(self, config: Config, feed: Feed, table: ContentTable, slots: Slots, preferences: Preferences) -> None:
        self.config, self.feed, self.table, self.slots, self.preferences = config, feed, table, slots, preferences
        self.rng = generator(config, 10)
        self.popularity = np.zeros(table.count)
        self.pending = np.zeros((2, 0), dtype=np.int64)  # content and time of engagements not yet in `popularity`
        self.engaged: set[int] = set()  # account · 2^32 + content
        self.exposures: list[Exposures] = []
        self.engagements: list[Engagements] = []

    def step(self, begin_ms: int, last_ms: int, slots: Ints) -> None:
        """Simulates one step from `begin_ms`; `last_ms` is the start of the previous step."""
        posts = make_posts(self.feed.accounts, self.feed.users, self.table.contents())
        new = np.flatnonzero((posts.created_ms >= last_ms) & (posts.created_ms < begin_ms))
        new = new[np.argsort(posts.created_ms[new], kind="stable")]
        self.feed.publish(new, posts.author[new])
        self._spread_popularity(begin_ms)
        if len(slots):
            delivered = self._deliver(slots, posts, begin_ms)
            self._read(delivered, posts)

    def _spread_popularity(self, begin_ms: int) -> None:
        """Adds engagements before the step at full weight, and lets older ones fade."""
        grown = np.zeros(self.table.count)
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
        logit = engagement_logit(self.config, self.preferences, posts, d.account, d.content, start, d.repeated)
        kind = np.where(unseen, -1, self._decide(d, logit, posts))
        interest = (logit - self.preferences.base[d.account]) / 2
        duration = self._durations(d, interest, kind)
        seen = self._clock(d, np.where(unseen, 0, duration))
        off = seen + np.maximum(duration, 1)
        recorded = off < self.config.until_ms
        self._note_exposures(d, recorded, seen, off)
        acts = np.flatnonzero(recorded & (kind >= 0))
        when = seen[acts] + (duration[acts] * self.rng.uniform(0.4, 1, len(acts))).astype(np.int64)
        self._engage(d.account[acts], d.content[acts], kind[acts], when)

    def _decide(self, d: Delivered, logit: Floats, posts: Posts) -> Ints:
        """Returns the kind of engagement per reading, -1 for none; shape (n,)."""
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
        """Returns milliseconds on the screen; writing takes longer; shape (n,)."""
        contents, n = self.table.contents(), len(d.account)
        speed, spread = self.feed.accounts.speed[d.account], self.feed.accounts.spread[d.account]
        seconds = human_durations(contents.length[d.content], speed, interest, self.rng, spread)
        writing = (kind == KINDS.index("comment")) | (kind == QUOTE)
        seconds += writing * self.rng.lognormal(np.log(14), 0.6, n)
        fixed = self.slots.duration_seconds[d.slot]
        milliseconds: Ints = np.round(np.where(np.isnan(fixed), seconds, fixed) * 1000).astype(np.int64)
        return milliseconds

    def _clock(self, d: Delivered, duration: Ints) -> Ints:
        """Returns when each post reaches the screen, one after another in a session; shape (n,)."""
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
        contents = self.table.contents()
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
            self.table,
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
        """Marks the first engagement of a person with an original in a step."""
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
    """Returns blocks: some people block an author after seeing the author's last post."""
    rng = generator(config, 11)
    pair = exposures.account * len(users.account) + author[exposures.content]
    last = len(pair) - 1 - np.unique(pair[::-1], return_index=True)[1]
    followed = np.isin(pair[last], follows.account * len(users.account) + follows.user)
    last = last[~followed & (exposures.account[last] < config.users) & exposures.seen[last]]
    chosen = np.sort(rng.choice(last, min(len(last), round(config.users * config.block_share)), replace=False))
    since = exposures.seen_ms[chosen] + 1000
    return Blocks(exposures.account[chosen], author[exposures.content[chosen]], since)


def simulate(config: Config) -> World:
    """Simulates the community of the settings; equal settings produce equal worlds."""
    accounts = make_accounts(config)
    users, credentials = make_users(config, accounts), make_credentials(config, accounts)
    follows, originals = make_follows(config, accounts, users), make_originals(config, accounts, users)
    slots = make_slots(config, accounts, credentials)
    posted = np.bincount(originals.author, minlength=len(users.account))
    feed = Feed(config, accounts, users, follows, click_farm_clients(config, accounts, posted))
    table = ContentTable(accounts, users, originals)
    history = History(config, feed, table, slots, make_preferences(accounts, users, follows))
    _run(history)
    contents, exposures = table.contents(), _joined(history.exposures)
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
