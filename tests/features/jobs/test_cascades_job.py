"""cascadeStats on a real database: inference of parents, rules, and which trees are written again."""

from datetime import UTC, datetime, timedelta

import pytest
from bson import DBRef

from features.jobs.cascade_lookup import find_tree
from features.jobs.cascades import Config, update_cascades
from handlers.features import cascade, cascade_stats
from store.client import Databases
from store.ids import ObjectId

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=2)
DESIGN = Config(policy="earliest")


class App:
    """A small app: posts and reshares by minute, follows by name."""

    def __init__(self, db: Databases) -> None:
        self.db, self.users = db, {}

    def user(self, name: str) -> ObjectId:
        if name not in self.users:
            user = {"_id": ObjectId(), "ownerAccount": ObjectId(), "visibility": "publish", "followerCount": 10}
            self.db.app.users.insert_one(user)
            self.users[name] = user
        return self.users[name]["_id"]

    def post(self, author: str, minutes: float = 0.0, of: ObjectId | None = None, **fields) -> ObjectId:
        post = {
            "_id": ObjectId(),
            "author": {"id": self.user(author)},
            "visibility": "publish",
            "createdAt": START + timedelta(minutes=minutes),
        }
        original = {"isRecast": True, "originalPost": {"_id": of}} if of else {}
        self.db.app.contents.insert_one(post | original | fields)
        return post["_id"]

    def follow(self, *pairs: tuple[str, str], minutes: float = -60.0) -> None:
        since = START + timedelta(minutes=minutes)
        rows = [
            {"user": self.user(a), "followedUser": self.user(b), "following": True, "createdAt": since}
            for a, b in pairs
        ]
        self.db.app.relationships.insert_many(rows)

    def see(self, viewer: str, content: ObjectId, minutes: float) -> None:
        self.user(viewer)
        item = {"viewer": self.users[viewer]["ownerAccount"], "content": content}
        self.db.app.feeditems.insert_one(item | {"seenAt": START + timedelta(minutes=minutes)})


@pytest.fixture
def app(db: Databases) -> App:
    return App(db)


def nodes(db: Databases, root: ObjectId) -> dict[ObjectId, dict]:
    return {node["id"]: node for node in db.analytics.cascades.find_one({"_id": root})["nodes"]}


def documents(db: Databases) -> list[dict]:
    return list(db.analytics.cascades.find(sort=[("_id", 1)]))


def six_nodes(app: App) -> list[ObjectId]:
    """The example of the design: root → {rt1, rt2}, rt1 → {rt3, rt4}, rt2 → {rt5}."""
    root = app.post("root")
    reshares = [app.post(f"rt{at}", minutes=at, of=root) for at in range(1, 6)]
    app.follow(("rt1", "root"), ("rt2", "root"), ("rt3", "rt1"), ("rt4", "rt1"), ("rt5", "rt2"), ("rt4", "rt3"))
    return [root, *reshares]


def test_the_example_of_the_design_is_reconstructed_with_its_ranks(app: App):
    root, *reshares = six_nodes(app)

    update_cascades(app.db, NOW, DESIGN)

    tree = app.db.analytics.cascades.find_one({"_id": root})
    assert [node["rank"] for node in tree["nodes"]] == [3.5, 2.0, 1.0, 0.0, 0.0, 0.0]
    assert [node["parent"] for node in tree["nodes"]] == [None, root, root, reshares[0], reshares[0], reshares[1]]
    assert [node["level"] for node in tree["nodes"]] == [0, 1, 1, 2, 2, 2]
    assert (tree["size"], tree["depth"], tree["breadth"]) == (6, 2, [1, 2, 3])


def test_a_reshare_without_candidates_is_unattributed_under_the_root(app: App):
    root = app.post("a")
    stranger = app.post("b", minutes=5, of=root)

    update_cascades(app.db, NOW)

    assert nodes(app.db, root)[stranger]["parent"] == root
    assert nodes(app.db, root)[stranger]["method"] == "unattributed"


def test_the_declared_copy_is_preferred_to_the_last_impression_and_that_to_follows(app: App):
    root = app.post("a")
    first, second = app.post("b", minutes=1, of=root), app.post("c", minutes=2, of=root)
    declared, viewed, follower = (
        app.post(name, minutes=9, of=of) for name, of in (("d", second), ("e", root), ("f", root))
    )
    for name in ("d", "e", "f"):
        app.follow((name, "b"))
    for name in ("d", "e"):
        app.see(name, first, minutes=3)
        app.see(name, second, minutes=4)
        app.see(name, first, minutes=20)

    update_cascades(app.db, NOW)

    tree_nodes = nodes(app.db, root)
    assert (tree_nodes[declared]["parent"], tree_nodes[declared]["method"]) == (second, "explicit")
    assert (tree_nodes[viewed]["parent"], tree_nodes[viewed]["method"]) == (second, "impression")
    assert (tree_nodes[follower]["parent"], tree_nodes[follower]["method"]) == (first, "follow")
    assert tree_nodes[follower]["candidates"][0]["id"] == first


def test_the_engagement_that_created_the_reshare_declares_its_parent(app: App):
    root = app.post("a")
    first = app.post("b", minutes=1, of=root)
    second = app.post("c", minutes=2, of=root)
    target = {"targetRef": {"$ref": "content", "$id": first}, "type": "recast", "itemId": second}
    app.db.app.engagements.insert_one(target | {"createdAt": START + timedelta(minutes=2)})

    update_cascades(app.db, NOW)

    assert nodes(app.db, root)[second]["parent"] == first


def test_equal_times_are_ordered_by_id(app: App):
    root = app.post("a")
    twins = sorted(app.post(name, minutes=5, of=root) for name in "bc")
    app.follow(("b", "c"), ("c", "b"))

    update_cascades(app.db, NOW)

    tree_nodes = nodes(app.db, root)
    assert tree_nodes[twins[0]]["parent"] == root
    assert tree_nodes[twins[1]]["parent"] == twins[0]


def test_a_reshare_before_its_root_stays_and_its_delay_is_none(app: App):
    root = app.post("a", minutes=10)
    early = app.post("b", minutes=5, of=root)

    update_cascades(app.db, NOW)

    assert nodes(app.db, root)[early]["parent"] == root


def test_a_cycle_of_reshares_is_cut_at_its_earliest_member(app: App):
    one, two = ObjectId(), ObjectId()
    app.post("a", minutes=1, of=two, _id=one)
    app.post("b", minutes=2, of=one, _id=two)

    update_cascades(app.db, NOW)

    assert [tree["_id"] for tree in documents(app.db)] == [one]
    assert nodes(app.db, one)[two]["parent"] == one


def test_children_of_a_deleted_reshare_move_to_the_copy_above(app: App):
    root = app.post("a")
    published = app.post("b", minutes=1, of=root)
    gone = app.post("c", minutes=2, of=published, visibility="deleted")
    last = app.post("d", minutes=3, of=gone)

    update_cascades(app.db, NOW)

    assert gone not in nodes(app.db, root)
    assert nodes(app.db, root)[last]["parent"] == published


@pytest.mark.parametrize("gone", ["deleted", "never there"])
def test_reshares_of_a_lost_root_keep_their_tree_and_say_so(app: App, gone: str):
    root = app.post("a", visibility="deleted") if gone == "deleted" else ObjectId()
    app.post("b", minutes=1, of=root)

    update_cascades(app.db, NOW)

    tree = app.db.analytics.cascades.find_one({"_id": root})
    assert tree["rootGone"]
    assert tree["size"] == 2


def test_a_reshare_by_a_private_author_is_not_in_the_tree(app: App):
    root = app.post("a")
    hidden = app.post("b", minutes=1, of=root)
    behind = app.post("c", minutes=2, of=hidden)
    app.db.app.users.update_one({"_id": app.user("b")}, {"$set": {"visibility": "private"}})

    update_cascades(app.db, NOW)

    assert set(nodes(app.db, root)) == {root, behind}
    assert nodes(app.db, root)[behind]["parent"] == root


def test_a_root_whose_author_becomes_private_is_gone_and_not_named_at_the_next_run(app: App):
    root = app.post("a")
    app.post("b", minutes=1, of=root)
    update_cascades(app.db, NOW)
    app.db.app.users.update_one({"_id": app.user("a")}, {"$set": {"visibility": "private"}})

    answer = find_tree(app.db, str(root), NOW)
    update_cascades(app.db, NOW)

    tree = app.db.analytics.cascades.find_one({"_id": root})
    assert (answer["rootGone"], answer["authorId"], answer["nodes"][0]["user"]) == (True, None, None)
    assert (tree["rootGone"], tree["authorId"], tree["nodes"][0]["user"]) == (True, None, None)


def test_the_same_user_twice_is_two_nodes_and_never_its_own_parent(app: App):
    root = app.post("a")
    app.post("b", minutes=1, of=root)
    again = app.post("b", minutes=2, of=root)
    app.follow(("b", "b"))

    update_cascades(app.db, NOW)

    assert app.db.analytics.cascades.find_one({"_id": root})["size"] == 3
    assert nodes(app.db, root)[again]["parent"] == root


def test_a_counter_above_the_reshares_marks_the_tree_as_truncated(app: App):
    root = app.post("a", engagements={"recast": {"count": 7}, "quote": {"count": "many"}})
    app.post("b", minutes=1, of=root)

    update_cascades(app.db, START + timedelta(minutes=1))

    assert app.db.analytics.cascades.find_one({"_id": root})["truncated"]


def test_events_after_the_clock_are_ignored(app: App):
    root = app.post("a")
    app.post("b", minutes=1, of=root)
    app.post("c", minutes=100, of=root)

    update_cascades(app.db, START + timedelta(minutes=50))

    assert app.db.analytics.cascades.find_one({"_id": root})["size"] == 2


def test_hour_by_hour_equals_one_full_run_and_only_changed_trees_are_written(app: App):
    roots = [app.post(f"author {at}", minutes=at) for at in range(4)]
    for at in range(24):
        app.post(f"user {at % 7}", minutes=30 + 40 * at, of=roots[at % 3])
        app.follow((f"user {at % 7}", f"user {(at + 1) % 7}"), (f"user {at % 7}", f"author {at % 4}"))

    rebuilt = [update_cascades(app.db, START + timedelta(hours=hour))["rebuilt"] for hour in range(1, 49)]
    by_hour = documents(app.db)
    app.db.analytics.cascades.drop()
    update_cascades(app.db, NOW)

    assert documents(app.db) == by_hour
    assert sum(rebuilt[20:]) <= 3 * 3  # after the last reshare only as the ages double
    assert update_cascades(app.db, NOW)["rebuilt"] == 0


def test_a_tree_does_not_depend_on_the_others_of_its_batch(app: App):
    one_choice, several = app.post("root"), app.post("root")
    app.post("b", minutes=1_500, of=one_choice)
    app.post("a", minutes=3, of=several)
    app.post("b", minutes=6, of=several)
    app.follow(("a", "root"), ("b", "root"), ("b", "a"))
    liked = {"user": app.user("b"), "type": "like", "targetRef": DBRef("content", app.post("root", minutes=-9))}
    app.db.app.engagements.insert_one(liked | {"createdAt": START - timedelta(minutes=1)})

    update_cascades(app.db, NOW)
    together = documents(app.db)
    app.db.analytics.cascades.delete_many({})
    update_cascades(app.db, NOW, Config(batch_nodes=1))

    assert documents(app.db) == together
    assert together[0]["nodes"][1]["confidence"] < 1


def test_an_earlier_clock_removes_later_trees(app: App):
    root = app.post("a")
    app.post("b", minutes=1, of=root)
    late = app.post("c", minutes=600)
    app.post("d", minutes=601, of=late)
    update_cascades(app.db, NOW)

    counts = update_cascades(app.db, START + timedelta(hours=1))

    assert counts["left"] == 1
    assert [tree["_id"] for tree in documents(app.db)] == [root]


def test_the_service_returns_the_tree_of_any_of_its_posts(app: App):
    root, first, *_ = six_nodes(app)
    alone = app.post("z")
    cascade_stats({"time": NOW.isoformat()})

    assert cascade({"contentId": str(first)})["contentId"] == str(root)
    assert cascade({"contentId": str(alone)})["size"] == 1
    with pytest.raises(ValueError, match="contentId"):
        cascade({"contentId": str(ObjectId())})
    with pytest.raises(ValueError, match="contentId"):
        cascade({})


def test_dates_before_1970_are_rejected(app: App):
    root = app.post("root", createdAt=datetime(1, 1, 1, tzinfo=UTC))
    app.post("one", 5, of=root)
    app.post("two", 6, of=root, createdAt=datetime(1, 1, 2, tzinfo=UTC))

    counts = update_cascades(app.db, NOW)

    assert (counts["trees"], counts["reshares"], counts["rejected"]) == (1, 1, {"originalPost": 1})
