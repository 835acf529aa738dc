"""A `feedpulse` command in another process, to use a second core."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SubprocessCall:
    """A command that runs in another process."""

    process: subprocess.Popen[str]

    def result(self) -> Any:
        """Waits for the command and returns its JSON document.

        Raises:
            RuntimeError: with the last line of its errors, when it failed.
        """
        answer, errors = self.process.communicate()
        if self.process.returncode:
            raise RuntimeError((errors.strip().splitlines() or [f"exit status {self.process.returncode}"])[-1])
        return json.loads(answer)


@contextmanager
def subprocess_call(*words: str, environment: Mapping[str, str] | None = None) -> Iterator[SubprocessCall]:
    """Starts `feedpulse WORDS --json`; kills it at the end of the block if it still runs."""
    command = [sys.executable, "-P", "-m", "ops", *words, "--json"]
    pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, env=environment, **pipes) as process:
        try:
            yield SubprocessCall(process)
        finally:
            process.kill()
