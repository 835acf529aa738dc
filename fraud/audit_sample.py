"""Which credentials a moderator is asked about."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fraud.arrays import Flags, Floats
from fraud.features.dwell_table import hashed_ids, splitmix64

BY_LOT = "drawn by lot for a check, whatever its score"


@dataclass(frozen=True)
class Asked:
    """Who is asked about, row by row."""

    suspected: Flags  # (credentials,) over the threshold
    drawn: Flags  # (credentials,) in the audit sample


def asked(score: Floats, credential: NDArray[np.bytes_], threshold: float, share: float, period: int) -> Asked:
    """Suspects, and the audit sample: a `share` of all credentials that changes with the period only.

    Args:
        score: (credentials,) 0-1.
        credential: (credentials,) S12.
        threshold: the score from which a credential is suspected.
        share: of credentials that are drawn, 0-1.
        period: a number that stays the same for as long as the same credentials are to be drawn.
    """
    with np.errstate(over="ignore"):
        lot = splitmix64(hashed_ids(credential) ^ splitmix64(np.array([period], np.uint64)))
    return Asked(score >= threshold, (lot >> np.uint64(11)) < np.uint64(int(share * 2**53)))
