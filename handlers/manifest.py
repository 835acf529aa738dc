"""The functions of serverless.yml: what they call, and what calls them."""

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
GRACE = timedelta(minutes=15)  # a run may take that long, or wait its turn
FEATURES_MINUTE = 15  # hourly functions before this minute make what the daily trainers need


@dataclass(frozen=True)
class Function:
    """One function: its key, the dotted name of its handler and its triggers."""

    key: str
    handler: str
    timings: tuple[Timing, ...] = ()
    changes: str | None = None  # collection of app-db whose changes trigger it

    @property
    def is_hourly(self) -> bool:
        """Whether a schedule fires it every hour."""
        return any(timing.is_hourly for timing in self.timings)

    @property
    def is_job(self) -> bool:
        """Whether it runs by itself, by the clock or by a change."""
        return bool(self.timings or self.changes)

    def next_after(self, moment: datetime) -> datetime:
        """When a schedule fires it next."""
        return min(timing.next_after(moment) for timing in self.timings)

    def load(self) -> Any:
        """The handler itself."""
        module, _, name = self.handler.rpartition(".")
        return getattr(importlib.import_module(module), name)


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's tags (!Ref, !Sub, !GetAtt …) as the plain values that they stand before."""


def _untagged(loader: _Loader, tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


_Loader.add_multi_constructor("!", _untagged)


def document(path: Path = FILE) -> dict[str, Any]:
    """What serverless.yml says, its variables unresolved."""
    found: dict[str, Any] = yaml.load(path.read_text(), Loader=_Loader)
    return found


@cache
def functions(path: Path = FILE) -> Mapping[str, Function]:
    """Every function of serverless.yml by its key.

    Raises:
        FileNotFoundError: when the project was installed without its serverless.yml.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: install feedpulse from its checkout (make install)")
    said = document(path)
    changes = (said.get("custom") or {}).get("changes") or {}
    return {
        key: Function(key, body["handler"], tuple(_timings(body)), changes.get(key) or _changes(body))
        for key, body in said["functions"].items()
    }


def named(key: str) -> Function:
    """The function with that key.

    Raises:
        ValueError: with the keys that there are.
    """
    known = functions()
    if key not in known:
        raise ValueError(f"there is no function {key[:60]} in serverless.yml: it has {', '.join(known)}")
    return known[key]


def hourly() -> list[Function]:
    """What runs every hour, by the minute."""
    return sorted((each for each in functions().values() if each.is_hourly), key=_order)


def daily() -> list[Function]:
    """What runs by the clock but not every hour, by the time of day."""
    timed = (each for each in functions().values() if each.timings and not each.is_hourly)
    return sorted(timed, key=_order)


def early() -> list[Function]:
    """The hourly functions that make what the daily trainers need."""
    return [each for each in hourly() if _order(each) < FEATURES_MINUTE]


def late() -> list[Function]:
    """The daily functions, then the hourly ones that need their models."""
    return [*daily(), *(each for each in hourly() if each not in early())]


def everything() -> list[Function]:
    """All that runs by the clock."""
    return [*early(), *late()]


def next_run(function: Function, own: str | None, done: datetime | None, now: datetime) -> datetime:
    """The function's next call that is for work: with a cron line of its own, the first one after that line fires."""
    if own is None or done is None:
        return function.next_after(now)
    return function.next_after(max(now, first_after(own, done) - timedelta(seconds=1)))


def late_minutes(function: Function, own: str | None, done: datetime | None, now: datetime) -> int | None:
    """Minutes since the schedule wanted another run; 0 when none is due, None without a schedule or a good run."""
    if done is None or not function.timings:
        return None
    late = now - next_run(function, own, done, done)
    return round(late.total_seconds() / 60) if late > GRACE else 0


def _order(function: Function) -> int:
    return min(timing.minute_of_day for timing in function.timings)


def _timings(body: Mapping[str, Any]) -> Iterator[Timing]:
    for event in body.get("events") or []:
        given = event.get("schedule") if isinstance(event, dict) else None
        rates = given["rate"] if isinstance(given, dict) else given
        for rate in rates if isinstance(rates, list) else [rates]:
            if rate:
                yield parse_timing(rate)


def _changes(body: Mapping[str, Any]) -> str | None:
    """The collection that a rule on database triggers (`detail.ns.coll`) listens to."""
    for event in body.get("events") or []:
        bus = event.get("eventBridge") if isinstance(event, dict) else None
        namespace = (((bus or {}).get("pattern") or {}).get("detail") or {}).get("ns") or {}
        if namespace.get("coll"):
            return str(namespace["coll"][0])
    return None
