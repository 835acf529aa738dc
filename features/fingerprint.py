"""A short digest of the values that the columns have on a small fixed log.

Names alone do not tell when a column's definition changes. A model stores the fingerprint of its columns; loading it
under another fingerprint would feed it numbers that mean something else.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.arrays import Ints
from features.matrix import GUEST_COLUMNS, MEMBER_COLUMNS, Matrix, Rows, build
from features.ranking.history import Contents, Events, History
from features.ranking.indexes import build_index
from features.ranking.member_columns import EFFECT_COLUMNS, effect_columns

COLUMNS_OF: Final[Mapping[str, tuple[str, ...]]] = {  # by the model that is trained on them
    "guest": GUEST_COLUMNS,
    "member": MEMBER_COLUMNS,
    "personal": EFFECT_COLUMNS,
}
_HOUR_MS = 3_600_000
_BEGIN_MS = 1_766_275_200_000  # 2025-12-21T00:00:00Z, the hour 0 of the log
_CONTENTS, _ACCOUNTS, _ACTS, _ROWS = 20, 6, 110, 24


@cache
def fingerprint(columns: tuple[str, ...]) -> str:
    """Returns 16 hexadecimal digits that change with the values, the names or the order of the columns.

    `columns`: EFFECT_COLUMNS, MEMBER_COLUMNS, or some of MEMBER_COLUMNS. Computed once a process.
    """
    return digest(columns, golden_values(columns))


def digest(names: Sequence[str], values: NDArray[Any]) -> str:
    """Returns 16 hexadecimal digits of names and values (rows, names), each value to five significant digits.

    Five digits are the same on every processor and numpy version; a changed definition moves more than the sixth.

    >>> digest(["a"], np.array([[0.1 + 0.2]])) == digest(["a"], np.array([[0.3]]))
    True
    >>> digest(["a"], np.array([[0.3]])) == digest(["a"], np.array([[0.30001]]))
    False
    """
    rows = [[f"{value + 0.0:.4e}" for value in row] for row in values.tolist()]  # + 0.0: no negative zero
    return sha256(repr((list(names), rows)).encode()).hexdigest()[:16]


def golden_values(columns: tuple[str, ...]) -> NDArray[Any]:
    """Returns the columns on the golden log; shape (rows, columns)."""
    matrix = golden_matrix()
    if columns == EFFECT_COLUMNS:
        return effect_columns(matrix.astype(np.float64))  # numpy's float32 logarithm differs between processors
    return matrix[:, [MEMBER_COLUMNS.index(name) for name in columns]]


@cache
def golden_matrix() -> Matrix:
    """Returns MEMBER_COLUMNS on the golden log: members of two countries, one of no known country, and a guest."""
    return build(build_index(_history()), _rows(), MEMBER_COLUMNS)


def _rows() -> Rows:
    """Requests of every account and of guests in the last two days of the log; shape (rows,)."""
    number = np.arange(_ROWS)
    account = number % (_ACCOUNTS + 1) - 1
    return Rows(
        content=(number * 5 + number // 7) % _CONTENTS,
        account=account,
        country=np.append(_countries(), -1)[account],
        time_ms=_time_ms(632.3 + number * 1.7),
    )


def _history() -> History:
    contents, user = _contents(), np.arange(_ACCOUNTS + 1)
    engagements, exposures = _acts(contents)
    return History(
        contents=contents,
        account_id=_ids("a", _ACCOUNTS),
        country=_countries(),
        guest=np.zeros(_ACCOUNTS, dtype=np.bool_),
        user_id=_ids("u", len(user)),
        owner=np.where(user < _ACCOUNTS, user, -1),
        engagements=engagements,
        exposures=exposures,
        follow_time_ms=_time_ms(np.array([100.0, 300.0, 640.0, 668.0])),
        follower=np.array([0, 1, 2, 5]),
        followed=np.array([3, 4, 1, 0]),
        languages=("en", "th"),
        rejected={},
    )


def _acts(contents: Contents) -> tuple[Events, Events]:
    """Engagements and exposures, spread by remainders so that no column is constant."""
    number = np.arange(_ACTS)
    account, content = number * 7 % _ACCOUNTS, (number * number * 5 + number // 9) % _CONTENTS
    created_ms = contents.created_ms[content]
    seen_ms = created_ms + (_time_ms(np.array([672.4])) - created_ms) * (number * 29 % 101 + 1) // 103
    recent = _rows().take(np.arange(0, _ROWS, 3))  # contents that were seen half an hour before their request
    number = np.append(number, np.arange(len(recent.content)) * 3)
    account, content = np.append(account, number[_ACTS:] % _ACCOUNTS), np.append(content, recent.content)
    seen_ms = np.append(seen_ms, recent.time_ms - _HOUR_MS // 2)
    acting = number % 5 < 2
    engagements = _events(seen_ms[acting] + 47_000, account[acting], content[acting], number[acting] % 23 % 5)
    return engagements, _events(seen_ms, account, content, np.zeros_like(number))


def _contents() -> Contents:
    number = np.arange(_CONTENTS)
    tags = number * 3 % 4  # how many each content has
    start = np.concatenate([[0], np.cumsum(tags)])
    place = np.arange(start[-1])
    return Contents(
        id=_ids("c", _CONTENTS),
        created_ms=_time_ms(number * 32.3),
        author=(number * number + 2) % (_ACCOUNTS + 1),
        original_id=np.where(number % 3 == 1, b"c0", b"").astype("S12"),
        original_author_id=np.zeros(_CONTENTS, dtype="S12"),
        post=number,
        original_author=np.full(_CONTENTS, -1),
        photos=number % 4,
        length=number * 37 % 280,
        language=number % 3 - 1,
        tag_start=start,
        tag=(place * 2 + place // 5) % 5,
    )


def _countries() -> Ints:
    return np.array([0, 0, 1, -1, 1, 1])


def _events(time_ms: Ints, account: Ints, content: Ints, kind: Ints) -> Events:
    order = np.lexsort((content, account, time_ms))
    return Events(time_ms[order], account[order], content[order], kind[order])


def _time_ms(hours: NDArray[Any]) -> Ints:
    return np.asarray(_BEGIN_MS + np.rint(hours * _HOUR_MS).astype(np.int64))


def _ids(kind: str, count: int) -> NDArray[np.bytes_]:
    return np.array([f"{kind}{number}" for number in range(count)], dtype="S12")
