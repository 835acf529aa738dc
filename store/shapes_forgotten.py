"""What is kept of the forgotten."""

from datetime import datetime
from typing import TypedDict


class Tombstone(TypedDict, total=False):
    """What keeps an id from coming back (`_id`: its hash); `_id` "key" holds the key of the hashes."""

    _id: str
    createdAt: datetime
    key: bytes
