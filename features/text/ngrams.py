"""Hashed n-grams of words and characters: sparse features without a vocabulary.

Feature hashing after Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", 2009.
"""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

BUCKETS = 2**17
LONGEST_WORD = 24  # characters of a word that n-grams are taken from
MOST_WORDS = 120
_CHARACTERS = (2, 3, 4, 5)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]")


def words(text: str) -> list[str]:
    """Returns the first words and signs of a cleaned text in lower case.

    >>> words("Don't worry :)")
    ["don't", 'worry', ':', ')']
    """
    return _WORD.findall(text.lower())[:MOST_WORDS]


def hashed_counts(text: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Returns the buckets of a cleaned text's n-grams, (n,) ascending in 0…BUCKETS−1, and 1 + ln(count) of each.

    >>> hashed_counts("")[0].shape
    (0,)
    """
    counts = Counter(crc32(gram.encode()) % BUCKETS for gram in _grams(text))
    buckets = np.fromiter(sorted(counts), np.int64, len(counts))
    times = np.array([counts[bucket] for bucket in buckets.tolist()], np.float32)
    return buckets, 1 + np.log(times)


def _grams(text: str) -> Iterator[str]:
    """Yields words, pairs of words, and character n-grams of each word with its boundaries."""
    tokens = words(text)
    yield from tokens
    yield from map(" ".join, pairwise(tokens))
    for word in tokens:
        bounded = f" {word[:LONGEST_WORD]} "
        for size in _CHARACTERS:
            for start in range(max(1, len(bounded) - size + 1)):
                yield f"\t{bounded[start : start + size]}"
