"""Ranking by the truth: the upper bound for a ranker, from a community or its truth.jsonl."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from features.milliseconds import HOUR_MS, to_ms

from .config import Config
from .feed import OLDER, RECENT, language_chances, occurrence
from .places import COUNTRIES, LANGUAGES
from .pools import Pools, age_hours, interest_groups, live_rows, make_pools, source_shares
from .posts import topic_chances
from .preference import Posts, Preferences, engagement_logit
from .truth import truth
from .vocabulary import TOPICS
from .world import Floats, Ints, World

_REMEMBERED = 64  # latest deliveries that are not shown again
_NEVER = 1e-9  # keeps the logarithm of a share finite

Line = dict[str, Any]


@dataclass(frozen=True, eq=False)
class TrueWorld:
    """Hidden preferences and the log of the feed; rows are in the order of the lines of truth.jsonl."""

    config: Config
    accounts: dict[str, int]  # row by hexadecimal id
    contents: dict[str, int]  # row by hexadecimal id
    preferences: Preferences
    posts: Posts
    owner: Ints  # (users,) account row
    followed: tuple[Ints, ...]  # per account: user rows
    since_ms: tuple[Ints, ...]  # per account: start of each follow
    engaged: Ints  # (engagements,) content row, in order of time
    engaged_ms: Ints  # (engagements,)
    delivered: tuple[Ints, ...]  # per account: content rows in order of time
    delivered_ms: tuple[Ints, ...]  # per account

    @classmethod
    def of(cls, world: World) -> "TrueWorld":
        """Returns the truth of a community."""
        return cls.from_lines(truth(world))

    @classmethod
    def read(cls, path: Path) -> "TrueWorld":
        """Reads the truth from a truth.jsonl."""
        with path.open("rb") as lines:
            return cls.from_lines(orjson.loads(line) for line in lines)

    @classmethod
    def from_lines(cls, lines: Iterable[Line]) -> "TrueWorld":
        """Returns the truth of the lines.

        Raises ValueError without a community line.
        """
        kinds: dict[str, list[Line]] = {}
        for line in lines:
            kinds.setdefault(line["kind"], []).append(line)
        if "community" not in kinds:
            raise ValueError("the truth lacks its community line")
        return _assembled(kinds)


def _rows(lines: list[Line]) -> dict[str, int]:
    return {line["_id"]: row for row, line in enumerate(lines)}


def _config(line: Line) -> Config:
    settings = {name: value for name, value in line.items() if name != "kind"}
    return Config(**{**settings, "until": datetime.fromisoformat(line["until"])})


def _assembled(kinds: dict[str, list[Line]]) -> TrueWorld:
    accounts, users, contents = (_rows(kinds.get(name, [])) for name in ("account", "user", "content"))
    owner = np.array([accounts[line["account"]] for line in kinds["user"]])
    followed, since = _per_account(accounts, kinds.get("fondness", []), "authors", "since")
    rows = tuple(np.array([users[u] for u in row.tolist()], dtype=np.int64) for row in followed)
    engaged, engaged_ms = _engagements(contents, kinds.get("engaged", []))
    delivered, delivered_ms = _per_account(accounts, kinds.get("delivered", []), "contents", "at")
    fondness = [value for line in kinds.get("fondness", []) for value in line["authors"].values()]
    return TrueWorld(
        config=_config(kinds["community"][0]),
        accounts=accounts,
        contents=contents,
        preferences=_preferences(kinds["account"], rows, fondness, len(users)),
        posts=_posts(kinds, users, owner),
        owner=owner,
        followed=rows,
        since_ms=since,
        engaged=engaged,
        engaged_ms=engaged_ms,
        delivered=delivered,
        delivered_ms=delivered_ms,
    )


def _per_account(accounts: dict[str, int], lines: list[Line], *names: str) -> tuple[tuple[Ints, ...], tuple[Ints, ...]]:
    """Returns two lists of each account's line as arrays; empty for accounts without a line."""
    lines_by_account: dict[int, Line] = {accounts[line["_id"]]: line for line in lines}
    nothing: Line = {name: [] for name in names}
    first, second = (
        tuple(np.array(list(lines_by_account.get(row, nothing)[name])) for row in range(len(accounts)))
        for name in names
    )
    return first, second


def _engagements(contents: dict[str, int], lines: list[Line]) -> tuple[Ints, Ints]:
    content = np.repeat([contents[line["_id"]] for line in lines], [len(line["at"]) for line in lines])
    time = np.array([at for line in lines for at in line["at"]], dtype=np.int64)
    order = np.argsort(time, kind="stable")
    return content[order].astype(np.int64), time[order]


def _preferences(lines: list[Line], followed: tuple[Ints, ...], fondness: list[float], users: int) -> Preferences:
    codes = [country.code for country in COUNTRIES]
    fond_of = np.concatenate([row * users + user for row, user in enumerate(followed)]).astype(np.int64)
    order = np.argsort(fond_of)
    return Preferences(
        base=np.array([line["base"] for line in lines]),
        affinity=np.array([list(line["topics"].values()) for line in lines]),
        drift=np.array([list(line["drift"].values()) for line in lines]),
        fluency=np.array([[line["languages"].get(code, 0.0) for code in LANGUAGES] for line in lines]),
        country=np.array([codes.index(line["country"]) for line in lines]),
        fond_of=fond_of[order],
        fondness=np.array(fondness)[order],
        users=users,
    )


def _posts(kinds: dict[str, list[Line]], users: dict[str, int], owner: Ints) -> Posts:
    lines = kinds["content"]
    codes = [country.code for country in COUNTRIES]
    country = np.array([codes.index(line["country"]) for line in kinds["account"]])
    author = np.array([users[line["author"]] for line in lines])
    quality = np.array([line["quality"] for line in kinds["user"]])
    topics = [[*map(TOPICS.index, line["topics"]), -1][:2] for line in lines]
    first, second = np.array(topics).T
    return Posts(
        created_ms=np.array([line["createdAt"] for line in lines]),
        author=author,
        language=np.array([LANGUAGES.index(line["language"]) for line in lines]),
        topic=first,
        second_topic=second,
        appeal=np.array([line["quality"] for line in lines]) + quality[author],
        country=country[owner[author]],
        original=np.array([not line["recast"] for line in lines]),
    )


@lru_cache(maxsize=4)
def _pools(world: TrueWorld, time_ms: int) -> Pools:
    """Returns the pools at a time, with faded popularity of the engagements before it."""
    past = int(np.searchsorted(world.engaged_ms, time_ms))
    fading = np.exp(-(time_ms - world.engaged_ms[:past]) / HOUR_MS / world.config.popularity_decay_hours)
    popularity = np.zeros(len(world.posts.author))
    np.add.at(popularity, world.engaged[:past], fading)
    return make_pools(world.config, world.posts, popularity, time_ms)


def exposure_weight(world: TrueWorld, account: int, time_ms: int) -> Floats:
    """Returns the chance of each content to be shown next to an account row; shape (contents,).

    Σ over the sources of share · weight / sum of the weights of the same group; 0 for posts that are not live.
    Deliveries among the latest 64 keep only `Config.repeat_share` of it.
    """
    pools = _pools(world, time_ms)
    shares = source_shares(world.config)
    following = _following(world, account, time_ms)
    chance = np.zeros(len(world.posts.author))
    if following.any():
        chance += shares[0] * following / following.sum()
    else:
        shares = shares + np.array([0, shares[0], 0, 0, 0])
    chance[pools.rows] += _pooled(world, account, pools, shares)
    past = int(np.searchsorted(world.delivered_ms[account], time_ms))
    known = np.unique(world.delivered[account][max(0, past - _REMEMBERED) : past].astype(np.int64))
    chance[known] *= world.config.repeat_share
    chance[world.owner[world.posts.author] == account] = 0
    return chance


def _pooled(world: TrueWorld, account: int, pools: Pools, shares: Floats) -> Floats:
    """Returns the chance through trending, interest and fresh posts; shape (live,)."""
    posts, rows, preferences = world.posts, pools.rows, world.preferences
    language = language_chances(preferences.fluency[[account]])[0][posts.language[rows]]
    topic = topic_chances(preferences.affinity[[account]])[0][posts.topic[rows]]
    at_home = posts.country[rows] == preferences.country[account]
    chance = shares[1] * language * pools.trending / pools.by_language.weight(posts.language[rows])
    chance += shares[2] * at_home * pools.trending / pools.by_country.weight(posts.country[rows])
    chance += shares[3] * language * topic * pools.interest / pools.by_interest.weight(interest_groups(posts, rows))
    chance += shares[4] * pools.fresh / pools.fresh.sum()
    return np.asarray(chance)


def _following(world: TrueWorld, account: int, time_ms: int) -> Floats:
    """Returns weights of the newest posts of followed authors, lower for older ones; shape (contents,)."""
    posts, config = world.posts, world.config
    weight = np.zeros(len(posts.author))
    friend = np.zeros(len(world.owner), dtype=bool)
    friend[world.followed[account][world.since_ms[account] < time_ms]] = True
    rows = live_rows(config, posts, time_ms)
    rows = rows[friend[posts.author[rows]]]
    rows = rows[np.argsort(-posts.created_ms[rows], kind="stable")]
    back = occurrence(posts.author[rows])
    fading = np.exp(-age_hours(posts, rows, time_ms) / config.follow_decay_hours)
    weight[rows] = np.where(back < RECENT, OLDER**back * fading, 0)
    return weight


def true_score(world: TrueWorld, accounts: Sequence[str], contents: Sequence[str], time: datetime) -> Floats:
    """Returns the true score of each content for each account at a time; shape (accounts, contents).

    ln(chance of being shown next + 1e-9) + ln(chance of an engagement when shown). Higher is better.
    Raises ValueError for an id that the community does not have.
    """
    time_ms = to_ms(time)
    rows = _known(world.contents, contents)
    scores = [_score(world, row, rows, time_ms) for row in _known(world.accounts, accounts).tolist()]
    return np.array(scores).reshape(len(accounts), len(contents))


def _score(world: TrueWorld, account: int, rows: Ints, time_ms: int) -> Floats:
    shown = exposure_weight(world, account, time_ms)[rows]
    viewer = np.full(len(rows), account)
    logit = engagement_logit(world.config, world.preferences, world.posts, viewer, rows, np.full(len(rows), time_ms))
    score: Floats = np.log(shown + _NEVER) - np.logaddexp(0, -logit)
    return score


def _known(rows: dict[str, int], ids: Sequence[str]) -> Ints:
    try:
        return np.array([rows[key] for key in ids], dtype=np.int64)
    except KeyError as unknown:
        raise ValueError(f"{unknown.args[0]} is not an id of this community") from None
