"""`feedpulse actions`: planned actions listed, carried out, stopped and taken back; only by an operator."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from handlers.predictors import execute_actions, undo_action
from handlers.runtime import databases
from ops import console
from store.outputs import actions

app = typer.Typer(no_args_is_help=True, help="Planned follows and likes: list, carry out, stop, undo.")


@app.command("list")
def list_actions(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """The latest actions and their states."""
    rows = actions.latest(databases())
    columns = ("_id", "event", "category", "state", "dryRun", "dueAt")
    console.result(rows, as_json, console.table("Actions", columns, [[row[name] for name in columns] for row in rows]))


@app.command("carry-out")
def carry_out_now(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Carries out what is due; nothing that is planned dry."""
    console.result(execute_actions(databases(), datetime.now(UTC)), as_json)


@app.command("undo")
def undo_one(key: Annotated[str, typer.Argument(help="the action's _id")]) -> None:
    """Takes one action back."""
    try:
        undo_action(databases(), datetime.now(UTC), key)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@app.command("stop")
def stop(off: Annotated[bool, typer.Option("--off", help="let actions go on")] = False) -> None:
    """The kill switch: nothing more is planned or carried out."""
    actions.stop_everything(databases(), not off)
