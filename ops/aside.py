"""What `feedpulse load` set aside in the home folder, counted by reason."""

import json
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from pathlib import Path

MOST = 5_000  # lines of a file that are counted


def counted(folder: Path) -> Mapping[str, Mapping[str, int]]:
    """Collection → reason → lines set aside; nothing where nothing was loaded."""
    return {each.stem: _reasons(each, each.stat().st_mtime_ns) for each in sorted(folder.glob("*.jsonl"))}


@lru_cache(maxsize=32)
def _reasons(file: Path, changed: int) -> Mapping[str, int]:
    with file.open(errors="replace") as lines:
        return Counter(_reason(line) for line in islice(lines, MOST))


def _reason(line: str) -> str:
    try:
        return str(json.loads(line)["reason"]).partition(":")[0]
    except (ValueError, KeyError, TypeError):
        return "a line that broke off"
