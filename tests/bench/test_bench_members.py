"""How many member effects a core trains in a second, from the stored shard to the stored artifacts."""

import resource
import sys
import time
from datetime import UTC, datetime

import numpy as np
import pytest
import xgboost

from features.arrays import pack_arrays
from features.ranking.member_columns import EFFECT_COLUMNS
from store.outputs import training_shards
from trainers.jobs.members import train_shard
from trainers.member_effects import MemberRows, fit_member_effects

pytestmark = pytest.mark.bench

NOW = datetime(2026, 1, 15, tzinfo=UTC)
MEMBERS, ROWS = 500, 50  # of a shard; rows a member on the average
FLOOR = {"objective": "binary:logistic", "max_depth": 2, "tree_method": "exact", "nthread": 1}


def random_rows(seed, members=MEMBERS):
    draw = np.random.default_rng(seed)
    count = np.maximum(draw.poisson(ROWS, members), 1)
    account = np.repeat(np.arange(members), count)
    columns = np.column_stack([np.ones(len(account)), draw.normal(size=(len(account), len(EFFECT_COLUMNS) - 1))])
    engaged, margin = draw.random(len(account)) < 0.1, draw.normal(-2, 1, len(account))
    return MemberRows(account, np.arange(len(account)) // 10, columns, engaged, np.ones(len(account)), margin)


def stored(db, number):
    """Stores a shard of its own members; returns its name."""
    first = 1 + number * MEMBERS
    ids = b"".join(each.to_bytes(12, "big") for each in range(first, first + MEMBERS))
    described = {"penalty": 10.0, "open": [True] * 5, "members": 1, "trainedAt": NOW}
    arrays = {"ids": np.frombuffer(ids, "S12"), "engagements": np.full(MEMBERS, 9)}
    training_shards.put(db, f"{number}", pack_arrays(vars(random_rows(number)) | arrays), described)
    return f"{number}"


def rate(work, several, name):
    """Members a second of this process's processor: that of the best piece, for others' work slows the rest."""
    rates, started, members = [], time.perf_counter(), 0
    for each in several:
        used = time.process_time()
        done = work(each)
        rates.append(done / (time.process_time() - used))
        members += done
    clock = members / (time.perf_counter() - started)
    core = f"{np.median(rates):,.0f} members a second of a core (best {max(rates):,.0f})"
    sys.stdout.write(f"\n{name}: {core}, {clock:,.0f} by the clock\n")
    return max(rates)


def boosters(rows):
    """One native booster a member, each by itself, serialised."""
    start = np.flatnonzero(np.diff(rows.account, prepend=-1))
    matrix = rows.columns.astype(np.float32)
    for mine in np.split(np.arange(len(rows.account)), start[1:]):
        data = xgboost.DMatrix(matrix[mine], rows.engaged[mine], base_margin=rows.margin[mine], nthread=1)
        xgboost.train(FLOOR, data, 8).save_raw("ubj")
    return len(start)


def test_five_thousand_member_effects_a_second_from_stored_rows_to_stored_artifacts(db):
    train_shard(db, NOW, stored(db, 0))
    several = [stored(db, number) for number in range(1, 9)]
    boosters(random_rows(9, 2))

    whole = rate(lambda name: train_shard(db, NOW, name)["ownModel"], several, "read, fitted, written")
    fitted = rate(
        lambda rows: len(fit_member_effects(rows, 10.0)[0]), [random_rows(number) for number in range(8)], "fitted"
    )
    floor = rate(boosters, [random_rows(9, 200), random_rows(10, 200)], "one booster at a time")

    assert db.analytics.mlArtifacts.count_documents({"format": "npy"}) == 9 * MEMBERS
    assert min(whole, fitted) >= 5_000
    assert whole > 4 * floor


def test_memory_is_bounded_by_the_shard(db):
    train_shard(db, NOW, stored(db, 0))
    before = peak_mb()

    for number in range(1, 21):
        train_shard(db, NOW, stored(db, number))

    grown = peak_mb() - before
    sys.stdout.write(f"\n20 shards after the first: {grown:.0f} MB more\n")
    assert grown < 60


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
