"""coldstartPredictor: scores all live contents for all countries and publishes the guest feed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import tee
from typing import Any

import numpy as np

from features.fingerprint import fingerprint
from features.jobs.history import read_history
from features.matrix import GUEST_COLUMNS
from features.milliseconds import DAY_MS, to_ms
from features.ranking.boosters import load_booster
from features.ranking.history import History
from features.ranking.indexes import build_index
from features.ranking.posts import NONE
from predictors.guest_feed import Feed, country_feeds
from store import publish
from store.client import Databases
from store.columns import object_ids
from store.inputs import event_log
from store.outputs import guest_feed, models
from store.rules.model_names import COUNTRY_ARTIFACTS, GUEST_MODEL, WORLD_ARTIFACTS

_LAST_SECOND = 0xFFFFFFFF


@dataclass(frozen=True)
class Config:
    """Length of the lists and period of the history."""

    top: int = 500  # contents a country
    live_days: float = 30.0
    history_days: float = 60.0  # as in training
    discount_bots: bool = True  # engagement of likely bots does not count
    kept_top: int = 50  # items stored of each country's last list of a day, to compare later lists with
    kept_days: float = 8.0


def publish_guest_feed(db: Databases, now: datetime, config: Config = Config()) -> dict[str, Any]:
    """Publishes guestfeeditems of all countries as one generation; without live contents the old one stays.

    What is not public leaves in both cases.
    """
    since = now - timedelta(days=config.history_days)
    history = read_history(db, since, now, follows=False, discount_bots=config.discount_bots)  # guests follow no one
    boosters, refused = read_boosters(db)

    now_ms = to_ms(now)
    live = np.flatnonzero(history.contents.created_ms >= now_ms - int(config.live_days * DAY_MS))
    strange = event_log.count_unknown_countries(db)
    unknown = {"geolocation.countryCode": strange} if strange else {}
    counts = {"contents": len(live), "models": len(boosters), "rejected": {**history.rejected, **refused, **unknown}}
    if not len(live):
        return {"items": 0, "countries": 0, "withdrawn": _withdraw(db), **counts}
    feeds, feeds_again = tee(country_feeds(history, build_index(history), boosters, live, now_ms, config.top))

    with publish.replacing(db, "guestfeeditems", now, indexes_last=True) as temporary:
        written = guest_feed.insert(temporary, items(feeds, history, now))
    countries = guest_feed.save_tops(db, now, _tops(feeds_again, history, config.kept_top), config.kept_days)
    return {"items": written, "countries": countries, "withdrawn": _withdraw(db), **counts}


def _withdraw(db: Databases) -> int:
    """Deletes what was public when it was read and is not any more: a trigger may have come before the new feed."""
    return guest_feed.withdraw(db, guest_feed.shown_posts(db))


def read_boosters(db: Databases) -> tuple[dict[str, Any], dict[str, int]]:
    """Returns the boosters by level, and refused artifacts by reason; their parents score in their place."""
    boosters: dict[str, Any] = {}
    refused: dict[str, int] = {}
    expected = fingerprint(GUEST_COLUMNS)
    for name in (WORLD_ARTIFACTS, COUNTRY_ARTIFACTS):
        for document in models.read(db, name, GUEST_MODEL, {"format": "ubj"}):
            try:
                artifact = models.check(document, GUEST_COLUMNS, expected).artifact
                boosters[document["account"]] = load_booster(artifact)
            except models.ArtifactError as error:
                refused[str(error)] = 1
    return boosters, refused


def items(feeds: Iterable[Feed], history: History, now: datetime) -> Iterator[Any]:
    """Yields the documents of all lists.

    Ids ascend with descending score, and all ids of a later generation are lower than those of an earlier one. A reader
    that pages by `_id` across a swap reaches the end of its list and never mixes two generations.
    """
    described = _described(history)
    generation = (_LAST_SECOND - int(now.timestamp())).to_bytes(4, "big")
    for feed in feeds:
        prefix = generation + feed.country.encode().ljust(5, b"\0")
        stamp = {"countryCode": feed.country, "type": "content", "createdAt": now, "updatedAt": now}
        contents = [described[row] for row in feed.content.tolist()]
        yield from guest_feed.encode_items(prefix, contents, feed.score.tolist(), stamp)


def _tops(feeds: Iterable[Feed], history: History, most: int) -> Iterator[guest_feed.Top]:
    for feed in feeds:
        yield feed.country, object_ids(history.contents.id[feed.content[:most]]), feed.score[:most].tolist()


def _described(history: History) -> list[bytes]:
    """Returns the fields that an item takes from each content, by row of contents."""
    contents = history.contents
    return guest_feed.encode_contents(
        {
            "content": contents.id,
            "author": np.append(history.user_id, NONE)[contents.author],
            "originalContent": contents.original_id,
            "originalAuthor": contents.original_author_id,
        }
    )
