"""Builds the table of features.text.word_vectors: the word vectors of larger models, in few one-byte dimensions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from features.text.ngrams import words
from features.text.word_vectors import Table

Floats = NDArray[np.float32]
SPREAD = 0.1  # standard deviation of the texts' vectors; sentence embeddings have 0.044


def vocabulary(texts: Sequence[str], least: int) -> dict[str, float]:
    """Returns the words of at least `least` cleaned texts, with ln(texts / texts with the word).

    >>> sorted(vocabulary(["good day", "good night"], least=2))
    ['good']
    """
    seen = Counter(word for text in texts for word in set(words(text)))
    return {word: float(np.log(len(texts) / count)) for word, count in sorted(seen.items()) if count >= least}


def make_table(weights: Mapping[str, float], teachers: Sequence[tuple[Floats, int]], texts: Sequence[str]) -> Table:
    """Returns the table of these words; of each teacher's (words, any) vectors the `dimensions` that vary most.

    Vectors are scaled over `texts`.
    """
    narrow = np.hstack([_principal(vectors, dimensions) for vectors, dimensions in teachers])
    keys = np.array([crc32(word.encode()) for word in weights], np.uint32)
    keys, first = np.unique(keys, return_index=True)
    whole = np.clip(np.round(narrow[first] / np.abs(narrow).max() * 4 * 127), -127, 127).astype(np.int8)
    weight = np.array(list(weights.values()), np.float16)[first]
    table = Table(keys, weight, whole, np.ones(1, np.float32))
    return Table(keys, weight, whole, np.array([SPREAD / table.vectors(texts).std()], np.float32))


def _principal(vectors: Floats, dimensions: int) -> Floats:
    """Returns the directions of most variance, standard deviation 1 overall; shape (words, dimensions)."""
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(np.cov(centred.T))
    projected = centred @ axes[:, -dimensions:]
    return np.asarray(projected / max(float(projected.std()), 1e-9), np.float32)
