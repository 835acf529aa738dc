"""What stands in both databases after a run, to compare with what stands there after another."""

from collections import Counter
from typing import Any

from store.client import Databases
from store.ids import ObjectId, to_extended_json

ASIDE = ("runs", "leases")
State = dict[str, list[str]]


def state(db: Databases) -> State:
    """Every document but the records of runs, without ids that the server gave; in a fixed order."""
    found = {}
    for database in (db.app, db.analytics):
        for name in sorted(set(database.list_collection_names()) - set(ASIDE)):
            rows = ({**each, "_id": None} if _given(each) else each for each in database[name].find())
            found[f"{_plain(db, database.name)}.{name}"] = sorted(to_extended_json(each) for each in rows)
    return {name: rows for name, rows in found.items() if rows}


def hashes(db: Databases) -> dict[str, str]:
    """The server's hash of every collection, but of the records of runs."""
    told = ((each, db.client[each.name].command("dbHash")["collections"]) for each in (db.app, db.analytics))
    pairs = ((f"{_plain(db, each.name)}.{name}", value) for each, found in told for name, value in found.items())
    return {name: value for name, value in pairs if name.partition(".")[2] not in ASIDE}


def differences(found: State, end: State) -> list[str]:
    """A line for each collection whose documents differ."""
    differ = [name for name in found.keys() | end.keys() if found.get(name) != end.get(name)]
    return [f"{name}: {_first(found.get(name, []), end.get(name, []))}" for name in sorted(differ)]


def _first(found: list[str], end: list[str]) -> str:
    more, less = Counter(found) - Counter(end), Counter(end) - Counter(found)
    one, other = next(iter(more), "-"), next(iter(less), "-")
    apart = (at for at, pair in enumerate(zip(one, other, strict=False)) if len(set(pair)) > 1)
    at = max(0, next(apart, 0) - 60)  # where they part, and a little before
    return f"{more.total()} other, like {one[:60]} … {one[at : at + 160]} for … {other[at : at + 160]}"


def _plain(db: Databases, name: str) -> str:
    return name.removeprefix(db.app.name.removesuffix("app-db"))


def _given(document: dict[str, Any]) -> bool:
    """Whether the server gave the id: the document has a key of its own."""
    own = ("account", "contentId", "seenCredential", "slug")
    return isinstance(document["_id"], ObjectId) and any(name in document for name in own) and "score" not in document
