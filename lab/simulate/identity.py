"""Reproducible object ids: four bytes of creation time, eight bytes of the hashed row number."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from store.ids import ObjectId

from .world import Floats, Ints, World, generator

TABLES = (
    "accounts", "users", "credentials", "contents", "comments", "engagements", "feeditems", "relationships",
)  # fmt: skip


def _mixed(number: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Returns SplitMix64: a bijection, so different rows have different ids."""
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))


def id_bytes(seed: int, table: str, rows: Ints, created_ms: Ints) -> bytes:
    """Returns the ids of rows of a table, 12 bytes each, concatenated."""
    serial = np.uint64(TABLES.index(table) + 1) << np.uint64(40)
    salt = _mixed(np.array([seed + 1], dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    ids = np.empty((len(rows), 12), dtype=np.uint8)
    ids[:, :4] = (created_ms // 1000).astype(">u4").view(np.uint8).reshape(-1, 4)
    mixed = _mixed((serial + rows.astype(np.uint64)) ^ salt)
    ids[:, 4:] = mixed.astype(">u8").view(np.uint8).reshape(-1, 8)
    return ids.tobytes()


def object_ids(seed: int, table: str, rows: Ints, created_ms: Ints) -> list[ObjectId]:
    """Returns the ids of rows of a table as ObjectIds."""
    raw = id_bytes(seed, table, rows, created_ms)
    return [ObjectId(raw[start : start + 12]) for start in range(0, len(raw), 12)]


def hex_ids(seed: int, table: str, rows: Ints, created_ms: Ints) -> list[str]:
    """Returns the ids of rows of a table as 24 hexadecimal digits."""
    digits = id_bytes(seed, table, rows, created_ms).hex()
    return [digits[start : start + 24] for start in range(0, len(digits), 24)]


class Ids(NamedTuple):
    """ObjectIds by row."""

    accounts: list[ObjectId]
    users: list[ObjectId]
    credentials: list[ObjectId]
    contents: list[ObjectId]


def all_ids(world: World) -> Ids:
    """Returns the ids that other documents refer to."""
    tables = (world.accounts, world.users, world.credentials, world.contents)
    names = Ids._fields
    created = [table.created_ms for table in tables]
    seed = world.config.seed
    return Ids(*(object_ids(seed, n, np.arange(len(c)), c) for n, c in zip(names, created, strict=True)))


def dates(milliseconds: Ints) -> list[Any]:
    """Returns naive UTC datetimes.

    >>> dates(np.array([0]))
    [datetime.datetime(1970, 1, 1, 0, 0)]
    """
    return milliseconds.astype("datetime64[ms]").tolist()  # type: ignore[no-any-return]


def random_per_row(world: World, part: int, rows: Ints) -> Floats:
    """Returns one random number per row, independent of the batch; shape (rows,)."""
    rng = generator(world.config, part)
    rng.bit_generator.advance(int(rows[0]))  # type: ignore[attr-defined]
    return rng.random(len(rows))
