"""Vectors of words, and of a text as their weighted mean: what words tell of a feeling, at the price of a look-up.

The table (trainers.text.word_vectors makes it) keeps what an emoji classifier and the sentence encoder say of each word on
its own. vector(text) = Σ weight·vector / (Σ weight + PRIOR): few words say little.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from features.arrays import pack_arrays, unpack_arrays
from features.text.ngrams import words

PRIOR = 3.0


@dataclass(frozen=True)
class Table:
    """What is known of n words in d dimensions."""

    key: NDArray[np.uint32]  # (n,) CRC-32 of each word, ascending
    weight: NDArray[np.float16]  # (n,) higher for rare words
    vector: NDArray[np.int8]  # (n, d)
    unit: NDArray[np.float32]  # (1,) of the vectors' numbers

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of cleaned texts, of shape (texts, d); zeros where no word is known."""
        return np.array([self._vector(text) for text in texts], np.float32).reshape(len(texts), self.vector.shape[1])

    def _vector(self, text: str) -> NDArray[np.float32]:
        keys = np.array([crc32(word.encode()) for word in words(text)], np.uint32)
        place = np.minimum(np.searchsorted(self.key, keys), len(self.key) - 1)
        known = place[self.key[place] == keys]
        weight = self.weight[known].astype(np.float32)
        return np.asarray(weight @ self.vector[known].astype(np.float32) * self.unit / (weight.sum() + PRIOR))


def word_vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    """Vectors of cleaned texts by the table that comes with this package, of shape (texts, d)."""
    return shipped_table().vectors(texts)


def pack(table: Table) -> bytes:
    """The table as bytes of a compressed npz."""
    return pack_arrays(vars(table), compress=True)


def unpack(packed: bytes) -> Table:
    """The table of `pack`."""
    return Table(**unpack_arrays(packed))


@cache
def shipped_table() -> Table:
    """The table that comes with this package; features/text/weights/emotions.md says how it was made."""
    return unpack(files("features.text").joinpath("weights/words.npz").read_bytes())
