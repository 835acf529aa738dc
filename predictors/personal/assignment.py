"""Which variant of a published configuration an account gets: the same one as long as the version is published."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any


def bucket(account: str, experiment: str) -> float:
    """A number of 0 to 1, even over accounts and independent between experiments."""
    return int.from_bytes(sha256(f"{experiment} {account}".encode()).digest()[:8], "big") / 2**64


def assigned(
    account: str, experiment: str, version: int, variants: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """The account's variant: they share the accounts as their `share`s are to each other; None without any share.

    Each version shares them anew: what one variant did to its people is spread evenly over the next version's.

    >>> halves = [{"name": "a", "share": 0.5}, {"name": "b", "share": 0.5}]
    >>> [assigned(f"{n:024x}", "ranking", 1, halves)["name"] for n in range(6)]
    ['b', 'b', 'b', 'b', 'a', 'a']
    >>> assigned("0", "ranking", 1, []) is None
    True
    """
    shares = [_share(each) for each in variants]
    left = bucket(account, f"{experiment} {version}") * sum(shares)
    for variant, share in zip(variants, shares, strict=True):
        left -= share
        if left < 0:
            return variant
    return None


def _share(variant: Mapping[str, Any]) -> float:
    share = variant.get("share", 0.0)
    return max(float(share), 0.0) if isinstance(share, int | float) else 0.0
