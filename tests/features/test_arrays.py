import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from features.arrays import average_ranks, pack_arrays, unpack_arrays


@given(st.lists(st.integers(-3, 3) | st.floats(allow_nan=False), max_size=40))
def test_ranks_are_those_of_scipy(values):
    values = np.array(values, dtype=float)

    assert average_ranks(values).tolist() == rankdata(values).tolist()


@pytest.mark.parametrize("compress", [False, True])
def test_unpacked_arrays_equal_the_packed_ones(compress):
    arrays = {"numbers": np.arange(3.0), "ids": np.array([b"a" * 12], dtype="S12"), "none": np.zeros((0, 2))}

    again = unpack_arrays(pack_arrays(arrays, compress))

    assert list(again) == list(arrays)
    assert all((again[name] == array).all() and again[name].dtype == array.dtype for name, array in arrays.items())


def test_objects_are_neither_packed_nor_unpacked():
    buffer = io.BytesIO()
    np.savez(buffer, people=np.array([object()], dtype=object))

    with pytest.raises(ValueError, match="allow_pickle"):
        pack_arrays({"people": np.array([object()], dtype=object)})
    with pytest.raises(ValueError, match="allow_pickle"):
        unpack_arrays(buffer.getvalue())


def test_bytes_that_are_not_an_npz_are_refused_with_a_value_error():
    with pytest.raises(ValueError, match="not an npz"):
        unpack_arrays(pack_arrays({"a": np.arange(9)})[:-30])
