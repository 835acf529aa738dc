"""The documents of experiments in analytics-db: what is published, and what was explored."""

from datetime import datetime
from typing import Any, TypedDict

from bson import ObjectId


class Configuration(TypedDict, total=False):
    """What is published of one setting (`_id`); variants share the accounts among them, none: nothing is published."""

    _id: str  # ranking
    variants: list[dict[str, Any]]  # name, share, personal
    version: int
    publishedAt: datetime
    past: list[dict[str, Any]]  # version, variants, publishedAt, endedAt


class Exploration(TypedDict):
    """A content that exploration put into an account's list."""

    _id: dict[str, Any]  # account, time, place
    account: ObjectId
    content: ObjectId
    place: int  # from 0
    propensity: float  # chance with which it was drawn
    time: datetime  # the clock of the request
    storedAt: datetime
