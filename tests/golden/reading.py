"""Reads the worked examples: "@name" is an id, "#name" a reference to a content, {hoursAgo: n} a date."""

from datetime import datetime, timedelta
from pathlib import Path

import yaml
from bson import DBRef, ObjectId


def golden(name):
    """The example of that name, with ids, references and dates in place."""
    text = yaml.safe_load((Path(__file__).parent / f"{name}.yaml").read_text())
    return _meant(text, text["clock"])


def oid(name):
    """A name of at most twelve letters as an id."""
    return ObjectId(name.encode()[:12].ljust(12, b"."))


def rounded(value):
    """The value with every number to nine digits, so that 1, 1.0 and 0.999999999999 are the same."""
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return round(float(value), 9) if isinstance(value, int | float) else value


def _meant(value, clock):
    if isinstance(value, dict):
        if set(value) == {"hoursAgo"}:
            return clock - timedelta(hours=value["hoursAgo"])
        return {_meant(key, clock): _meant(each, clock) for key, each in value.items()}
    if isinstance(value, list):
        return [_meant(each, clock) for each in value]
    return _named(value) if isinstance(value, str) else value


def _named(text):
    if text.startswith("@"):
        return oid(text[1:])
    kind, mark, name = text.partition("#")
    return DBRef(kind or "content", oid(name)) if mark else text


def at(text):
    """A moment from ISO 8601."""
    return datetime.fromisoformat(text)
