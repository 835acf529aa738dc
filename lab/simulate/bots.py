"""Bots: which members they are, and their reading times."""

import numpy as np

from .config import Config
from .reading import ATTACKS, BOT_KINDS, Reading, shared_replay
from .world import Accounts, Flags, Ints, generator

FARM = BOT_KINDS.index("shared_replay")
CLICK_FARM = BOT_KINDS.index("click_farm")
_FARM_SIZE = 8  # accounts that replay one recording
_CLICK_FARM_SIZE = 6  # accounts that work for one client


def assign_bots(config: Config, guest: Flags, rng: np.random.Generator) -> Ints:
    """Returns an index into BOT_KINDS per account, -1 for people; shape (accounts,)."""
    bot = np.full(len(guest), -1)
    count = round(config.users * config.bot_share)
    members = np.sort(rng.choice(config.users, count, replace=False))
    kinds = np.resize(np.arange(len(BOT_KINDS)), count)
    bot[members] = rng.permutation(kinds)
    return bot


def bot_streams(config: Config, accounts: Accounts) -> list[tuple[int, Reading]]:
    """Returns the readings of each bot from the start of the log, as (account row, stream)."""
    rng = generator(config, 5)
    n = round(config.days * config.bot_readings_per_day)
    streams = []
    for account in np.flatnonzero((accounts.bot >= 0) & (accounts.bot != FARM)).tolist():
        generate = ATTACKS[BOT_KINDS[accounts.bot[account]]]
        streams.append((account, generate(n, rng, config.bot_readings_per_day)))
    farm = np.flatnonzero(accounts.bot == FARM)
    for start in range(0, len(farm), _FARM_SIZE):
        group = farm[start : start + _FARM_SIZE].tolist()
        streams += zip(group, shared_replay(n, len(group), rng, config.bot_readings_per_day), strict=True)
    return streams


def click_farm_clients(config: Config, accounts: Accounts, posts_per_user: Ints) -> Ints:
    """Returns the client of each click farm account as a user row, -1 for others; shape (accounts,).

    Clients are users who post often.
    """
    rng = generator(config, 6)
    client = np.full(len(accounts.bot), -1)
    hands = np.flatnonzero(accounts.bot == CLICK_FARM)
    busy = np.argsort(-posts_per_user, kind="stable")[: max(10, len(posts_per_user) // 50)]
    clients = rng.choice(busy, len(hands) // _CLICK_FARM_SIZE + 1, replace=False)
    client[hands] = clients[np.arange(len(hands)) // _CLICK_FARM_SIZE]
    return client
