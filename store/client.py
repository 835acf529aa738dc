"""The connection to one server with two databases."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bson.codec_options import CodecOptions, DatetimeConversion
from pymongo import MongoClient
from pymongo.database import Database

from store.ids import Document, ObjectId

# Dates beyond Python's years are clamped and broken UTF-8 is replaced: an app's bad document must not stop a job.
_CODEC: CodecOptions[Document] = CodecOptions(
    tz_aware=True,
    datetime_conversion=DatetimeConversion.DATETIME_CLAMP,
    unicode_decode_error_handler="replace",
)


@dataclass(frozen=True)
class Databases:
    """The app's database and ours."""

    app: Database[Document]
    analytics: Database[Document]
    erased: Sequence[ObjectId] = ()  # ids of erased people, ascending; columns leave out rows with one

    @property
    def client(self) -> MongoClient[Document]:
        """Returns the client that both databases share."""
        return self.analytics.client


def connect(uri: str, prefix: str = "", **options: Any) -> Databases:
    """Returns both databases of the server at `uri`, with `prefix` in front of both names.

    The first command opens the connection. Pool and timeouts are small, for functions on Lambda.
    """
    defaults: dict[str, Any] = {
        "maxIdleTimeMS": 60_000,
        "maxPoolSize": 8,
        "serverSelectionTimeoutMS": 8_000,
        "retryWrites": True,
        "w": "majority",
        "appname": "feedpulse",
    }
    client: MongoClient[Document] = MongoClient(uri, **(defaults | options))
    return Databases(
        app=client.get_database(f"{prefix}app-db", codec_options=_CODEC),
        analytics=client.get_database(f"{prefix}analytics-db", codec_options=_CODEC),
    )
