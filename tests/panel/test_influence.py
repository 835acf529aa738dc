from datetime import UTC, datetime, timedelta
from re import findall, search

import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from panel.app import application
from panel.auth import Access, parse_tokens
from panel.views import trees
from store.outputs import categories

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
SCRIPT = "<script>alert(1)</script>"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;"
TOKEN = "abcdefghijklmnopqrstuvwx"


@pytest.fixture
def panel(db):
    with TestClient(application(db, Access(is_open=True), lambda: NOW), base_url="http://localhost") as client:
        yield client


@pytest.fixture
def pets(db):
    categories.create(db, "pets", "Pets", ["cat", "dog"])


def hidden_field(client, name, address="/influence"):
    return search(rf'name="{name}" value="([^"]*)"', client.get(address).text)[1]


def post(client, address, **fields):
    return client.post(address, data={"csrf": hidden_field(client, "csrf")} | fields)


def version(client):
    return hidden_field(client, "version", "/influence/categories/pets")


def stored(db, slug="pets"):
    return db.analytics.categories.find_one({"slug": slug}, {"_id": 0})


def chain(size, minutes=10.0):
    """Returns a tree in which each post reshares the previous one."""
    ids = [ObjectId() for _ in range(size)]
    return [
        {
            "id": ids[at],
            "user": ObjectId(),
            "parent": ids[at - 1] if at else None,
            "level": at,
            "time": NOW - timedelta(days=2) + timedelta(minutes=minutes * at),
            "rank": float(size - 1 - at),
            "method": "explicit" if at else "root",
            "confidence": 1.0,
            "candidates": [],
        }
        for at in range(size)
    ]


def star(size):
    """Returns a tree in which all posts reshare the first one."""
    nodes = chain(size)
    root = nodes[0]["id"]
    return [node | {"parent": root if node["level"] else None, "level": min(node["level"], 1)} for node in nodes]


def write_tree(db, nodes, text="a post"):
    root = nodes[0]
    db.app.contents.insert_one(
        {"_id": root["id"], "author": {"id": root["user"]}, "payload": {"message": text}, "visibility": "publish"}
    )
    tree = {
        "_id": root["id"], "contentId": root["id"], "authorId": root["user"], "nodes": nodes, "size": len(nodes),
        "depth": nodes[-1]["level"], "breadth": [1] * (nodes[-1]["level"] + 1), "structuralVirality": 2.0,
        "rootGone": False, "truncated": False, "forecast": {"size": 12.0, "interval": [9.0, 20.0], "coverage": 0.8},
        "members": "", "policy": "", "createdAt": root["time"], "lastReshareAt": nodes[-1]["time"], "asOf": NOW,
    }  # fmt: skip
    db.analytics.cascades.insert_one(tree)
    return root["id"]


def write_karma(db, category, karma, name="Ann"):
    user = db.app.users.insert_one({"displayName": name, "displayId": name}).inserted_id
    post = db.app.contents.insert_one({"payload": {"message": f"of {name}"}, "author": {"id": user}}).inserted_id
    why = {"posts": 3, "followers": 20.0, "expectedWeek": {"like": 2.0}, "suspicion": 0.0}
    why["topPosts"] = [{"content": post, "engagements": 4}]
    figures = {"interval": [0.0, 2 * karma], "confidence": 0.4, "influence": {"score": 7}, "why": why}
    db.analytics.karma.insert_one(
        {"_id": f"{user}:{category}", "userId": user, "category": category, "karma": karma} | figures
    )


def test_a_new_category_is_logged_and_its_hashtags_are_normalised(db, panel):
    answer = post(panel, "/influence/categories", name="Street food", hashtags="#Tacos  pho,\nTACOS")

    assert answer.url.path == "/influence/categories/street-food"
    assert stored(db, "street-food") == {"slug": "street-food", "name": "Street food", "hashtags": ["tacos", "pho"]}
    (entry,) = db.analytics.audit.find()
    assert (entry["what"], entry["subject"], entry["before"]) == ("category", "street-food", None)
    assert entry["after"] == {"name": "Street food", "hashtags": ["tacos", "pho"]}


@pytest.mark.usefixtures("pets")
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "Pets", "hashtags": "x"}, "The category pets exists already."),
        ({"name": "ขนม", "hashtags": "ขนม"}, "slug"),
        ({"name": "Global", "hashtags": "x"}, "slug"),
        ({"name": "A", "slug": "../x", "hashtags": "x"}, "slug"),
        ({"name": "", "slug": "a", "hashtags": "x"}, "name"),
    ],
)
def test_an_invalid_category_is_refused_and_the_input_stays_in_the_form(db, panel, fields, message):
    answer = post(panel, "/influence/categories", **fields)

    assert answer.status_code == 400
    assert message in answer.text
    assert f'value="{fields["name"]}"' in answer.text
    assert db.analytics.categories.count_documents({}) == 1
    assert db.analytics.audit.count_documents({}) == 0


@pytest.mark.usefixtures("pets")
def test_an_operator_changes_name_and_hashtags_of_a_category(db, panel):
    post(panel, "/influence/categories/pets/change", name="Animals", hashtags="cat bird", version=version(panel))

    assert stored(db) == {"slug": "pets", "name": "Animals", "hashtags": ["cat", "bird"]}
    (entry,) = db.analytics.audit.find()
    assert (entry["before"]["hashtags"], entry["after"]["hashtags"]) == (["cat", "dog"], ["cat", "bird"])


@pytest.mark.usefixtures("pets")
def test_an_edit_does_not_overwrite_a_concurrent_one(db, panel):
    loaded = version(panel)
    db.analytics.categories.update_one({"slug": "pets"}, {"$push": {"hashtags": "bird"}})

    answer = post(panel, "/influence/categories/pets/change", name="Mine", hashtags="fish", version=loaded)

    assert answer.status_code == 400
    assert "changed in the meantime" in answer.text
    assert "fish" in answer.text
    assert stored(db)["hashtags"] == ["cat", "dog", "bird"]


@pytest.mark.usefixtures("pets")
def test_the_log_keeps_the_hashtags_of_a_removed_category(db, panel):
    post(panel, "/influence/categories/pets/remove")

    assert stored(db) is None
    assert db.analytics.audit.find_one()["before"] == {"name": "Pets", "hashtags": ["cat", "dog"]}


@pytest.mark.usefixtures("pets")
@pytest.mark.parametrize("address", ["", "/pets/change", "/pets/remove"])
def test_only_operators_change_categories(db, address):
    access = Access(parse_tokens(f"mia:moderator:{TOKEN}"))
    with TestClient(application(db, access, lambda: NOW), base_url="https://panel.example") as client:
        client.post("/sign-in", data={"token": TOKEN, "csrf": hidden_field(client, "csrf", "/sign-in")})
        fields = {"csrf": hidden_field(client, "csrf"), "name": "X", "slug": "x", "hashtags": "x"}

        answer = client.post(f"/influence/categories{address}", data=fields)

    assert answer.status_code == 403
    assert stored(db)["name"] == "Pets"
    assert db.analytics.categories.count_documents({}) == 1


@pytest.mark.usefixtures("pets")
def test_removing_a_category_requires_the_csrf_token(db, panel):
    assert panel.post("/influence/categories/pets/remove").status_code == 403
    assert stored(db) is not None


@pytest.mark.usefixtures("pets")
def test_leaders_are_sorted_by_karma_and_show_interval_and_reasons(db, panel):
    for name, karma in (("Ann", 2.0), ("Bob", 30.0), ("Cyd", 9.0)):
        write_karma(db, "pets", karma, name)

    text = panel.get("/influence/categories/pets").text

    assert findall(r'<strong class="wrap" dir="auto">(\w+)<', text) == ["Bob", "Cyd", "Ann"]
    assert "0.0 to 60.0" in text
    assert "3 posts here, 20 followers; 40 % of the estimate comes from these posts" in text
    assert "of Bob" in text
    assert findall(r'leader-name" dir="auto">(\w+)<', panel.get("/influence").text) == ["Bob", "Cyd", "Ann"]


def test_scripts_in_names_texts_and_hashtags_are_escaped(db, panel):
    categories.create(db, "pets", SCRIPT, [SCRIPT])
    write_karma(db, "pets", 1.0, SCRIPT)
    nodes = chain(3)
    db.app.users.insert_one({"_id": nodes[1]["user"], "displayId": SCRIPT})
    key = write_tree(db, nodes, SCRIPT)

    pages = [
        panel.get(path).text
        for path in ("/influence", "/influence/categories/pets", "/influence/trees", f"/influence/trees/{key}")
    ]

    assert all(SCRIPT not in page and ESCAPED in page for page in pages)


def test_a_tree_is_found_by_any_of_its_posts(db, panel):
    nodes = chain(4)
    write_tree(db, nodes)

    answer = panel.get("/influence/trees", params={"content": str(nodes[2]["id"])})

    assert answer.url.path == f"/influence/trees/{nodes[2]['id']}"
    assert answer.text.count('class="node') == 4
    assert answer.text.count('class="edge') == 3


def test_a_tree_of_five_thousand_posts_is_drawn_as_a_sample(db, panel):
    key = write_tree(db, star(5_000))

    text = panel.get(f"/influence/trees/{key}").text

    assert text.count("<circle") == trees.MOST
    assert f"{trees.MOST:,} of 5,000 posts are drawn" in text


def test_a_post_without_reshares_has_a_message_and_unknown_posts_are_refused(db, panel):
    alone = db.app.contents.insert_one({"payload": {"message": "hello"}, "visibility": "publish"}).inserted_id

    assert "This post has no reshares" in panel.get(f"/influence/trees/{alone}").text
    assert panel.get(f"/influence/trees/{ObjectId()}").status_code == 404
    assert panel.get("/influence/trees/xyz").status_code == 400
    assert panel.get("/influence/categories/none").status_code == 404


@pytest.mark.parametrize("address", ["/influence", "/influence/categories/global", "/influence/trees"])
def test_empty_pages_show_a_message(panel, address):
    answer = panel.get(address)

    assert answer.status_code == 200
    assert 'class="empty"' in answer.text


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60), st.integers(1, 40))
def test_the_drawing_is_a_tree_within_bounds_and_sorted_by_time(draws, most):
    nodes = chain(len(draws) + 1)
    for at, draw in enumerate(draws, 1):
        nodes[at]["parent"] = nodes[draw % at]["id"]
        nodes[at]["rank"] = float(draw % 7)
    nodes[0]["rank"] = 100.0

    sample = trees.sample_nodes(nodes, most)
    drawing = trees.draw(nodes, sample, {})

    ids = {str(nodes[at]["id"]) for at in sample}
    assert len(sample) == min(most, len(nodes))
    assert all(at == 0 or str(nodes[at]["parent"]) in ids for at in sample)
    assert [node["x"] for node in drawing["nodes"]] == sorted(node["x"] for node in drawing["nodes"])
    assert all(0 <= node["x"] <= drawing["width"] and 0 <= node["y"] <= drawing["height"] for node in drawing["nodes"])
    assert drawing["left_out"] == len(nodes) - len(sample)
