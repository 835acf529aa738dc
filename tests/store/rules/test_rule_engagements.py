"""The rule for engagements, on the real server."""

from typing import Any

import pytest
from bson import DBRef, ObjectId

from store.client import Databases
from store.rules.engagements import counted, is_withdrawn, sums_by_type, type_code

POST = ObjectId()
ACTS: dict[str, dict[str, Any]] = {
    "like": {"type": "like", "targetRef": DBRef("content", POST), "visibility": "publish"},
    "without visibility": {"type": "quote", "targetRef": DBRef("content", POST)},
    "hidden": {"type": "comment", "targetRef": DBRef("content", POST), "visibility": "hidden"},
    "withdrawn": {"type": "like", "targetRef": DBRef("content", POST), "visibility": "deleted"},
    "on a comment": {"type": "like", "targetRef": DBRef("comment", POST), "visibility": "publish"},
    "report": {"type": "report", "targetRef": DBRef("content", POST), "visibility": "publish"},
    "seen": {"type": "seen", "targetRef": DBRef("content", POST), "visibility": "publish"},
    "without target": {"type": "like", "visibility": "publish"},
}


@pytest.fixture
def acts(db: Databases) -> Any:
    db.app.engagements.insert_many({"_id": name, **act} for name, act in ACTS.items())
    return db.app.engagements


def test_only_acts_of_four_types_on_posts_that_were_not_withdrawn_count(acts: Any) -> None:
    assert {act["_id"] for act in acts.find(counted())} == {"like", "without visibility", "hidden"}


def test_other_types_follow_the_same_rule(acts: Any) -> None:
    assert {act["_id"] for act in acts.find(counted(("like", "report")))} == {"like", "report"}


def test_one_act_is_withdrawn() -> None:
    assert [name for name, act in ACTS.items() if is_withdrawn(act)] == ["withdrawn"]


def test_codes_are_positions_and_a_report_is_the_fifth(acts: Any) -> None:
    codes = {act["_id"]: act["code"] for act in acts.aggregate([{"$project": {"code": type_code()}}])}

    assert (codes["like"], codes["hidden"], codes["without visibility"], codes["report"]) == (0, 1, 3, 4)
    assert codes["seen"] == -1


def test_sums_count_each_type_by_itself(acts: Any) -> None:
    (sums,) = acts.aggregate([{"$match": counted()}, {"$group": {"_id": "$targetRef.$id", **sums_by_type()}}])

    assert sums == {"_id": POST, "likeCount": 1, "commentCount": 1, "recastCount": 0, "quoteCount": 1}
