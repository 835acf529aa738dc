import subprocess
import sys
import threading
import time

import pytest
from pymongo.errors import AutoReconnect

from store.leases import LeaseHeldError, LeaseLostError, _keep, hold

HOLDER = """
import sys, time
from store.client import connect
from store.leases import hold
with hold(connect(sys.argv[1], sys.argv[2]), "job", seconds=1.0):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def killed_holder(db, uri):
    """A process that took the lease `job` and was killed with SIGKILL."""
    prefix = db.app.name.removesuffix("app-db")
    process = subprocess.Popen([sys.executable, "-c", HOLDER, uri, prefix], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    process.kill()
    process.wait()
    process.stdout.close()


def leases(db):
    return list(db.analytics.leases.find())


def test_a_lease_is_held_by_one_and_given_back(db):
    with hold(db, "job") as lease:
        assert [each["owner"] for each in leases(db)] == [lease.owner]

    assert leases(db) == []


def test_a_second_holder_is_turned_away_while_the_first_lives(db):
    with (
        hold(db, "job", seconds=0.6),
        pytest.raises(LeaseHeldError, match="job is already running"),
        hold(db, "job", seconds=0.6),
    ):
        pass

    assert leases(db) == []


def test_leases_of_other_names_are_free(db):
    with hold(db, "job"), hold(db, "another job"):
        assert len(leases(db)) == 2


def test_a_lease_is_renewed_for_as_long_as_the_work_takes(db):
    with hold(db, "job", seconds=0.6) as lease:
        time.sleep(1.5)

        lease.renew()  # it would raise, had another one been able to take it
        with pytest.raises(LeaseHeldError), hold(db, "job", seconds=0.6):
            pass


def test_the_lease_of_a_killed_run_is_taken_over_after_its_time(db, killed_holder):
    (left,) = leases(db)

    with hold(db, "job", seconds=1.0) as lease:
        (taken,) = leases(db)

    assert taken["owner"] == lease.owner != left["owner"]
    assert taken["expiresAt"] > left["expiresAt"]


def test_a_lost_lease_is_noticed_at_the_next_renewal_and_left_to_its_new_holder(db):
    with hold(db, "job") as lease:
        db.analytics.leases.update_one({"_id": "job"}, {"$set": {"owner": "another"}})
        with pytest.raises(LeaseLostError, match="job"):
            lease.renew()

    assert [each["owner"] for each in leases(db)] == ["another"]


def test_failing_work_gives_the_lease_back(db):
    with pytest.raises(ZeroDivisionError), hold(db, "job"):
        1 / 0  # noqa: B018

    assert leases(db) == []


def test_a_lease_lasts_fifteen_seconds_from_its_renewal(db):
    with hold(db, "job") as lease:
        db.analytics.leases.update_one({"_id": "job"}, [{"$set": {"expiresAt": "$$NOW"}}])
        lease.renew()

        (left,) = db.analytics.leases.aggregate([{"$project": {"ms": {"$subtract": ["$expiresAt", "$$NOW"]}}}])

    assert 14_000 < left["ms"] <= 15_000


def test_a_lease_is_renewed_three_times_within_its_time(db):
    with hold(db, "job", seconds=1.5):
        (begun,) = leases(db)
        time.sleep(0.8)  # after the first renewal at 0.5 s
        (renewed,) = leases(db)

    assert renewed["expiresAt"] > begun["expiresAt"]


class Unreachable:
    """A lease whose first renewal does not reach the server."""

    seconds = 0.03

    def __init__(self, failure, stop):
        self.failure, self.stop, self.renewals = failure, stop, 0

    def renew(self):
        self.renewals += 1
        if self.renewals == 2:
            self.stop.set()
        raise self.failure


def test_a_renewal_that_does_not_reach_the_server_is_tried_again():
    stop = threading.Event()
    lease = Unreachable(AutoReconnect("connection closed"), stop)

    _keep(lease, stop)

    assert lease.renewals == 2


def test_a_lost_lease_is_not_renewed_again():
    stop = threading.Event()
    lease = Unreachable(LeaseLostError("job"), stop)

    _keep(lease, stop)

    assert lease.renewals == 1
    assert not stop.is_set()


def test_the_renewal_of_a_lease_that_is_gone_fails(db):
    with hold(db, "job") as lease:
        db.analytics.leases.delete_one({"_id": "job"})

        with pytest.raises(LeaseLostError, match="the lease of job was lost"):
            lease.renew()

    assert leases(db) == []
