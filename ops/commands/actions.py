"""`feedpulse actions`: lists, executes, stops and undoes planned actions."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from handlers.predictors import execute_actions, undo_action
from handlers.runtime import databases
from ops import console
from store.outputs import actions

app = typer.Typer(no_args_is_help=True, help="List, execute, stop or undo planned follows and likes.")


@app.command("list")
def list_actions(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Lists the latest actions and their states."""
    rows = actions.latest(databases())
    columns = ("_id", "event", "category", "state", "dryRun", "dueAt")
    console.result(rows, as_json, console.table("Actions", columns, [[row[name] for name in columns] for row in rows]))


@app.command("carry-out")
def execute_due(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Executes due actions, except those of a dry run."""
    console.result(execute_actions(databases(), datetime.now(UTC)), as_json)


@app.command("undo")
def undo_one(key: Annotated[str, typer.Argument(help="the action's _id")]) -> None:
    """Undoes one action."""
    try:
        undo_action(databases(), datetime.now(UTC), key)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@app.command("stop")
def stop(off: Annotated[bool, typer.Option("--off", help="allow actions again")] = False) -> None:
    """Stops all planning and execution of actions."""
    actions.stop_everything(databases(), not off)
