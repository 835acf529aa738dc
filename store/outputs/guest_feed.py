"""Items of the guest feed as BSON, and the top of each country's last list of a day.

In every country an item has the same content, author and original; only id, score and country differ. So the shared
fields are encoded once (https://bsonspec.org).
"""

import struct
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from bson import encode
from bson.raw_bson import RawBSONDocument
from pymongo import ReplaceOne
from pymongo.collection import Collection

from store.client import Databases
from store.ids import Document, ObjectId
from store.inputs.visibility import read_public_posts, reshares_of
from store.schema import collection

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIZE, _SCORE = struct.Struct("<i"), struct.Struct("<d")
_BATCH, _THREADS = 2_000, 2  # items in a command; concurrent commands
_AT_ONCE = 10_000  # ids in a condition


def encode_contents(columns: Mapping[str, "NDArray[Any]"]) -> list[bytes]:
    """Returns the ids of each row as BSON fields in the columns' order; columns (rows,) S12, NO_ID becomes null."""
    fields = (_id_field(name.encode() + b"\0", ids) for name, ids in columns.items())
    return [b"".join(row) for row in zip(*fields, strict=True)]


def encode_items(prefix: bytes, contents: Iterable[bytes], scores: Iterable[float], stamp: Document) -> Iterator[Any]:
    """Yields the documents of one list, best first: `prefix` (9 bytes) and rank are the id, `stamp` is in every item.

    >>> (item,) = encode_items(b"thailand.", [b""], [0.5], {"countryCode": "th"})
    >>> item["_id"], item["score"], item["countryCode"]
    (ObjectId('746861696c616e642e000000'), 0.5, 'th')
    """
    end = encode(stamp)[4:]
    for rank, (content, score) in enumerate(zip(contents, scores, strict=True)):
        key = b"\x07_id\0" + prefix + rank.to_bytes(3, "big")
        fields = key + content + b"\x01score\0" + _SCORE.pack(score) + end
        yield RawBSONDocument(_SIZE.pack(len(fields) + 4) + fields)


def insert(target: Collection[Document], items: Iterable[Any]) -> int:
    """Writes the items and returns how many; encodes the next ones while the server writes the last.

    No command is running when it returns or raises.
    """
    written, running, source = 0, deque[Future[Any]](), iter(items)
    with ThreadPoolExecutor(_THREADS) as pool:
        while batch := list(islice(source, _BATCH)):
            running.append(pool.submit(target.insert_many, batch, ordered=False))
            written += len(batch)
            if len(running) > _THREADS:
                running.popleft().result()
        for command in running:
            command.result()
    return written


def shown_posts(db: Databases) -> list[ObjectId]:
    """Returns the contents of the published guest feed."""
    contents = collection(db, "guestfeeditems").aggregate([{"$group": {"_id": "$content"}}], allowDiskUse=True)
    return [group["_id"] for group in contents]


def withdraw(db: Databases, posts: Iterable[ObjectId]) -> int:
    """Deletes the items of those posts that are not public, and of all that reshare them; returns how many."""
    ids = set(posts)
    hidden = list(reshares_of(db, ids - read_public_posts(db, ids)))
    parts = (hidden[start : start + _AT_ONCE] for start in range(0, len(hidden), _AT_ONCE))
    items = collection(db, "guestfeeditems")
    return sum(items.delete_many({"content": {"$in": part}}).deleted_count for part in parts)


def _id_field(name: bytes, ids: "NDArray[Any]") -> Sequence[bytes]:
    from store.columns import NO_ID  # with numpy, which packages that only aggregate do not ship

    raw, none = ids.tobytes(), NO_ID.binary
    parts = (raw[start : start + 12] for start in range(0, len(raw), 12))
    return [b"\x0a" + name if part == none else b"\x07" + name + part for part in parts]


Top = tuple[str, Sequence[ObjectId | None], Sequence[float]]  # country, contents best first, their scores


def save_tops(db: Databases, now: datetime, tops: Iterable[Top], days: float) -> int:
    """Writes each country's top, replacing one of the same day; deletes tops older than `days`; returns how many."""
    writes: list[Any] = [
        ReplaceOne({"_id": f"{country} {now:%Y-%m-%d}"}, _document(now, country, contents, scores), upsert=True)
        for country, contents, scores in tops
    ]
    days_stored = collection(db, "guestFeedDays")
    if writes:
        days_stored.bulk_write(writes, ordered=False)
    days_stored.delete_many({"createdAt": {"$lt": now - timedelta(days=days)}})
    return len(writes)


def previous_top(db: Databases, country: str, moment: datetime) -> Document | None:
    """Returns the country's top of the latest stored day before the day of `moment`."""
    earlier = {"_id": {"$gte": f"{country} ", "$lt": f"{country} {moment:%Y-%m-%d}"}}
    return collection(db, "guestFeedDays").find_one(earlier, sort=[("_id", -1)])


def _document(now: datetime, country: str, contents: Sequence[ObjectId | None], scores: Sequence[float]) -> Document:
    items = [{"content": content, "score": score} for content, score in zip(contents, scores, strict=True)]
    return {"countryCode": country, "createdAt": now, "items": items}
