"""Files of JSON lines, plain or gzip: read line by line, however long or broken; written with the same bytes."""

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

MOST_BYTES = 16 * 2**20  # of one line
SUFFIXES = (".jsonl", ".jsonl.gz")


class BrokenFileError(RuntimeError):
    """The rest of a file can't be read; what came before it can."""


class LongLine(bytes):
    """The beginning of a line that is too long to be a document."""


def collection_of(path: Path) -> str | None:
    """The collection whose documents the file holds, by its name; None for other files.

    >>> collection_of(Path("dump/users.jsonl.gz"))
    'users'
    """
    for suffix in SUFFIXES:
        if path.name.endswith(suffix) and not path.name.startswith("."):
            return path.name.removesuffix(suffix)
    return None


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Number, from 1, and text of each line that is not blank.

    Raises:
        BrokenFileError: where the file breaks off, after the lines before it.
    """
    number = 0
    try:
        with _opened(path) as file:
            while line := file.readline(MOST_BYTES + 1):
                number += 1
                if len(line) > MOST_BYTES and not line.endswith(b"\n"):
                    _skip(file)
                    yield number, LongLine(line)
                elif text := line.removeprefix(b"\xef\xbb\xbf").strip():
                    yield number, text
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BrokenFileError(f"after line {number}, {error}") from error


@contextmanager
def gzip_writer(path: Path) -> Iterator[gzip.GzipFile]:
    """A gzip file whose bytes depend on nothing but what is written."""
    with path.open("wb") as raw, gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0) as file:
        yield file


def write_lines(path: Path, encoded: Iterable[bytes]) -> None:
    """Writes the lines to a plain file."""
    with path.open("wb") as file:
        file.writelines(encoded)


def _opened(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb"))


def _skip(file: BinaryIO) -> None:
    while (part := file.readline(MOST_BYTES)) and not part.endswith(b"\n"):
        pass


MOST = 5_000  # lines of a file that are counted


def counted(folder: Path) -> Mapping[str, Mapping[str, int]]:
    """Collection → reason → lines set aside; nothing where nothing was loaded."""
    return {file.stem: _reasons(file, file.stat().st_mtime_ns) for file in sorted(folder.glob("*.jsonl"))}


@lru_cache(maxsize=32)
def _reasons(file: Path, changed: int) -> Mapping[str, int]:
    with file.open(errors="replace") as lines:
        return Counter(_reason(line) for line in islice(lines, MOST))


def _reason(line: str) -> str:
    try:
        return str(json.loads(line)["reason"]).partition(":")[0]
    except (ValueError, KeyError, TypeError):
        return "a line that broke off"
