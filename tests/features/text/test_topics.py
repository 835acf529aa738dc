"""Topics: labelled posts, abstention, the taxonomy itself."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.text.cleaning import clean
from features.text.embeddings import embed
from features.text.topics import classify, taxonomy

LABELS = Path(__file__).parent / "labels" / "topics.jsonl"


def test_every_topic_has_a_root_and_examples() -> None:
    roots = {topic.path[0] for topic in taxonomy() if len(topic.path) == 1}

    assert len(roots) >= 12
    assert all(topic.path[0] in roots and topic.examples for topic in taxonomy())
    assert len({topic.path for topic in taxonomy()}) == len(taxonomy())


@pytest.mark.parametrize(
    ("post", "path"),
    [
        ("The stock market fell, investors sold shares, the Dow and the Nasdaq closed lower", ("economy", "markets")),
        ("Covid vaccine and mask rules: the pandemic and the virus, says the CDC", ("health", "pandemic")),
        ("รถใหม่ เครื่องยนต์ดีเซล เกียร์ออโต้ ขับดี ฮอนด้า", ("vehicles",)),
    ],
)
def test_keywords_alone_determine_a_topic(post: str, path: tuple[str, ...]) -> None:
    assert classify([post]) == [path]


def test_a_post_about_nothing_has_no_topic() -> None:
    assert classify(["well then, so it goes, and there we are"]) == [()]


def test_other_languages_are_classified_by_embeddings() -> None:
    posts = ["Der Impfstoff schützt vor dem Virus, viele Menschen sind krank und die Krankenhäuser sind voll"]

    assert classify(posts, embed(posts))[0][0] == "health"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=80), max_size=4))
def test_each_text_is_classified_independently(texts: list[str]) -> None:
    together = classify(texts)

    assert together == [classify([text])[0] for text in texts]


def test_unseen_posts_get_their_topic(shared_data: Path) -> None:
    labels = [json.loads(line) for line in LABELS.read_text().splitlines()]
    unseen = [row for row in labels if row["half"] == "test"]
    texts = _texts(shared_data)
    posts = [clean(texts[row["key"]]) for row in unseen]

    roots = [path[0] if path else "" for path in classify(posts, embed(posts))]

    right = sum(root in row["topics"] for root, row in zip(roots, unseen, strict=True))
    assert len(labels) == 200
    assert right / len(unseen) >= 0.75


def _texts(shared_data: Path) -> dict[str, str]:
    """English posts by document id, Thai posts by hash."""
    texts = {}
    for line in _lines(shared_data / "dartpost" / "contents.jsonl.gz"):
        post = json.loads(line)
        texts[post["_id"]["$oid"]] = post["payload"].get("message", "")
    for line in _lines(shared_data / "thai" / "wisesight_dev.jsonl.gz"):
        text = json.loads(line)["text"]
        texts[hashlib.sha256(text.encode()).hexdigest()[:16]] = text
    return texts


def _lines(path: Path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode().strip().split("\n")
