"""Import of dumps: documents are written by `_id`, and only those that differ."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import bson
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from pymongo import InsertOne, ReplaceOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, ConnectionFailure, OperationFailure

from store.client import Databases
from store.ids import Document
from store.rules.engagements import ENGAGEMENT_TYPES, counted, sums_by_type
from store.schema import COLLECTIONS, collection

MOST_BYTES = 16 * 2**20  # of one document, MongoDB's limit
_DUPLICATE_KEY = 11000
_ENCODING = bson.CodecOptions[RawBSONDocument](document_class=RawBSONDocument)
Numbered = tuple[int, Document]  # with the number of its line


@dataclass
class Written:
    """How many documents of a batch were written, and which were refused."""

    inserted: int = 0
    changed: int = 0
    unchanged: int = 0
    repeated: int = 0  # a later document has the same _id
    refused: list[tuple[int, str]] = field(default_factory=list)  # line number, reason

    def add(self, other: "Written") -> None:
        """Adds the counts of another batch."""
        self.inserted += other.inserted
        self.changed += other.changed
        self.unchanged += other.unchanged
        self.repeated += other.repeated
        self.refused += other.refused


def app_collections() -> list[str]:
    """Returns the names of the app's collections."""
    return [name for name, declared in COLLECTIONS.items() if declared.database == "app"]


def drop_collections(db: Databases) -> None:
    """Drops every collection that feedpulse knows, except tombstones: erased people must not come back."""
    for name, declared in COLLECTIONS.items():
        if name != "tombstones":
            collection(db, name).drop()
        if declared.temporary:
            collection(db, name).database[declared.temporary].drop()


def insert_all(db: Databases, name: str, documents: Sequence[Document]) -> None:
    """Inserts documents that are known to be valid and new."""
    collection(db, name).insert_many(documents, ordered=False)


def write_documents(db: Databases, name: str, numbered: Sequence[Numbered], fresh: bool = False) -> Written:
    """Inserts new documents and replaces those that differ; the last of several with one `_id` counts.

    With `fresh` the collection holds none of them, so none is looked up.
    """
    written = Written()
    encoded: dict[bytes, tuple[int, RawBSONDocument]] = {}
    for number, document in numbered:
        try:
            raw = _encoded(document)
        except _UNENCODABLE as error:
            written.refused.append((number, f"not storable: {str(error)[:120]}"))
        else:
            key = bson.encode({"_id": document["_id"]})
            written.repeated += key in encoded
            encoded[key] = (number, raw)
    target = collection(db, name).with_options(codec_options=_ENCODING)
    written.add(_write_differing(target, encoded, fresh))
    return written


def recount_engagements(db: Databases) -> None:
    """Sets every content's four counters to the number of stored engagements."""
    zeros: dict[str, Any] = {f"engagements.{kind}.count": 0 for kind in ENGAGEMENT_TYPES}
    collection(db, "contents").update_many({}, [{"$set": zeros}])
    own = {f"engagements.{kind}.count": f"$$new.{kind}" for kind in ENGAGEMENT_TYPES}
    merge = {"into": "contents", "whenMatched": [{"$set": own}], "whenNotMatched": "discard"}
    single = {"$expr": {"$in": [{"$type": "$_id"}, ["objectId", "string"]]}}
    pipeline: list[dict[str, Any]] = [
        {"$match": counted()},
        {"$group": {"_id": "$targetRef.$id"} | sums_by_type("{}")},
        {"$match": single},
        {"$merge": merge},
    ]
    collection(db, "engagements").aggregate(pipeline, allowDiskUse=True)


_UNENCODABLE = (BSONError, OverflowError, UnicodeError, TypeError, ValueError, RecursionError)


def _encoded(document: Document) -> RawBSONDocument:
    key = document.get("_id")
    if key is None:
        raise ValueError("it has no _id")
    if isinstance(key, list | bson.Regex | bson.DBRef) or (isinstance(key, dict) and any(k[:1] == "$" for k in key)):
        raise ValueError(f"its _id is {type(key).__name__}")
    if strange := [key for key in document if key.startswith("$")]:
        raise ValueError(f"its field {strange[0][:40]} begins with $")
    raw = bson.encode({"_id": key} | document)  # the server puts it first too
    if len(raw) > MOST_BYTES:
        raise ValueError(f"{len(raw):,} bytes are more than MongoDB's 16 MB")
    return RawBSONDocument(raw, _ENCODING)


def _write_differing(
    target: Collection[Any], encoded: Mapping[bytes, tuple[int, RawBSONDocument]], fresh: bool
) -> Written:
    same, others = (set(), set()) if fresh or not encoded else _stored(target, encoded)
    differing = [encoded[key] for key in encoded if key in others]
    new = [document for key, document in encoded.items() if key not in others and key not in same]
    written = Written(unchanged=len(same))
    inserted = _write(target, [InsertOne(raw) for _, raw in new], [number for number, _ in new])
    replaced = _write(target, _replacements(differing), [number for number, _ in differing])
    written.add(inserted)
    written.add(replaced)
    return written


def _stored(
    target: Collection[Any], encoded: Mapping[bytes, tuple[int, RawBSONDocument]]
) -> tuple[set[bytes], set[bytes]]:
    """Returns the keys of documents that are stored unchanged, and of those that are stored and differ."""
    keys = {raw.raw: key for key, (_, raw) in encoded.items()}
    same, others = set(), set()
    ids = [bson.decode(key)["_id"] for key in encoded]
    for batch in target.find_raw_batches({"_id": {"$in": ids}}):
        for raw in _split(batch):
            if raw in keys:
                same.add(keys[raw])
            else:
                others.add(bson.encode({"_id": bson.decode(raw)["_id"]}))
    return same, others


def _split(batch: bytes) -> Iterator[bytes]:
    """Yields the documents of a raw batch; each begins with its size (https://bsonspec.org)."""
    position = 0
    while position < len(batch):
        end = position + int.from_bytes(batch[position : position + 4], "little")
        yield batch[position:end]
        position = end


def _replacements(numbered: Sequence[tuple[int, RawBSONDocument]]) -> list[Any]:
    return [ReplaceOne({"_id": raw["_id"]}, raw, upsert=True) for _, raw in numbered]


def _write(target: Collection[Any], writes: list[Any], numbers: list[int]) -> Written:
    """Sends the writes; if the server refuses the batch, sends its halves to find the bad document."""
    if not writes:
        return Written()
    try:
        done = target.bulk_write(writes, ordered=False)
    except BulkWriteError as error:
        return _partly(target, writes, numbers, error.details)
    except ConnectionFailure:
        raise
    except OperationFailure as error:
        if len(writes) == 1:
            return Written(refused=[(numbers[0], f"the server refuses it: {str(error.details or error)[:120]}")])
        middle = len(writes) // 2
        written = _write(target, writes[:middle], numbers[:middle])
        written.add(_write(target, writes[middle:], numbers[middle:]))
        return written
    return Written(inserted=done.inserted_count + done.upserted_count, changed=done.matched_count)


def _partly(target: Collection[Any], writes: list[Any], numbers: list[int], details: Mapping[str, Any]) -> Written:
    """Returns the result of a batch with errors; a document that another writer inserted meanwhile is replaced."""
    errors = details["writeErrors"]
    raced = [error["index"] for error in errors if error["code"] == _DUPLICATE_KEY and "_id_" in error["errmsg"]]
    written = Written(inserted=details["nInserted"] + details["nUpserted"], changed=details["nMatched"])
    written.refused = [
        (numbers[error["index"]], f"the server refuses it: {error['errmsg'][:120]}")
        for error in errors
        if error["index"] not in raced
    ]
    again = [(numbers[index], writes[index]._doc) for index in raced if isinstance(writes[index], InsertOne)]
    written.add(_write(target, _replacements(again), [number for number, _ in again]))
    return written
