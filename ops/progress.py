"""Progress on standard error: bars on a terminal, one line a step elsewhere."""

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

from ops import console as show


@dataclass(frozen=True)
class Steps:
    """What a piece of work tells of itself while it goes on."""

    bars: Progress

    def start(self, name: str) -> None:
        """Names the step that begins."""
        self.bars.update(self.bars.task_ids[0], description=escape(name))

    def advance(self, name: str, count: int) -> None:
        """Tells how much of a step without known end is done."""
        self.bars.update(self.bars.task_ids[0], description=escape(f"{name} {count:,}"))

    def done(self, name: str, how: str) -> None:
        """Says how the step ended, in a line that stays."""
        self.bars.console.print(f"[bold]{escape(name)}[/] {escape(how)}", highlight=False, soft_wrap=True)
        self.bars.advance(self.bars.task_ids[0])


@contextmanager
def steps(total: int) -> Iterator[Steps]:
    """A bar over `total` steps while the block runs."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = show.progress
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        bars.add_task("", total=total)
        yield Steps(bars)
