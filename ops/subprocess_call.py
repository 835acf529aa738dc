"""A second `feedpulse` beside the command, so that the second core works too."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Beside:
    """A command at work in a process of its own, with the same environment."""

    process: subprocess.Popen[str]

    def result(self) -> Any:
        """What it answers, waited for.

        Raises:
            RuntimeError: when it failed, with its last line.
        """
        answer, errors = self.process.communicate()
        if self.process.returncode:
            raise RuntimeError((errors.strip().splitlines() or [f"exit status {self.process.returncode}"])[-1])
        return json.loads(answer)


@contextmanager
def beside(*words: str, environment: Mapping[str, str] | None = None) -> Iterator[Beside]:
    """Starts `feedpulse WORDS --json` at once; kills it with the block if it still runs."""
    command = [sys.executable, "-P", "-m", "ops", *words, "--json"]
    pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, env=environment, **pipes) as process:
        try:
            yield Beside(process)
        finally:
            process.kill()
