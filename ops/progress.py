"""Progress on standard error: a bar on a terminal, one line for each step elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from ops import console


@dataclass(frozen=True)
class ProgressBar:
    """Shows the steps of a piece of work."""

    bars: Progress

    def start(self, name: str) -> None:
        """Shows the name of the step that begins."""
        self.bars.update(self.bars.task_ids[0], description=escape(name))

    def advance(self, name: str, count: int) -> None:
        """Shows how many items of a step are done."""
        self.bars.update(self.bars.task_ids[0], description=escape(f"{name} {count:,}"))

    def done(self, name: str, result: str) -> None:
        """Prints the result of the step in a line that remains."""
        self.bars.console.print(f"[bold]{escape(name)}[/] {escape(result)}", highlight=False, soft_wrap=True)
        self.bars.advance(self.bars.task_ids[0])


@contextmanager
def progress_bar(total: int) -> Iterator[ProgressBar]:
    """Shows a bar over `total` steps during the block."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    terminal = console.progress
    with Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as bars:
        bars.add_task("", total=total)
        yield ProgressBar(bars)
