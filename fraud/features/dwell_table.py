"""The dwell table: the latest exposures of many credentials as padded arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.arrays import Flags, Floats, Ints

MAX_EXPOSURES = 500  # latest exposures that are measured
MIN_EXPOSURES = 30  # below it a credential is stored but gets no score


@dataclass(frozen=True)
class DwellTable:
    """One row for each credential, oldest exposure first, padded on the right."""

    count: Ints  # (credentials,) exposures of each
    seen_ms: Ints  # (credentials, cells) since 1970
    dwell_ms: Ints  # (credentials, cells) on the screen, >= 0
    content: NDArray[np.uint64]  # (credentials, cells) hash of the content's id
    text_length: Floats  # (credentials, cells) characters of the content, NaN where unknown

    @property
    def inside(self) -> Flags:
        """(credentials, cells) which cells hold an exposure."""
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
        """(credentials, cells - 1) seconds from one `seenAt` to the next."""
        return np.diff(self.seen_ms, axis=1) / 1000.0

    @property
    def pause_seconds(self) -> Floats:
        """(credentials, cells - 1) seconds from the end of one exposure to the next `seenAt`; negative on overlap."""
        return self.gap_seconds - self.dwell_seconds[:, :-1]


def padded(
    counts: Ints, seen_ms: Ints, left_ms: Ints, content: NDArray[np.bytes_], text_length: Floats | None = None
) -> DwellTable:
    """Returns the table of exposures that are grouped by credential, newest first.

    Args:
        counts: (credentials,) exposures of each.
        seen_ms: (exposures,) since 1970.
        left_ms: (exposures,) since 1970, not before seen_ms.
        content: (exposures,) ids of 12 bytes; zeros are unknown contents, which all differ.
        text_length: (exposures,) characters of the content, NaN where unknown.
    """
    width = max(2, int(counts.max(initial=0)))
    row = np.repeat(np.arange(len(counts)), counts)
    column = counts[row] - 1 - (np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts))
    lengths = np.full(len(row), np.nan) if text_length is None else text_length
    unknown = splitmix64((seen_ms + column).astype(np.uint64))
    hashes = np.where(content == np.bytes_(b""), unknown, hashed_ids(content))  # S12 drops trailing zeros

    def cells(values: NDArray[Any], missing: Any) -> NDArray[Any]:
        array = np.full((len(counts), width), missing, values.dtype)
        array[row, column] = values
        return array

    return DwellTable(
        counts.astype(np.int64),
        cells(seen_ms, 0),
        cells(left_ms - seen_ms, 0),
        cells(hashes, 0),
        cells(lengths, np.nan),
    )


def hashed_ids(ids: NDArray[np.bytes_]) -> NDArray[np.uint64]:
    """Returns a 64-bit hash of each id of 12 bytes."""
    raw = np.frombuffer(ids.astype("S12").tobytes(), np.uint8).reshape(-1, 12)
    words = raw.copy().view("<u4").astype(np.uint64)  # (ids, 3)
    return splitmix64(words[:, 0] ^ splitmix64(words[:, 1] ^ splitmix64(words[:, 2])))


def splitmix64(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Returns SplitMix64 hashes: each bit of the input changes half the bits of the output."""
    z = numbers + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
