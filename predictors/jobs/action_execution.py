"""Carries out planned actions within the budget, and takes them back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from predictors.social.actions import FOLLOW, LIKE, OPPOSITE
from predictors.social.connectors import Connector, RequestError, request
from store.client import Databases
from store.ids import Document
from store.inputs import social_graph
from store.outputs import action_budget, actions


def carry_out(db: Databases, now: datetime, connectors: Mapping[str, Connector]) -> dict[str, int]:
    """Carries out what is due, in earnest and within the budget; the kill switch is looked at before each request."""
    counts = {"done": 0, "failed": 0, "overBudget": 0, "stopped": 0}
    for network, connector in connectors.items():
        while not actions.is_stopped(db) and (action := actions.claim_due(db, now, network)):
            limits = action["budget"]
            if not action_budget.take(db, network, 1, now, limits["perHour"], limits["burst"]):
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


def _act(db: Databases, now: datetime, connector: Connector, action: Document) -> str:
    """Sends one request; an action against a block, or one that the network refuses, ends as failed and says why."""
    if _is_blocked(db, action):
        actions.end(db, action["_id"], "failed", now, error="blocked")
        return "failed"
    try:
        remote: Any = request(connector, action["event"], action["actor"], action["target"])
    except RequestError as error:
        actions.end(db, action["_id"], "failed", now, error=str(error))
        return "failed"
    actions.end(db, action["_id"], "done", now, remote=remote)
    return "done"


def _is_blocked(db: Databases, action: Document) -> bool:
    """Returns whether a block between the actor and the target came after the plan."""
    if action["event"] not in (FOLLOW, LIKE):
        return False
    users = [action["target"]] if action["event"] == FOLLOW else actions.authors_of(db, action["target"])
    return not social_graph.blocked(db, social_graph.own_users(db, action["actor"])).isdisjoint(users)
