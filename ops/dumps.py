"""Files of JSON lines, plain or gzip: tolerant reading, reproducible writing, counts of rejected lines."""

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

MAX_LINE_BYTES = 16 * 2**20
SUFFIXES = (".jsonl", ".jsonl.gz")


class BrokenFileError(RuntimeError):
    """The rest of a file is unreadable; the lines before it were read."""


class LongLine(bytes):
    """The beginning of a line that is too long to be a document."""


def collection_of(path: Path) -> str | None:
    """Returns the collection that a file name names; None for other files.

    >>> collection_of(Path("dump/users.jsonl.gz"))
    'users'
    """
    for suffix in SUFFIXES:
        if path.name.endswith(suffix) and not path.name.startswith("."):
            return path.name.removesuffix(suffix)
    return None


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yields number (from 1) and text of each line that is not blank.

    Raises:
        BrokenFileError: after the last readable line of a broken file.
    """
    number = 0
    try:
        with _opened(path) as file:
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
                    _skip(file)
                    yield number, LongLine(line)
                elif text := line.removeprefix(b"\xef\xbb\xbf").strip():
                    yield number, text
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BrokenFileError(f"after line {number}, {error}") from error


@contextmanager
def gzip_writer(path: Path) -> Iterator[gzip.GzipFile]:
    """Yields a gzip file whose bytes depend only on what is written."""
    with path.open("wb") as raw, gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0) as file:
        yield file


def write_lines(path: Path, encoded: Iterable[bytes]) -> None:
    """Writes the lines to a plain file."""
    with path.open("wb") as file:
        file.writelines(encoded)


def _opened(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb"))


def _skip(file: BinaryIO) -> None:
    while (part := file.readline(MAX_LINE_BYTES)) and not part.endswith(b"\n"):
        pass


MAX_COUNTED_LINES = 5_000  # of a file


def rejected_counts(folder: Path) -> Mapping[str, Mapping[str, int]]:
    """Returns collection → reason → rejected lines of the folder's files."""
    return {file.stem: _reasons(file, file.stat().st_mtime_ns) for file in sorted(folder.glob("*.jsonl"))}


@lru_cache(maxsize=32)
def _reasons(file: Path, changed: int) -> Mapping[str, int]:
    with file.open(errors="replace") as lines:
        return Counter(_reason(line) for line in islice(lines, MAX_COUNTED_LINES))


def _reason(line: str) -> str:
    try:
        return str(json.loads(line)["reason"]).partition(":")[0]
    except (ValueError, KeyError, TypeError):
        return "unreadable entry"
