"""Small logs of an app as the columns that store reads, from plain lists of acts."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np

from features.matrix import Rows
from features.ranking.history import assemble

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
NOW_MS = 1_768_478_400_000  # 2026-01-15T12:00:00Z
NO_ID = b"\0" * 12


def key(kind, number):
    """A number as an id of twelve bytes; every tenth ends in zero bytes."""
    if number is None:
        return NO_ID
    text = f"{kind}{number:04}".encode()
    return text.ljust(12, b"\0") if number % 10 == 9 else text.rjust(12, b"_")


@dataclass
class Log:
    """Acts in any order, as tuples; times in hours after the beginning."""

    contents: list = field(default_factory=list)  # number, hour, author, language, tags, original, photos, length
    engagements: list = field(default_factory=list)  # hour, account, content, kind
    exposures: list = field(default_factory=list)  # hour, account, content
    follows: list = field(default_factory=list)  # hour, account, user
    countries: list = field(default_factory=list)  # of account 0, 1, 2, …; user n belongs to account n

    def moment(self, hour):
        """Milliseconds since 1970 of an hour."""
        return NOW_MS + round(hour * HOUR_MS)

    def history(self):
        """The log as features know it."""
        numbers, hours, authors, _, _, originals, photos, lengths = _columns(self.contents, 8)
        accounts = list(range(len(self.countries)))
        tables = {
            "contents": {
                "id": ids("c", numbers), "created": self._times(hours), "author": ids("u", authors),
                "original": ids("c", originals), "originalAuthor": ids("u", [None] * len(numbers)),
                "photos": np.array(photos, dtype=np.int32), "length": np.array(lengths, dtype=np.int32),
                "bare": np.array([of is not None and not n for of, n in zip(originals, lengths, strict=True)], "i4"),
            },
            "accounts": {
                "id": ids("a", accounts), "country": np.array(self.countries, dtype=np.int32),
                "guest": np.zeros(len(accounts), dtype=np.int32),
            },
            "users": {"id": ids("u", accounts), "owner": ids("a", accounts)},
            "engagements": self._acts(self.engagements, 4),
            "exposures": self._acts(self.exposures, 3),
            "follows": self._follows(),
        }  # fmt: skip
        labels = {key("c", each[0]): (each[3], each[4]) for each in self.contents}
        return assemble(tables, labels)

    def _times(self, hours):
        return np.array([self.moment(hour) for hour in hours], dtype=np.int64)

    def _acts(self, acts, width):
        hours, accounts, contents, *kinds = _columns(acts, width)
        columns = {"time": self._times(hours), "account": ids("a", accounts), "content": ids("c", contents)}
        if not kinds:
            return columns
        return columns | {"kind": np.array(kinds[0], dtype=np.int32), "user": ids("u", accounts)}

    def _follows(self):
        hours, accounts, users = _columns(self.follows, 3)
        return {"time": self._times(hours), "user": ids("u", accounts), "followed": ids("u", users)}


# One author's contents and the engagements with them; 720 hours before hour 800 is hour 80.
CREATOR_MONTH_HOUR = 800
CREATOR_MONTH = Log(
    countries=[0, 0],
    contents=[(number, hour, 1, "", [], None, 0, 0) for number, hour in enumerate((79, 80, 700))],
    engagements=[
        (79.5, 0, 0, 0), (80, 0, 0, 0), (439, 0, 1, 0), (750, 0, 2, 0),  # likes: three within 720 hours, one within 360
        (79.9, 0, 0, 1), (500, 0, 1, 1),  # comments
        (81, 0, 0, 2),  # a recast
    ],
)  # fmt: skip
CREATOR_MONTH_COLUMNS = {
    "creatorContentCount": 2, "creatorLikedCount": 3, "creatorCommentedCount": 1, "creatorRecastedCount": 1,
    "creatorQuotedCount": 0,
}  # fmt: skip


def ids(kind, numbers):
    """The ids of these numbers, shape (n,), S12."""
    return np.frombuffer(b"".join(key(kind, number) for number in numbers), dtype="S12")


def rows(history, asked, moment_ms):
    """Rows of (account, content) pairs, found by their ids, all at one moment."""
    account_of = {each: row for row, each in enumerate(_split(history.account_id))}
    content_of = {each: row for row, each in enumerate(_split(history.contents.id))}
    account = np.array([account_of[key("a", each)] for each, _ in asked], dtype=np.int64)
    content = np.array([content_of[key("c", each)] for _, each in asked], dtype=np.int64)
    return Rows(content, account, history.country[account], np.full(len(asked), moment_ms))


def random_log(seed, hours=120, accounts=8, contents=30, acts=400):
    """A lively log: everything happens to everybody."""
    draw = np.random.default_rng(seed)
    log = Log(countries=[int(draw.integers(-1, 3)) for _ in range(accounts)])
    for number in range(contents):
        tags = [f"#{tag}" for tag in sorted(set(draw.integers(0, 5, size=draw.integers(0, 4)).tolist()))]
        original = int(draw.integers(0, contents)) if draw.random() < 0.2 else None
        author = int(draw.integers(0, accounts))
        language = ("th", "en", "")[draw.integers(0, 3)]
        shape = (int(draw.integers(0, 4)), int(draw.integers(0, 300)))
        log.contents.append((number, float(draw.uniform(0, hours)), author, language, tags, original, *shape))
    for _ in range(acts):
        account, content = int(draw.integers(0, accounts)), int(draw.integers(0, contents))
        hour = max(float(draw.uniform(0, hours)), log.contents[content][1] + 0.1)
        log.exposures.append((hour, account, content))
        if draw.random() < 0.5:
            log.engagements.append((hour + 0.01, account, content, int(draw.integers(0, 5))))
        if draw.random() < 0.1:
            log.follows.append((hour, account, int(draw.integers(0, accounts))))
    return log


def other_future(log, hour, seed):
    """The log with everything at or after the hour replaced by something else."""
    other = random_log(seed, accounts=len(log.countries) + 3, contents=60)
    kept = SimpleNamespace(
        contents=[each for each in log.contents if each[1] < hour],
        **{
            name: [each for each in getattr(log, name) if each[0] < hour]
            for name in ("engagements", "exposures", "follows")
        },
    )
    numbers = {each[0] for each in kept.contents}
    new = [(each[0] + 100, each[1] + hour, *each[2:4], [*each[4], "#new"], *each[5:]) for each in other.contents]
    known = sorted(numbers) + [each[0] for each in new]

    def later(acts):
        return [(each[0] + hour, each[1], known[each[2] % len(known)], *each[3:]) for each in acts]

    return Log(
        contents=kept.contents + new,
        engagements=kept.engagements + later(other.engagements),
        exposures=kept.exposures + later(other.exposures),
        follows=kept.follows + [(each[0] + hour, *each[1:]) for each in other.follows],
        countries=log.countries + other.countries[len(log.countries) :],
    )


def _columns(acts, width):
    return [list(column) for column in zip(*acts, strict=True)] if acts else [[] for _ in range(width)]


def _split(array):
    raw = array.tobytes()
    return [raw[start : start + 12] for start in range(0, len(raw), 12)]
