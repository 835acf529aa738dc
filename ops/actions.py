"""Planned actions carried out, stopped and taken back: only by an operator, only within the budget."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from handlers.runtime import databases
from ops import show
from ops.connectors import Connector, RequestError, request
from ops.connectors.app import AppConnector
from predictors.actions import OPPOSITE
from store import actions, budget
from store.client import Databases
from store.documents import Document

app = typer.Typer(no_args_is_help=True, help="Planned follows and likes: list, carry out, stop, undo.")


def carry_out(db: Databases, now: datetime, connectors: Mapping[str, Connector]) -> dict[str, int]:
    """Carries out what is due, in earnest and within the budget; the kill switch is looked at before each request."""
    counts = {"done": 0, "failed": 0, "overBudget": 0, "stopped": 0}
    for network, connector in connectors.items():
        while not actions.is_stopped(db) and (action := actions.claim_due(db, now, network)):
            limits = action["budget"]
            if not budget.take(db, network, 1, now, limits["perHour"], limits["burst"]):
                actions.release(db, action["_id"])
                counts["overBudget"] += 1
                break
            counts[_act(db, now, connector, action)] += 1
    counts["stopped"] = int(actions.is_stopped(db))
    return counts


def undo(db: Databases, key: str, now: datetime, connectors: Mapping[str, Connector]) -> None:
    """Takes an action back: what is planned is never done, what is done is reversed at its network.

    Raises:
        ValueError: when there is no such action, it has ended otherwise, or its network is not set up.
    """
    action = actions.find(db, key)
    if action is None or action["state"] not in ("planned", "done"):
        state = "none" if action is None else action["state"]
        raise ValueError(f"action: {key[:120]} is {state}; only what is planned or done can be undone")
    if action["state"] == "done":
        if action["network"] not in connectors:
            raise ValueError(f"network: {action['network']} is not set up")
        request(connectors[action["network"]], OPPOSITE[action["event"]], action["actor"], action["target"])
    actions.end(db, key, "undone", now)


def configured(db: Databases, now: datetime) -> dict[str, Connector]:
    """The networks that the environment names: the app itself, and Mastodon with a server and a token."""
    found: dict[str, Connector] = {"app": AppConnector(db, now)}
    server, token = os.environ.get("MASTODON_SERVER"), os.environ.get("MASTODON_TOKEN")
    if server and token:
        from ops.connectors.mastodon import MastodonConnector  # a development dependency

        found["mastodon"] = MastodonConnector.at(server, token)
    return found


@app.command("list")
def list_actions(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """The latest actions and their states."""
    rows = actions.listed(databases())
    columns = ("_id", "event", "category", "state", "dryRun", "dueAt")
    show.result(rows, as_json, show.table("Actions", columns, [[row[name] for name in columns] for row in rows]))


@app.command("carry-out")
def carry_out_now(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Carries out what is due; nothing that is planned dry."""
    db, now = databases(), datetime.now(UTC)
    show.result(carry_out(db, now, configured(db, now)), as_json)


@app.command("undo")
def undo_one(key: Annotated[str, typer.Argument(help="the action's _id")]) -> None:
    """Takes one action back."""
    db, now = databases(), datetime.now(UTC)
    try:
        undo(db, key, now, configured(db, now))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@app.command("stop")
def stop(off: Annotated[bool, typer.Option("--off", help="let actions go on")] = False) -> None:
    """The kill switch: nothing more is planned or carried out."""
    actions.stop_everything(databases(), not off)


def _act(db: Databases, now: datetime, connector: Connector, action: Document) -> str:
    """One request; what a network refuses ends as failed and says why."""
    try:
        remote: Any = request(connector, action["event"], action["actor"], action["target"])
    except RequestError as error:
        actions.end(db, action["_id"], "failed", now, error=str(error))
        return "failed"
    actions.end(db, action["_id"], "done", now, remote=remote)
    return "done"
