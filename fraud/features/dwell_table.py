"""The latest readings of many credentials as one padded table."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraud.arrays import Flags, Floats, Ints

MAX_EXPOSURES = 500  # latest readings that count
MIN_EXPOSURES = 30  # under it a credential is kept, marked and never judged


@dataclass(frozen=True)
class DwellTable:
    """A row per credential, oldest reading first, padded on the right."""

    count: Ints  # (credentials,) readings of each
    seen_ms: Ints  # (credentials, cells) since 1970
    dwell_ms: Ints  # (credentials, cells) on the screen, >= 0
    content: NDArray[np.uint64]  # (credentials, cells) a number per content
    text_length: Floats  # (credentials, cells) characters of the content, NaN where unknown

    @property
    def inside(self) -> Flags:
        """(credentials, cells) which cells hold a reading."""
        return np.arange(self.seen_ms.shape[1]) < self.count[:, None]

    @property
    def gap_inside(self) -> Flags:
        """(credentials, cells - 1) which cells of `gap_seconds` hold a gap."""
        return np.arange(self.seen_ms.shape[1] - 1) < self.count[:, None] - 1

    @property
    def dwell_seconds(self) -> Floats:
        """(credentials, cells) seconds on the screen."""
        return self.dwell_ms / 1000.0

    @property
    def gap_seconds(self) -> Floats:
        """(credentials, cells - 1) seconds from one seen to the next."""
        return np.diff(self.seen_ms, axis=1) / 1000.0

    @property
    def pause_seconds(self) -> Floats:
        """(credentials, cells - 1) seconds from leaving one to seeing the next; negative where they overlap."""
        return self.gap_seconds - self.dwell_seconds[:, :-1]


def padded(
    counts: Ints, seen_ms: Ints, left_ms: Ints, content: NDArray[np.bytes_], text_length: Floats | None = None
) -> DwellTable:
    """The table of readings that stand together per credential, newest first.

    Args:
        counts: (credentials,) readings of each.
        seen_ms: (readings,) since 1970.
        left_ms: (readings,) since 1970, not before seen_ms.
        content: (readings,) ids of 12 bytes; zeros are an unknown content, and no two of these are the same.
        text_length: (readings,) characters of the content, NaN where unknown.
    """
    width = max(2, int(counts.max(initial=0)))
    row = np.repeat(np.arange(len(counts)), counts)
    place = counts[row] - 1 - (np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts))
    lengths = np.full(len(row), np.nan) if text_length is None else text_length
    alone = splitmix64((seen_ms + place).astype(np.uint64))
    number = np.where(content == np.bytes_(b""), alone, hashed_ids(content))  # S12 drops trailing zeros

    def table(values: NDArray[Any], missing: Any) -> NDArray[Any]:
        cells = np.full((len(counts), width), missing, values.dtype)
        cells[row, place] = values
        return cells

    return DwellTable(
        counts.astype(np.int64),
        table(seen_ms, 0),
        table(left_ms - seen_ms, 0),
        table(number, 0),
        table(lengths, np.nan),
    )


def hashed_ids(ids: NDArray[np.bytes_]) -> NDArray[np.uint64]:
    """A 64-bit number for each id of 12 bytes."""
    raw = np.frombuffer(ids.astype("S12").tobytes(), np.uint8).reshape(-1, 12)
    words = raw.copy().view("<u4").astype(np.uint64)  # (ids, 3)
    return splitmix64(words[:, 0] ^ splitmix64(words[:, 1] ^ splitmix64(words[:, 2])))


def splitmix64(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finaliser: every bit of the input moves half the bits of the output."""
    z = numbers + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
