"""Sessions: who opens the feed when, and the slots that the feed fills with posts."""

from dataclasses import dataclass

import numpy as np

from features.milliseconds import DAY_MS, HOUR_MS

from .bots import bot_streams
from .config import Config
from .posts import utc_offset_ms
from .reading import local_hours
from .world import Accounts, Credentials, Flags, Floats, Ints, generator

_SECONDS_PER_POST = 45  # before the same person's next session


@dataclass(frozen=True)
class Slots:
    """Slots for posts, in order of step, session and position."""

    account: Ints  # (slots,)
    credential: Ints  # (slots,)
    session: Ints  # (slots,) number of the session
    start_ms: Ints  # (slots,) start of the session; for bots, of the reading
    position: Ints  # (slots,) 0 = top of the feed
    unseen: Flags  # (slots,) delivered, but never on the screen
    duration_seconds: Floats  # (slots,) reading time of a bot, nan for people


def make_slots(config: Config, accounts: Accounts, credentials: Credentials) -> Slots:
    """Returns all slots of people and bots, sorted by time of the session."""
    people, bots = _people_slots(config, accounts), _bot_slots(config, accounts)
    account, start, position, unseen, duration = (np.concatenate(pair) for pair in zip(people, bots, strict=True))
    order = np.lexsort([position, account, start])
    account, start, position = account[order], start[order], position[order]
    new = np.diff(account, prepend=-1).astype(bool) | np.diff(start, prepend=-1).astype(bool)
    session = np.cumsum(new) - 1
    return Slots(
        account=account,
        credential=_devices(config, account, session, credentials),
        session=session,
        start_ms=start,
        position=position,
        unseen=unseen[order],
        duration_seconds=duration[order],
    )


def _people_slots(config: Config, accounts: Accounts) -> tuple[Ints, Ints, Ints, Flags, Floats]:
    rng = generator(config, 8)
    account, start = _openings(config, accounts, rng)
    room = np.clip(1 + rng.poisson(config.items_per_session - 1, len(account)), 1, 25)
    free = _without_overlap(account, start, room)
    account, start, room = account[free], start[free], room[free]
    first = np.cumsum(room) - room
    position = np.arange(room.sum()) - np.repeat(first, room)
    cut = np.repeat((rng.random(len(room)) < config.unseen_share) & (room > 1), room)
    unseen = cut & (position == np.repeat(room, room) - 1)
    none = np.full(len(position), np.nan)
    return np.repeat(account, room), np.repeat(start, room), position, unseen, none


def _openings(config: Config, accounts: Accounts, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Returns account and time of each session, sorted by both."""
    days = config.days + 2  # local days extend past both ends
    active = rng.random((len(accounts.bot), days)) < accounts.activity[:, None]
    active[accounts.bot >= 0] = False
    account, day = np.nonzero(active)
    sessions = 1 + rng.poisson(config.sessions_extra, len(account))
    account, day = np.repeat(account, sessions), np.repeat(day, sessions)
    hour = local_hours(len(account), rng) + accounts.chronotype[account]
    local = config.start_ms + (day - 1) * DAY_MS + (hour * HOUR_MS).astype(np.int64)
    start = local - utc_offset_ms(accounts)[account]
    proper = (start >= np.maximum(config.start_ms, accounts.created_ms[account] + 120_000)) & (
        start < config.until_ms - 600_000
    )
    order = np.lexsort([start[proper], account[proper]])
    return account[proper][order], start[proper][order]


def _without_overlap(account: Ints, start: Ints, room: Ints) -> Flags:
    """Marks sessions that start after the end of the previous one."""
    end = start + room * _SECONDS_PER_POST * 1000
    after = np.concatenate([[True], start[1:] > end[:-1]])
    free: Flags = after | np.diff(account, prepend=-1).astype(bool)
    return free


def _bot_slots(config: Config, accounts: Accounts) -> tuple[Ints, Ints, Ints, Flags, Floats]:
    streams = bot_streams(config, accounts)
    empty = np.zeros(0)
    account = np.repeat([a for a, _ in streams], [len(r.seen_seconds) for _, r in streams]).astype(np.int64)
    seconds = np.concatenate([empty, *(r.seen_seconds for _, r in streams)])
    duration = np.concatenate([empty, *(r.duration_seconds for _, r in streams)])
    start = config.start_ms + np.round(seconds * 1000).astype(np.int64)
    proper = (start > accounts.created_ms[account] + 120_000) & (start < config.until_ms - 600_000)
    account, start, duration = account[proper], start[proper], duration[proper]
    nothing = np.zeros(len(account), dtype=np.int64)
    return account, start, nothing, nothing.astype(bool), duration


def _devices(config: Config, account: Ints, session: Ints, credentials: Credentials) -> Ints:
    """Returns the device of each slot: in a third of the sessions the second one, if any."""
    rng = generator(config, 9)
    second = np.full(int(credentials.account.max()) + 1, -1)
    extra = np.arange(len(second), len(credentials.account))
    second[credentials.account[extra]] = extra
    other = (rng.random(int(session.max(initial=-1)) + 1) < 0.33)[session] & (second[account] >= 0)
    return np.where(other, second[account], account)
