"""Vectors of words: a table by hand, the shipped one, and what makes it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.text.word_vectors import Table, pack, shipped_table, unpack, word_vectors
from trainers.text.word_vectors import make_table, vocabulary

RNG = np.random.default_rng(3)


def table_of(weights: dict[str, float], vectors: list[list[float]], texts: list[str]) -> Table:
    return make_table(weights, [(np.array(vectors, np.float32), 2)], texts)


def test_a_text_is_the_weighted_mean_of_its_words_shrunk_to_zero() -> None:
    key = np.array([0, 4294967295], np.uint32)
    table = Table(key, np.array([1, 2], np.float16), np.array([[8, 0], [0, 4]], np.int8), np.ones(1, np.float32))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("features.text.word_vectors.crc32", {b"good": 0, b"day": 4294967295}.get)
        vectors = table.vectors(["good day", ""])

    assert vectors.tolist() == [pytest.approx([8 / (3 + 3), 2 * 4 / (3 + 3)]), [0, 0]]


def test_words_with_similar_labels_have_similar_vectors() -> None:
    weights = vocabulary(["glad happy sad"], least=1)
    vectors = [[1.0, 0.0, 0.2], [0.9, 0.1, 0.2], [-1.0, 0.1, 0.1]]

    table = table_of(weights | dict.fromkeys(weights, 1.0), vectors, ["glad", "happy", "sad"])

    glad, happy, sad = table.vectors(["glad", "happy", "sad"])
    assert glad @ happy > 0 > glad @ sad
    assert np.std([glad, happy, sad]) == pytest.approx(0.1, rel=1e-3)


def test_frequent_words_weigh_less() -> None:
    weights = vocabulary(["the cat", "the dog"], least=1)

    assert weights["the"] < weights["cat"] == weights["dog"]


def test_a_table_survives_packing() -> None:
    table = shipped_table()

    again = unpack(pack(table))

    assert all((vars(again)[name] == value).all() for name, value in vars(table).items())
    assert (np.diff(table.key.astype(np.int64)) > 0).all()


@given(st.text(max_size=60))
def test_any_text_has_a_vector(text: str) -> None:
    vector = word_vectors([text])

    assert vector.shape == (1, shipped_table().vector.shape[1])
    assert np.isfinite(vector).all()
