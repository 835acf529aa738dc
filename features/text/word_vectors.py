"""Word vectors for emotions, and the vector of a text as their weighted mean.

The table, which trainers.text.word_vectors creates, contains the outputs of an emoji classifier and of the sentence
encoder for single words. vector(text) = Σ weight·vector / (Σ weight + PRIOR), which is small for few words.
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
    """Vectors of n words in d dimensions."""

    key: NDArray[np.uint32]  # (n,) CRC-32 of each word, ascending
    weight: NDArray[np.float16]  # (n,) higher for rare words
    vector: NDArray[np.int8]  # (n, d)
    unit: NDArray[np.float32]  # (1,) factor from the vectors' integers to numbers

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Returns the vectors of cleaned texts (texts, d); zeros for a text without known words."""
        return np.array([self._vector(text) for text in texts], np.float32).reshape(len(texts), self.vector.shape[1])

    def _vector(self, text: str) -> NDArray[np.float32]:
        keys = np.array([crc32(word.encode()) for word in words(text)], np.uint32)
        position = np.minimum(np.searchsorted(self.key, keys), len(self.key) - 1)
        rows = position[self.key[position] == keys]
        weight = self.weight[rows].astype(np.float32)
        return np.asarray(weight @ self.vector[rows].astype(np.float32) * self.unit / (weight.sum() + PRIOR))


def word_vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    """Returns the vectors of cleaned texts by the shipped table, of shape (texts, d)."""
    return shipped_table().vectors(texts)


def pack(table: Table) -> bytes:
    """Returns the table as a compressed npz."""
    return pack_arrays(vars(table), compress=True)


def unpack(packed: bytes) -> Table:
    """Reverses `pack`."""
    return Table(**unpack_arrays(packed))


@cache
def shipped_table() -> Table:
    """Returns the shipped table; features/text/weights/emotions.md describes how it was created."""
    return unpack(files("features.text").joinpath("weights/words.npz").read_bytes())
