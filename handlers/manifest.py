"""The functions of serverless.yml with their handlers and triggers."""

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from handlers.schedules import first_after
from handlers.timing import Timing, parse_timing

FILE = Path(__file__).resolve().parents[1] / "serverless.yml"
_ALIASES = {"recomendFriends": "recommendFriends", "recomend_friends": "recommendFriends"}  # spellings of version 0.1
GRACE = timedelta(minutes=15)  # a run may take so long, or wait for a lease
FEATURES_MINUTE = 15  # hourly functions before this minute produce the input of the daily trainers


@dataclass(frozen=True)
class Function:
    """One function: its key, the dotted name of its handler and its triggers."""

    key: str
    handler: str
    timings: tuple[Timing, ...] = ()
    changes: tuple[str, ...] = ()  # collections of app-db whose changes trigger it

    @property
    def is_hourly(self) -> bool:
        """Returns whether a schedule fires it every hour."""
        return any(timing.is_hourly for timing in self.timings)

    @property
    def is_job(self) -> bool:
        """Returns whether a schedule or a change triggers it."""
        return bool(self.timings or self.changes)

    def next_after(self, moment: datetime) -> datetime:
        """Returns when a schedule fires it next."""
        return min(timing.next_after(moment) for timing in self.timings)

    def load(self) -> Any:
        """Imports and returns the handler."""
        module, _, name = self.handler.rpartition(".")
        return getattr(importlib.import_module(module), name)


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's tags (!Ref, !Sub, !GetAtt …) as the plain values after them."""


def _untagged(loader: _Loader, tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


_Loader.add_multi_constructor("!", _untagged)


def document(path: Path = FILE) -> dict[str, Any]:
    """Returns serverless.yml as a dict; its variables are not resolved."""
    parsed: dict[str, Any] = yaml.load(path.read_text(), Loader=_Loader)
    return parsed


@cache
def functions(path: Path = FILE) -> Mapping[str, Function]:
    """Returns every function of serverless.yml by its key.

    Raises:
        FileNotFoundError: when the project was installed without its serverless.yml.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: install feedpulse from its checkout (make install)")
    service = document(path)
    changes = (service.get("custom") or {}).get("changes") or {}
    return {
        key: Function(key, body["handler"], tuple(_timings(body)), _changes(body, changes.get(key)))
        for key, body in service["functions"].items()
    }


def named(key: str) -> Function:
    """Returns the function with that key.

    Raises:
        ValueError: for an unknown key; names the known ones.
    """
    known = functions()
    key = _ALIASES.get(key, key)
    if key not in known:
        raise ValueError(f"there is no function {key[:60]} in serverless.yml: it has {', '.join(known)}")
    return known[key]


def hourly() -> list[Function]:
    """Returns the hourly functions, by the minute."""
    return sorted((function for function in functions().values() if function.is_hourly), key=_order)


def daily() -> list[Function]:
    """Returns the scheduled functions that are not hourly, by the time of day."""
    timed = (function for function in functions().values() if function.timings and not function.is_hourly)
    return sorted(timed, key=_order)


def early() -> list[Function]:
    """Returns the hourly functions that produce the input of the daily trainers."""
    return [function for function in hourly() if _order(function) < FEATURES_MINUTE]


def late() -> list[Function]:
    """Returns the daily functions, then the hourly ones that need their models."""
    return [*daily(), *(function for function in hourly() if function not in early())]


def everything() -> list[Function]:
    """Returns all scheduled functions."""
    return [*early(), *late()]


def next_run(function: Function, cron: str | None, done: datetime | None, now: datetime) -> datetime:
    """Returns the function's next run; with an operator's cron line, the first call after that line fires."""
    if cron is None or done is None:
        return function.next_after(now)
    return function.next_after(max(now, first_after(cron, done) - timedelta(seconds=1)))


def late_minutes(function: Function, cron: str | None, done: datetime | None, now: datetime) -> int | None:
    """Returns the minutes since a run was due; 0 when none is due, None without a schedule or a successful run."""
    if done is None or not function.timings:
        return None
    late = now - next_run(function, cron, done, done)
    return round(late.total_seconds() / 60) if late > GRACE else 0


def _order(function: Function) -> int:
    return min(timing.minute_of_day for timing in function.timings)


def _timings(body: Mapping[str, Any]) -> Iterator[Timing]:
    for event in body.get("events") or []:
        schedule = event.get("schedule") if isinstance(event, dict) else None
        rates = schedule["rate"] if isinstance(schedule, dict) else schedule
        for rate in rates if isinstance(rates, list) else [rates]:
            if rate:
                yield parse_timing(rate)


def _changes(body: Mapping[str, Any], custom: str | None) -> tuple[str, ...]:
    """Returns the collections of the rules on database triggers (`detail.ns.coll`), or the custom one."""
    buses = [event.get("eventBridge") or {} for event in body.get("events") or [] if isinstance(event, dict)]
    patterns = [(bus.get("pattern") or {}).get("detail") or {} for bus in buses]
    named = tuple(name for detail in patterns for name in (detail.get("ns") or {}).get("coll") or [])
    return (custom,) if custom else named
