"""The feedpulse command: subcommands, imported only when called, and the exit status."""

import importlib
import sys
import traceback
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import typer
from typer.exceptions import TyperException

DONE, FAILED, CALLED_WRONG, INTERRUPTED = 0, 1, 2, 130
ABOUT = "A data-science pipeline for social apps: statistics, rankers, guest feed, fraud. --debug shows tracebacks."
UNREACHABLE = "MongoDB does not respond: start it, or unset MONGODB_URI to use the embedded one"


@dataclass(frozen=True)
class Entry:
    """Location of a subcommand, and its line in the help."""

    module: str
    attribute: str
    about: str
    served: bool = False  # runs while a database is served

    def exists(self) -> bool:
        """Returns whether the module exists."""
        return find_spec(self.module) is not None

    def load(self) -> Any:
        """Imports and returns the function, or the group of subcommands."""
        return getattr(importlib.import_module(self.module), self.attribute)


COMMANDS = {
    "demo": Entry("ops.commands.demo", "demo", "Simulate a community, run every job, evaluate and report"),
    "load": Entry("ops.commands.load", "load", "Load MongoDB extended JSON, <collection>.jsonl[.gz], into app-db"),
    "simulate": Entry("ops.commands.simulate", "simulate", "Simulate a community with known truth"),
    "run": Entry("ops.commands.run", "run", "Run the hourly, the daily or all jobs in order"),
    "invoke": Entry("ops.commands.run", "invoke", "Run one function of serverless.yml"),
    "schedule": Entry(
        "ops.commands.schedule", "schedule", "Run serverless.yml on this machine: schedules and change streams"
    ),
    "status": Entry("ops.commands.status", "status", "Show last runs, delays, the guest feed and the database"),
    "rank": Entry("ops.commands.rank", "rank", "Show the personalised ranking of an account"),
    "why": Entry("ops.commands.rank", "why", "Explain one score"),
    "cascade": Entry("ops.commands.cascade", "command", "Print the reshare tree of a post, with ranks", served=True),
    "actions": Entry(
        "ops.commands.actions", "app", "List, execute, stop or undo planned follows and likes", served=True
    ),
    "models": Entry("ops.commands.models", "command", "List the models, or roll back to the previous version"),
    "experiment": Entry(
        "ops.commands.experiment", "app", "Publish, compare or end variants of the ranking", served=True
    ),
    "forget": Entry("ops.commands.forget", "command", "Erase a person everywhere", served=True),
    "panel": Entry("ops.commands.panel", "command", "Serve the control panel for the browser"),
    "cost": Entry("ops.commands.cost", "cost", "Estimate the cost of a day on AWS from the benchmark"),
    "bench": Entry("ops.commands.bench", "command", "Measure jobs, a baseline and requests on this machine"),
    "scale": Entry("ops.commands.scale", "command", "Extrapolate measured costs to any number of members"),
}
SUBJECTS = {
    "all": Entry("ops.commands.evaluate.every", "command", "Run every evaluation whose data are in a folder"),
    "ranking": Entry("ops.commands.evaluate.ranking", "command", "Compare the rankers with popularity and recency"),
    "fraud": Entry("ops.commands.evaluate.fraud", "command", "Measure the detectors on families of bots"),
    "emotion": Entry("ops.commands.evaluate.emotion", "command", "Measure emotions on labelled texts"),
    "language": Entry("ops.commands.evaluate.language", "command", "Measure languages on labelled texts"),
    "karma": Entry("ops.commands.evaluate.karma", "command", "Compare karma with later engagements", served=True),
    "follow": Entry(
        "ops.commands.evaluate.follow", "command", "Compare recommended follows with later ones", served=True
    ),
    "cascades": Entry("ops.commands.evaluate.cascades", "command", "Measure ranks and parents of reshare trees"),
}


def build(arguments: Sequence[str]) -> typer.Typer:
    """Returns the application with every existing subcommand; imports only the called one."""
    called = _called(arguments)
    app = _group(COMMANDS, called, ABOUT)
    subjects = _group(SUBJECTS, called, "Measure quality on held-out or labelled data.")
    app.add_typer(subjects, name="evaluate")
    return app


def execute(arguments: Sequence[str]) -> int:
    """Runs the command and returns its exit status; writes an error as one line to standard error."""
    rest = [word for word in arguments if word != "--debug"]
    try:
        command = typer.main.get_command(build(rest))
        with _served(rest):
            status = command.main(rest, prog_name="feedpulse", standalone_mode=False)
    except Exception as error:
        if len(rest) < len(arguments):
            traceback.print_exc()
        sys.stderr.write(one_line(error) + "\n")
        return exit_status(error)
    return status if isinstance(status, int) else DONE


def exit_status(error: Exception) -> int:
    """Returns 2 for a wrong call, 130 for an interrupt, else 1.

    >>> exit_status(ValueError("userId: 5 is not an id")), exit_status(OSError("disk full"))
    (2, 1)
    """
    if isinstance(error, typer.Abort):
        return INTERRUPTED
    wrong = isinstance(error, TyperException) or type(error) is ValueError  # subclasses are failures inside
    return CALLED_WRONG if wrong else FAILED


def one_line(error: Exception) -> str:
    """Returns an error as one line, with the remedy where one is known."""
    if isinstance(error, TyperException):
        return f"feedpulse: {_joined(error.format_message())}{_hint(error)}"
    if "ConnectionFailure" in {kind.__name__ for kind in type(error).__mro__}:
        return f"feedpulse: {UNREACHABLE} ({_joined(str(error))[:120]})"
    if "ConfigurationError" in {kind.__name__ for kind in type(error).__mro__}:
        return f"feedpulse: MONGODB_URI must be like mongodb://host:27017 ({_joined(str(error))[:120]})"
    if isinstance(error, typer.Abort):
        return "feedpulse: stopped"
    named = type(error) in (ValueError, RuntimeError) or type(error).__name__ == "EmbeddedDatabaseError"
    return f"feedpulse: {'' if named else type(error).__name__ + ': '}{_joined(str(error))}"


def _group(entries: dict[str, Entry], called: Entry | None, about: str) -> typer.Typer:
    app = typer.Typer(
        help=about,
        add_completion=False,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_nothing)
    for name, entry in entries.items():
        if not entry.exists():
            continue
        loaded = entry.load() if entry is called else _nothing
        if isinstance(loaded, typer.Typer):
            app.add_typer(loaded, name=name)
        else:
            app.command(name, help=None if entry is called else entry.about)(loaded)
    return app


def _called(arguments: Sequence[str]) -> Entry | None:
    words = [word for word in arguments if not word.startswith("-")]
    if words[:1] == ["evaluate"]:
        return SUBJECTS.get("".join(words[1:2]))
    return COMMANDS.get("".join(words[:1]))


def _served(arguments: Sequence[str]) -> AbstractContextManager[object]:
    """Serves the database for a command that does not start it itself."""
    entry = _called(arguments)
    if not (entry and entry.served) or {"-h", "--help"} & set(arguments):
        return nullcontext()
    from ops.database import database

    return database()


def _nothing() -> None:
    """Replaces a subcommand that was not called."""


def _joined(message: str) -> str:
    return " ".join(message.split())


def _hint(error: TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f" (see `{context.command_path} --help`)" if context else ""
