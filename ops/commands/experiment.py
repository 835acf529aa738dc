"""`feedpulse experiment`: publishes, compares and ends variants of the personalised ranking."""

import re
from datetime import UTC, datetime
from itertools import repeat
from typing import Annotated, Any

import numpy as np
import typer

from features.arrays import positions
from features.countries import COUNTRIES
from handlers.runtime import clock, databases
from ops import console
from predictors.personal.assignment import assign_variant
from store.client import Databases
from store.columns import Columns, hex_ids, id_array
from store.inputs import event_log
from store.outputs import experiments, fraud_cases
from store.outputs.experiments import Version
from trainers.evaluation.ab_test import Activity, compared, explored_rate, followed, summed

EXPERIMENT = "ranking"
_VARIANT = re.compile(r"(?P<name>\w[\w-]{0,39})=(?P<share>[^:]+)(?P<guest>:guest)?")
app = typer.Typer(no_args_is_help=True, help="Publish, compare or end variants of the ranking.")
Json = Annotated[bool, typer.Option("--json", help="one JSON document on standard output")]
Time = Annotated[str | None, typer.Option(help="the clock, ISO 8601; default: now")]


@app.command("publish")
def publish(
    variants: Annotated[
        list[str], typer.Argument(metavar="NAME=SHARE[:guest] …", help="two or more; shares add up to 1")
    ],
    time: Time = None,
    replace: Annotated[bool, typer.Option("--replace", help="end the version that is published now")] = False,
    as_json: Json = False,
) -> None:
    """Publishes variants; each account keeps its variant. `:guest` uses the ranking for guests."""
    now, wanted = clock({"time": time}), parsed(variants)
    running = [version for version in experiments.versions(databases(), EXPERIMENT) if version.ended_at is None]
    if running and list(running[-1].variants) != wanted and not replace:
        raise ValueError(f"version {running[-1].version} is published: end it first, or add --replace")
    version = experiments.publish(databases(), EXPERIMENT, wanted, now)
    document = {"experiment": EXPERIMENT, "version": version, "variants": wanted}
    console.result(document, as_json, f"Version {version} is published: {', '.join(variants)}.")


@app.command("end")
def end(time: Time = None, as_json: Json = False) -> None:
    """Ends the published version: all members get the personalised ranking."""
    if not experiments.end(databases(), EXPERIMENT, clock({"time": time})):
        raise RuntimeError("no experiment is published")
    console.result({"experiment": EXPERIMENT, "ended": True}, as_json, "The experiment has ended.")


@app.command("report")
def report(
    since: Annotated[datetime, typer.Option(help="start of the period")],
    until: Annotated[datetime, typer.Option(help="end of the period")],
    version: Annotated[int | None, typer.Option(help="default: the newest one published in the period")] = None,
    explored: Annotated[
        bool, typer.Option("--explored", help="add the engagement rate of the exploration pool")
    ] = False,
    seed: int = 7,
    as_json: Json = False,
) -> None:
    """Compares exposures and engagements of the variants, with 95 % intervals over people."""
    document = reported(databases(), _utc(since), _utc(until), version, explored, seed)
    tables = [_variants_table(document), _differences_table(document), _verdict(document)]
    console.result(document, as_json, *tables)


def reported(
    db: Databases, since: datetime, until: datetime, number: int | None = None, explored: bool = False, seed: int = 7
) -> dict[str, Any]:
    """Returns the report for the part of [since, until) in which the version was published.

    It counts members with an exposure or engagement in that time, without likely bots. Their variants are computed
    from their ids.

    Raises:
        ValueError: when the version was not published in the period.
    """
    version = _version_in(db, since, until, number)
    since, until = max(since, version.published_at), min(until, version.ended_at or until)
    bots = id_array(fraud_cases.likely_bot_accounts(db))
    activity = _activity(db, version, since, until, bots)
    shares = {str(variant["name"]): float(variant["share"]) for variant in version.variants}
    document = {"experiment": EXPERIMENT, "version": version.version, "since": since, "until": until, "seed": seed}
    document |= compared(activity, shares, seed) | {"botsKnown": len(bots)}
    return document | ({"explored": _explored(db, since, until, bots, seed)} if explored else {})


def parsed(words: list[str]) -> list[dict[str, Any]]:
    """Returns the variants of arguments like NAME=SHARE[:guest].

    Raises:
        ValueError: with the argument that is no variant.

    >>> parsed(["a=0.5", "b=0.5:guest"])[1]
    {'name': 'b', 'share': 0.5, 'personal': False}
    """
    variants = [_variant(word) for word in words]
    if len(variants) < 2 or len({variant["name"] for variant in variants}) < len(variants):
        raise ValueError("variants: name two or more with different names, like personal=0.5 plain=0.5:guest")
    total = sum(variant["share"] for variant in variants)
    if abs(total - 1) > 1e-6:
        raise ValueError(f"variants: the shares add up to {total:g}, not to 1")
    return variants


def _variant(word: str) -> dict[str, Any]:
    match = _VARIANT.fullmatch(word)
    try:
        share = float(match["share"]) if match else 0.0
    except ValueError:
        share = 0.0
    if match is None or not 0 < share < float("inf"):
        raise ValueError(f"variants: {word[:60]} is not NAME=SHARE with a share above 0, like personal=0.5")
    return {"name": match["name"], "share": share, "personal": match["guest"] is None}


def _version_in(db: Databases, since: datetime, until: datetime, number: int | None) -> Version:
    inside = [
        version
        for version in experiments.versions(db, EXPERIMENT)
        if max(since, version.published_at) < min(until, version.ended_at or until)
        and number in (None, version.version)
    ]
    if not inside:
        wanted = "experiment" if number is None else f"version {number}"
        raise ValueError(f"no {wanted} was published between {since:%Y-%m-%d %H:%M} and {until:%Y-%m-%d %H:%M}")
    return inside[-1]


def _activity(db: Databases, version: Version, since: datetime, until: datetime, bots: Any) -> Activity:
    tables = experiments.read_activity(db, since, until)
    (seen, exposures), (engaging, engagements) = (_summed(table) for table in tables)
    accounts = event_log.read_accounts(db, {}, COUNTRIES)
    members = np.sort(accounts["id"][accounts["guest"] == 0])
    ids = np.union1d(seen, engaging)
    ids = ids[(positions(members, ids) >= 0) & (positions(bots, ids) < 0)]
    names = [variant["name"] for variant in version.variants]
    chosen = map(assign_variant, hex_ids(ids), repeat(EXPERIMENT), repeat(version.version), repeat(version.variants))
    variant = np.array(
        [names.index(chosen_variant["name"]) if chosen_variant else -1 for chosen_variant in chosen], dtype=np.int64
    )
    return Activity(variant, _counts(seen, exposures, ids), _counts(engaging, engagements, ids))


def _summed(tables: list[Columns]) -> Any:
    return summed(*(np.concatenate([table[name] for table in tables]) for name in ("account", "count")))


def _counts(known: Any, counts: Any, wanted: Any) -> Any:
    place = positions(known, wanted)
    return np.where(place >= 0, np.append(counts, 0)[place], 0)


def _explored(db: Databases, since: datetime, until: datetime, bots: Any, seed: int) -> dict[str, Any]:
    """Returns counts of explored posts, and the rate of engagement within a day, weighted by 1 / propensity."""
    parts = [
        (drawn["account"], drawn["propensity"], followed(drawn, seen), followed(drawn, engaged))
        for drawn, seen, engaged in experiments.read_explorations(db, since, until)
    ]
    none = (np.zeros(0, "S12"), np.zeros(0), np.zeros(0, np.bool_), np.zeros(0, np.bool_))
    person, propensity, seen, engaged = (np.concatenate(column) for column in zip(none, *parts, strict=True))
    counted = (seen | engaged) & (propensity > 0) & (positions(bots, person) < 0)
    counts = {"drawn": len(person), "seen": int(counted.sum()), "engaged": int(engaged[counted].sum())}
    return counts | {"rate": explored_rate(person[counted], engaged[counted], propensity[counted], seed)}


def _variants_table(document: dict[str, Any]) -> Any:
    columns = ("variant", "share", "members", "exposures", "engagements", "a member", "95 %", "an exposure", "95 %")
    rows = [
        [name, *(figures[part] for part in ("share", "members", "exposures", "engagements"))]
        + [cell for rate in ("perMember", "perExposure") for cell in _cells(figures[rate], "rate")]
        for name, figures in document["variants"].items()
    ]
    title = (
        f"Version {document['version']}, {document['since']:%Y-%m-%d %H:%M} to {document['until']:%Y-%m-%d %H:%M} UTC"
    )
    return console.table(title, columns, rows)


def _differences_table(document: dict[str, Any]) -> Any:
    rows = [
        [name, *_cells(figures["perMember"], "difference"), *_cells(figures["perExposure"], "difference")]
        for name, figures in document["differences"].items()
    ]
    return console.table("Differences in engagements", ("", "a member", "95 %", "an exposure", "95 %"), rows)


def _cells(estimate: dict[str, Any] | None, name: str) -> list[str]:
    return [f"{estimate[name]:.4f}", "{:+.4f} – {:+.4f}".format(*estimate["ci"])] if estimate else ["", ""]


def _verdict(document: dict[str, Any]) -> str:
    chance = document["sampleRatio"]["p"]
    if document["sampleRatio"]["mismatch"]:
        sentence = f"The shares differ from the published ones (p = {chance:.2g}): the differences are not reliable."
    else:
        sentence = f"The shares are as published (p = {chance:.2g})."
    explored = document.get("explored")
    if not explored:
        return sentence
    rate, interval = _cells(explored["rate"], "rate")
    outcome = f"{rate} engagements an exposure ({interval})" if rate else "none was seen"
    return f"{sentence}\nExplored: {explored['drawn']:,} drawn, {explored['seen']:,} seen; of the whole pool {outcome}."


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
