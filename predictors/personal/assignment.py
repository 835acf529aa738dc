"""Assigns accounts to variants of a published configuration, the same one while the version is published."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any


def bucket(account: str, experiment: str) -> float:
    """Returns a number of 0 to 1, uniform over accounts and independent between experiments."""
    return int.from_bytes(sha256(f"{experiment} {account}".encode()).digest()[:8], "big") / 2**64


def assign_variant(
    account: str, experiment: str, version: int, variants: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """Returns the account's variant, drawn in proportion to `share`; None without any share.

    Each version draws anew, so that the effects of an earlier variant are spread evenly over the next version.

    >>> halves = [{"name": "a", "share": 0.5}, {"name": "b", "share": 0.5}]
    >>> [assign_variant(f"{n:024x}", "ranking", 1, halves)["name"] for n in range(6)]
    ['b', 'b', 'b', 'b', 'a', 'a']
    >>> assign_variant("0", "ranking", 1, []) is None
    True
    """
    shares = [_share(variant) for variant in variants]
    left = bucket(account, f"{experiment} {version}") * sum(shares)
    for variant, share in zip(variants, shares, strict=True):
        left -= share
        if left < 0:
            return variant
    return None


def _share(variant: Mapping[str, Any]) -> float:
    share = variant.get("share", 0.0)
    return max(float(share), 0.0) if isinstance(share, int | float) else 0.0
