"""A reader of the guest feed while generations are swapped in and publishers are killed half-way.

    python -m tests.reliability.swaps [--swaps 100] [--countries 40] [--every 5]

prints how many reads there were, and how many failed, were empty, partial, mixed or without an index.
"""

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np

from features.countries import COUNTRIES
from features.ranking.history import History, assemble
from lab.bench.feed_reader import PAGE, READ, Reader
from predictors.guest_feed import Feed
from predictors.jobs.guest_feed import items
from store import leases, publish
from store.client import Databases, connect
from store.outputs import guest_feed
from store.schema import COLLECTIONS
from tests.reliability.harness import arguments, databases, finish, serving_or_given

START = datetime(2026, 1, 15, tzinfo=UTC)
LENGTH = 500  # items a country, so that a walk has twenty pages
LEASE_SECONDS = 1.0  # of the publishers here, so that the next one need not wait long for a killed one's


@dataclass(frozen=True)
class Plan:
    """How many swaps, of how many countries; one run in `every` is killed half-way."""

    swaps: int = 100
    countries: int = 40
    every: int = 5


def poll(reader: Reader) -> None:
    """One read of the top of the list and one of its length."""
    top = reader.page(None, limit=100)
    if top:
        score, generation = [each["score"] for each in top], {each["createdAt"] for each in top}
        reader.seen["partial"] += len(top) < 100 or score != sorted(score, reverse=True) or len(generation) > 1
    reader.seen["empty"] += not top
    count = reader.read(lambda: reader.db.app.guestfeeditems.count_documents({"countryCode": READ}))
    reader.seen["partial"] += count != LENGTH


def walk(reader: Reader, pause_seconds: float, naive: bool = False) -> None:
    """Twenty pages, by `_id` after the last one seen, or naively by the number of items seen."""
    found: list[dict[str, Any]] = []
    current = generation(reader.db)
    while page := reader.page(found[-1]["_id"] if found and not naive else None, len(found) if naive else 0):
        found += page
        time.sleep(pause_seconds)
        if len(found) > 2 * LENGTH:
            break
    contents = [each["content"] for each in found]
    reader.seen["walks"] += 1
    reader.seen["crossed a swap"] += current != generation(reader.db)
    reader.seen["ended early"] += len(found) < LENGTH
    reader.seen["repeated"] += len(set(contents)) < len(contents)
    reader.seen["mixed"] += len({each["createdAt"] for each in found}) > 1


def stream(reader: Reader) -> None:
    """The whole list through one cursor of several batches, which a swap between them ends: not the protocol."""
    found = reader.read(lambda: list(reader.db.app.guestfeeditems.find({"countryCode": READ}).batch_size(PAGE)))
    reader.seen["partial"] += len(found or []) < LENGTH


def generation(db: Databases) -> Any:
    """When the published list was made."""
    return (Reader(db).page(None, limit=1) or [{}])[0].get("createdAt")


def publish_generation(db: Databases, number: int, countries: int) -> None:
    """Swaps in the generation of that number."""
    history, now = community(), START + timedelta(hours=number)
    order = np.random.default_rng(number).permutation(LENGTH)
    codes = [READ, *(code for code in COUNTRIES if code != READ)][:countries]
    feeds = [Feed(code, order, np.linspace(1, 0, LENGTH)) for code in codes]
    with publish.replacing(db, "guestfeeditems", now, indexes_last=True) as temporary:
        guest_feed.insert(temporary, items(feeds, history, now))


def community() -> History:
    """LENGTH contents and nobody who reads them."""
    ids = np.frombuffer(b"".join(number.to_bytes(12, "big") for number in range(1, LENGTH + 1)), dtype="S12")
    none, zeros, nothing = np.zeros(LENGTH, dtype="S12"), np.zeros(LENGTH, dtype=np.int64), np.zeros(0, dtype=np.int64)
    nobody = np.zeros(0, dtype="S12")
    contents = {"id": ids, "author": ids, "original": none, "originalAuthor": none}
    acts = {"time": nothing, "account": nobody, "content": nobody}
    tables = {
        "contents": contents | {"created": zeros, "photos": zeros, "length": zeros, "bare": zeros},
        "accounts": {"id": nobody, "country": nothing, "guest": nothing},
        "users": {"id": nobody, "owner": nobody},
        "engagements": acts | {"user": nobody, "kind": nothing},
        "exposures": acts,
        "follows": {"time": nothing, "user": nobody, "followed": nobody},
    }
    return assemble(tables, {})


def publishing(uri: str, prefix: str, first: int, countries: int) -> None:
    """Generations one after another, announced on standard output, until killed."""
    publish.hold = partial(leases.hold, seconds=LEASE_SECONDS)  # type: ignore[assignment]
    db = connect(uri, prefix)
    for number in range(first, 100_000):
        print("building", number, flush=True)  # noqa: T201
        publish_generation(db, number, countries)
        print("swapped", number, flush=True)  # noqa: T201


@contextmanager
def publisher(uri: str, prefix: str, first: int, countries: int) -> Iterator[subprocess.Popen[str]]:
    """A process that publishes; killed at the end of the block."""
    words = ["--publish", uri, prefix, str(first), "--countries", str(countries)]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.reliability.swaps", *words], stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]


def drive(uri: str, prefix: str, plan: Plan) -> Counter[str]:
    """Runs publishers until there were `plan.swaps` swaps, killing them; gives what became of them."""
    seen, number, luck = Counter({"swaps": 0}), 1, random.Random(7)
    while seen["swaps"] < plan.swaps:
        with publisher(uri, prefix, number, plan.countries) as process:
            done, took = _watched(process, min(plan.every - 1, plan.swaps - seen["swaps"]))
            seen["swaps"] += done
            if seen["swaps"] < plan.swaps:
                time.sleep(luck.random() * took)
                seen["killed"] += 1
        number += done + 1
    return seen


def _watched(process: subprocess.Popen[str], swaps: int) -> tuple[int, float]:
    """Waits for that many swaps and the begin of the next; gives their number and the seconds of the last."""
    began = took = 0.0
    done = 0
    for line in process.stdout or ():
        if line.startswith("swapped"):
            done, took = done + 1, time.monotonic() - began
            continue
        if done == swaps:
            return done, took
        began = time.monotonic()
    raise RuntimeError("the publisher ended by itself")


def measure(db: Databases, uri: str, prefix: str, plan: Plan) -> dict[str, dict[str, int]]:
    """Reads, walks and naive walks while generations are swapped."""
    publish_generation(db, 0, plan.countries)
    readers = {name: Reader(connect(uri, prefix)) for name in ("polls", "walks", "naive walks", "cursors")}
    acts = (
        lambda: poll(readers["polls"]),
        lambda: walk(readers["walks"], 0.01),
        lambda: walk(readers["naive walks"], 0.01, naive=True),
        lambda: stream(readers["cursors"]),
    )
    stop = threading.Event()
    threads = [threading.Thread(target=_repeat, args=(act, stop)) for act in acts]
    for thread in threads:
        thread.start()
    try:
        publishers = drive(uri, prefix, plan)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    publish_generation(db, 100_000, plan.countries)  # sweeps what the last killed one left
    declared = {index.document["name"] for index in COLLECTIONS["guestfeeditems"].indexes}
    publishers["indexes missing at the end"] = len(declared - set(db.app.guestfeeditems.index_information()))
    publishers["temporary left"] = len([name for name in db.app.list_collection_names() if "temp" in name])
    for reader in readers.values():
        reader.db.client.close()
    return {"publishers": dict(publishers), **{name: dict(reader.seen) for name, reader in readers.items()}}


def expect_no_harm(seen: dict[str, dict[str, int]]) -> None:
    """Raises AssertionError when a reader that keeps to the protocol was harmed."""
    harms = ("failed with a retry", "empty", "partial", "unindexed", "repeated", "mixed")
    kinds = ("polls", "walks")
    assert not {f"{kind} {harm}": n for kind in kinds for harm in harms if (n := seen[kind].get(harm))}
    assert seen["polls"]["reads"] > 100
    assert seen["walks"]["crossed a swap"] > 0


def _repeat(act: Any, stop: threading.Event) -> None:
    while not stop.is_set():
        act()


def main() -> None:
    """The figures of one run, as JSON."""
    given = arguments(__doc__, {"publish": [], **vars(Plan())})
    if given.publish:
        publishing(given.publish[0], given.publish[1], int(given.publish[2]), given.countries)
    plan, prefix = Plan(given.swaps, given.countries, given.every), f"swaps-{os.getpid()}-"
    with serving_or_given() as uri, databases(uri, prefix) as db:
        began = time.monotonic()
        figures: dict[str, Any] = dict(measure(db, uri, prefix, plan))
        finish(figures | {"seconds": round(time.monotonic() - began, 1)}, given.out)


if __name__ == "__main__":
    main()
