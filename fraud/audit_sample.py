"""Chooses the credentials that moderators review: suspects, and a random audit sample."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.arrays import Flags, Floats
from fraud.features.dwell_table import hashed_ids, splitmix64

AUDIT_REASON = "drawn by lot for a check, whatever its score"  # stored in cases


@dataclass(frozen=True)
class ReviewSample:
    """Which credentials need a review."""

    suspected: Flags  # (credentials,) over the threshold
    drawn: Flags  # (credentials,) in the audit sample


def review_sample(
    score: Floats, credential: NDArray[np.bytes_], threshold: float, share: float, period: int
) -> ReviewSample:
    """Returns the suspects and the audit sample: a `share` of all credentials, which depends on the period only.

    Args:
        score: (credentials,) 0-1.
        credential: (credentials,) S12.
        threshold: the score from which a credential is suspected.
        share: share of credentials in the audit sample, 0-1.
        period: the number of the audit period; the same number draws the same credentials.
    """
    with np.errstate(over="ignore"):
        draw = splitmix64(hashed_ids(credential) ^ splitmix64(np.array([period], np.uint64)))
    return ReviewSample(score >= threshold, (draw >> np.uint64(11)) < np.uint64(int(share * 2**53)))
