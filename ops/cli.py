"""The feedpulse command: its subcommands, imported when they are called, and its exit status."""

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
UNREACHABLE = "no MongoDB answers: start it, or unset MONGODB_URI to use the embedded one"


@dataclass(frozen=True)
class Entry:
    """Where a subcommand is, and its line in the help."""

    module: str
    attribute: str
    about: str
    served: bool = False  # it wants a database around it

    def exists(self) -> bool:
        """Whether the module is there."""
        return find_spec(self.module) is not None

    def load(self) -> Any:
        """The function itself, or a group of its own."""
        return getattr(importlib.import_module(self.module), self.attribute)


COMMANDS = {
    "demo": Entry("ops.commands.demo", "demo", "A simulated community, every job in order, the evaluation, a report"),
    "load": Entry("ops.commands.load", "load", "Load MongoDB extended JSON, <collection>.jsonl[.gz], into app-db"),
    "simulate": Entry("ops.commands.simulate", "simulate", "A community with known truth"),
    "run": Entry("ops.commands.run", "run", "The hourly, the daily or all jobs in their order"),
    "invoke": Entry("ops.commands.run", "invoke", "One function of serverless.yml"),
    "schedule": Entry(
        "ops.commands.schedule", "schedule", "Run serverless.yml on this machine: crons and change streams"
    ),
    "status": Entry("ops.commands.status", "status", "Last runs, freshness, guest feed, database"),
    "rank": Entry("ops.commands.rank", "rank", "The personal order of an account"),
    "why": Entry("ops.commands.rank", "why", "The reasons for one score"),
    "cascade": Entry("ops.commands.cascade", "command", "The reshare tree of a content, with ranks", served=True),
    "actions": Entry(
        "ops.commands.actions", "app", "Planned follows and likes: list, carry out, stop, undo", served=True
    ),
    "models": Entry("ops.commands.models", "command", "List the models, or roll one back"),
    "experiment": Entry("ops.commands.experiment", "app", "Variants of the ranking: publish, report, end", served=True),
    "forget": Entry("ops.commands.forget", "command", "Forget a person everywhere", served=True),
    "panel": Entry("ops.commands.panel", "command", "The control panel, in the browser"),
    "cost": Entry("ops.commands.cost", "cost", "Dollars a day on AWS, from the benchmark's seconds"),
    "bench": Entry("ops.commands.bench", "command", "Measure jobs, a baseline and requests on this machine"),
    "scale": Entry("ops.commands.scale", "command", "What any number of members needs, and what breaks first"),
}
SUBJECTS = {
    "all": Entry("ops.commands.evaluate.every", "command", "Every evaluation on every data set of a folder"),
    "ranking": Entry("ops.commands.evaluate.ranking", "command", "The rankers against popularity and recency"),
    "fraud": Entry("ops.commands.evaluate.fraud", "command", "Detectors against families of bots"),
    "emotion": Entry("ops.commands.evaluate.emotion", "command", "Emotions against labelled texts"),
    "language": Entry("ops.commands.evaluate.language", "command", "Languages against labelled texts"),
    "karma": Entry("ops.commands.evaluate.karma", "command", "Karma against what came later", served=True),
    "follow": Entry(
        "ops.commands.evaluate.follow", "command", "Recommended follows against what came later", served=True
    ),
    "cascades": Entry("ops.commands.evaluate.cascades", "command", "Ranks and parents of reshare trees"),
}


def build(arguments: Sequence[str]) -> typer.Typer:
    """The application with every subcommand that is there; only the called one is imported."""
    called = _called(arguments)
    app = _group(COMMANDS, called, ABOUT)
    subjects = _group(SUBJECTS, called, "Honest figures.")
    app.add_typer(subjects, name="evaluate")
    return app


def execute(arguments: Sequence[str]) -> int:
    """Runs the command; gives its exit status. What goes wrong is one line on standard error."""
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
    """2 for a wrong call, else 1.

    >>> exit_status(ValueError("userId: 5 is not an id")), exit_status(OSError("disk full"))
    (2, 1)
    """
    if isinstance(error, typer.Abort):
        return INTERRUPTED
    wrong = isinstance(error, TyperException) or type(error) is ValueError  # its subclasses come from inside
    return CALLED_WRONG if wrong else FAILED


def one_line(error: Exception) -> str:
    """What to tell of an error: what happened and, where it is known, how to mend it."""
    if isinstance(error, TyperException):
        return f"feedpulse: {_plain(error.format_message())}{_hint(error)}"
    if "ConnectionFailure" in {kind.__name__ for kind in type(error).__mro__}:
        return f"feedpulse: {UNREACHABLE} ({_plain(str(error))[:120]})"
    if "ConfigurationError" in {kind.__name__ for kind in type(error).__mro__}:
        return (
            f"feedpulse: MONGODB_URI is no address of a server, like mongodb://host:27017 ({_plain(str(error))[:120]})"
        )
    if isinstance(error, typer.Abort):
        return "feedpulse: stopped"
    named = type(error) is ValueError or type(error).__name__ == "EmbeddedDatabaseError"
    return f"feedpulse: {'' if named else type(error).__name__ + ': '}{_plain(str(error))}"


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
    """The database for a command that does not ask for it itself."""
    entry = _called(arguments)
    if not (entry and entry.served) or {"-h", "--help"} & set(arguments):
        return nullcontext()
    from ops.database import database

    return database()


def _nothing() -> None:
    """Stands for a subcommand that was not called."""


def _plain(message: str) -> str:
    return " ".join(message.split())


def _hint(error: TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f" (see `{context.command_path} --help`)" if context else ""
