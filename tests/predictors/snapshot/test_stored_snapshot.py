"""The stored form of a snapshot, which other releases read and write."""

from io import BytesIO

import numpy as np

from features.ranking.history import Contents, Events, History
from features.ranking.indexes import build_index
from predictors.snapshot.snapshot import from_bytes, take, to_bytes
from tests.golden.logs import Log

EARLIER_CONTENTS = {  # releases before posts refuse more arrays
    f"contents/{name}"
    for name in (
        "id", "created_ms", "author", "original_id", "original_author_id", "photos", "length", "language", "tag_start",
        "tag",
    )
}  # fmt: skip
NONE, NO_IDS = np.zeros(0, dtype=np.int64), np.zeros(0, dtype="S12")


def empty_snapshot():
    contents = Contents(NO_IDS, NONE, NONE, NO_IDS, NO_IDS, NONE, NONE, NONE, NONE, NONE, np.zeros(1, np.int64), NONE)
    events = Events(NONE, NONE, NONE, NONE)
    history = History(
        contents=contents,
        account_id=NO_IDS,
        country=NONE,
        guest=np.zeros(0, np.bool_),
        user_id=NO_IDS,
        owner=NONE,
        engagements=events,
        exposures=events,
        follow_time_ms=NONE,
        follower=NONE,
        followed=NONE,
        languages=[],
        rejected={},
    )
    return take(build_index(history), 0, 1)


def test_array_names_are_those_of_earlier_releases():
    with np.load(BytesIO(to_bytes(empty_snapshot()))) as file:
        names = set(file.files)

    lists = {f"shelves/{name}/{part}" for name in ("by_author", "by_country", "by_tag") for part in ("start", "row")}
    counts = {f"engaged/{part}" for part in ("events", "total", "windows", "counts", "since")}
    assert names >= lists | counts | {"shelves/heat", "shelves/new_authors", "choices/weight", "content/viewed/width"}


def test_an_empty_snapshot_survives_its_bytes():
    payload = to_bytes(empty_snapshot())

    assert to_bytes(from_bytes(payload)) == payload


def test_a_snapshot_of_an_earlier_release_is_read_and_its_reshares_without_a_text_are_bare():
    log = Log(countries=[0, 0], contents=[(0, 0, 0, "", [], None, 0, 9), (1, 1, 1, "", [], 0, 0, 0)])
    log.contents.append((2, 2, 1, "", [], 0, 0, 5))  # a quote
    payload = to_bytes(take(build_index(log.history()), log.moment(0), log.moment(9)))
    with np.load(BytesIO(payload)) as file:
        earlier = {name: file[name] for name in file.files if not name.startswith("posts/")}
    old = BytesIO()
    np.savez(old, **earlier)

    contents = from_bytes(old.getvalue()).contents

    assert contents.post.tolist() == from_bytes(payload).contents.post.tolist() == [0, 0, 2]
    assert contents.original_author.tolist() == from_bytes(payload).contents.original_author.tolist() == [-1, 0, 0]
    assert {name for name in earlier if name.startswith("contents/")} == EARLIER_CONTENTS
