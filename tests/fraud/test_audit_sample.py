"""Which credentials a moderator sees."""

import numpy as np

from fraud.audit_sample import review_sample


def test_a_score_at_the_threshold_is_suspected() -> None:
    ids = np.array([b"a" * 12, b"b" * 12, b"c" * 12])

    found = review_sample(np.array([0.98999, 0.99, 1.0]), ids, threshold=0.99, share=0.0, period=1)

    assert found.suspected.tolist() == [False, True, True]
    assert found.drawn.tolist() == [False, False, False]


def test_a_share_of_one_draws_everybody() -> None:
    ids = np.array([index.to_bytes(12, "big") for index in range(1, 1001)], dtype="S12")

    assert review_sample(np.zeros(1000), ids, threshold=0.99, share=1.0, period=1).drawn.all()
