"""`feedpulse models`: lists the served models, or rolls back to the previous version."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from ops import console
from store.client import Databases
from store.outputs import models
from store.rules.model_names import COUNTRY_ARTIFACTS, MEMBER_ARTIFACTS, WORLD_ARTIFACTS

_SHARED = (WORLD_ARTIFACTS, COUNTRY_ARTIFACTS)
COLUMNS = ("account", "model", "version", "trained", "parent", "kB", "gain", "why")


class Action(StrEnum):
    """The actions of the command."""

    LIST = "list"
    ROLLBACK = "rollback"


def command(
    action: Annotated[Action, typer.Argument()] = Action.LIST,
    account: Annotated[
        str | None, typer.Option(help="To roll back: a country, a continent, global or members.")
    ] = None,
    all_members: Annotated[bool, typer.Option(help="Roll back the member effects of all members.")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Lists the served models, or restores the previous version; a second rollback undoes the first."""
    from handlers.runtime import databases
    from ops.database import database

    if action is Action.ROLLBACK and (account is None) == (not all_members):
        raise typer.BadParameter("rollback: use either --account or --all-members")
    with database():
        if action is Action.LIST:
            _list(described(databases()), as_json)
        else:
            _roll_back(databases(), account, as_json)


def _list(report: dict[str, Any], as_json: bool) -> None:
    real = [row for row in report["models"] if row["kB"]]
    members = report["members"]
    rest = f"{len(report['models']) - len(real)} more have no model of their own: their parents answer."
    effects = f"{members['own']} members have member effects ({members['bytesEach']:.0f} bytes on average). "
    table = console.table("Models", COLUMNS, [[row[name] for name in COLUMNS] for row in real])
    console.result(
        report, as_json, table, rest, effects + f"For {members['identity']} the model of all members answers."
    )


def _roll_back(db: Databases, account: str | None, as_json: bool) -> None:
    names = (MEMBER_ARTIFACTS,) if account is None else _SHARED
    count = sum(models.roll_back(db, name, {} if account is None else {"account": account}) for name in names)
    if not count:
        raise RuntimeError(f"{account or 'members'}: no previous version")
    console.result({"rolledBack": count}, as_json, f"{count} models were rolled back.")


def described(db: Databases) -> dict[str, Any]:
    """Returns the models of the hierarchy, and the number and size of member effects."""
    rows = [_row(document) for name in _SHARED for document in models.summaries(db, name)]
    own, identities, size = models.count_artifacts(db, MEMBER_ARTIFACTS)
    members = {"own": own, "identity": identities, "bytesEach": size}
    return {"models": rows, "members": members}


def _row(document: dict[str, Any]) -> dict[str, Any]:
    from features.fingerprint import COLUMNS_OF, fingerprint  # imports scipy

    report = document.get("report") or {}
    refused = models.outdated(document, fingerprint(COLUMNS_OF.get(document["model"], ())))
    return {
        "account": document["account"],
        "model": document["model"],
        "version": document["version"],
        "trained": f"{document['trainedAt']:%Y-%m-%d %H:%M}",
        "parent": document.get("parent") or "",
        "kB": round(document["size"] / 1024, 1),
        "gain": round(report["gain"], 4) if "gain" in report else "",
        "why": f"refused: {refused}" if refused else report.get("why", ""),
    }
