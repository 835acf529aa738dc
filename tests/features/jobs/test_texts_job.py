"""topicsClassify from event to contentinfo and topics, on a real server."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from features.jobs.texts import Config, classify_contents
from features.text import embeddings
from features.text.analyzer import OfflineAnalyzer, TextAnalysis
from handlers.features import topics_classify
from store.client import Databases
from store.ids import ObjectId
from store.outputs import content_info
from store.schema import collection

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
EVENT = {"time": NOW.isoformat()}
STOCKS = (
    "The stock market fell again today and investors sold their shares, the Dow and the Nasdaq both closed much lower "
    "than anyone on Wall Street had expected this morning"
)


def post(db: Databases, message: object = STOCKS, **fields: Any) -> ObjectId:
    document = {"_id": ObjectId(), "payload": {"message": message}, "visibility": "publish", "createdAt": NOW} | fields
    collection(db, "contents").insert_one(document)
    return ObjectId(document["_id"])


def info(db: Databases, content: ObjectId) -> dict[str, Any] | None:
    return collection(db, "contentinfo").find_one({"contentId": content}, {"_id": 0})


def change(operation: str, content: ObjectId, **detail: Any) -> dict[str, Any]:
    return EVENT | {"detail": {"operationType": operation, "documentKey": {"_id": str(content)}, **detail}}


def test_a_post_gets_language_topics_root_first_and_emotions(db: Databases) -> None:
    content = post(db)

    counts = topics_classify(EVENT | {"contents": [str(content)]}, None)

    document = info(db, content)
    assert counts["classified"] == 1
    assert document is not None
    assert document["language"] == "en"
    topics = {topic["_id"]: topic for topic in collection(db, "topics").find()}
    assert [topics[topic]["slug"] for topic in document["topics"]] == ["economy", "markets"]
    assert 0 <= min(document["emotions"].values()) <= max(document["emotions"].values()) <= 1


def test_topics_have_their_parents_and_children(db: Databases) -> None:
    ids = content_info.upsert_topics(db, [("economy", "markets"), ("economy",)], NOW)

    root = collection(db, "topics").find_one({"slug": "economy"}) or {}
    child = collection(db, "topics").find_one({"slug": "markets"}) or {}

    assert root["children"] == [{"_id": ids["markets"], "slug": "markets"}]
    assert child["parents"] == [{"_id": ids["economy"], "slug": "economy"}]
    assert (root["parents"], child["children"]) == ([], [])


def test_concurrent_writers_create_one_topic(db: Databases) -> None:
    content_info.upsert_topics(db, [], NOW)
    from store.schema import ensure_indexes

    ensure_indexes(db, "topics")
    paths = [("economy", "markets"), ("economy", "taxes")] * 3
    threads = [threading.Thread(target=content_info.upsert_topics, args=(db, [path], NOW)) for path in paths]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    root = collection(db, "topics").find_one({"slug": "economy"}) or {}
    assert collection(db, "topics").count_documents({}) == 3
    assert sorted(child["slug"] for child in root["children"]) == ["markets", "taxes"]


def test_the_same_event_twice_writes_the_same_documents(db: Databases) -> None:
    content = post(db)
    topics_classify(change("insert", content), None)
    before = [*collection(db, "contentinfo").find(), *collection(db, "topics").find()]

    again = topics_classify(change("insert", content), None)

    assert [*collection(db, "contentinfo").find(), *collection(db, "topics").find()] == before
    assert (again["classified"], again["unchanged"]) == (0, 1)


def test_changed_text_is_analysed_again(db: Databases) -> None:
    content = post(db)
    topics_classify(change("insert", content), None)
    collection(db, "contents").update_one({"_id": content}, {"$set": {"payload.message": "วันนี้อากาศดีมาก"}})

    topics_classify(change("update", content), None)

    assert (info(db, content) or {})["language"] == "th"


def test_the_info_of_a_deleted_post_is_removed(db: Databases) -> None:
    first, second = post(db), post(db)
    topics_classify(EVENT | {"contents": [str(first), str(second)]}, None)
    collection(db, "contents").update_one({"_id": second}, {"$set": {"visibility": "deleted"}})

    counts = topics_classify(change("delete", first), None)
    topics_classify(change("update", second), None)

    assert counts["removed"] == 1
    assert collection(db, "contentinfo").count_documents({}) == 0


def test_a_short_post_has_a_language_and_no_topic(db: Databases) -> None:
    content = post(db, "Stocks and shares fell on Wall Street")

    topics_classify(EVENT | {"contents": [str(content)]}, None)

    assert (info(db, content) or {})["topics"] == []
    assert (info(db, content) or {})["language"] == "en"


@pytest.mark.parametrize("message", ["", None, "😀", 7, ["x"]])
def test_a_post_without_text_is_fine(db: Databases, message: object) -> None:
    content = post(db, message)

    counts = topics_classify(EVENT | {"contents": [str(content)]}, None)

    document = info(db, content) or {}
    assert (document["language"], document["topics"]) == ("und", [])
    assert counts["rejected"] == ({"payload.message": 1} if isinstance(message, int | list) else {})


def test_a_post_without_payload_or_date_is_fine(db: Databases) -> None:
    content = ObjectId()
    collection(db, "contents").insert_one({"_id": content})

    counts = topics_classify(EVENT | {"contents": [str(content)]}, None)

    assert counts["classified"] == 1
    assert counts["rejected"] == {"createdAt": 1}


def test_a_post_later_than_the_clock_is_skipped(db: Databases) -> None:
    content = post(db, createdAt=NOW + timedelta(hours=1))

    counts = topics_classify(EVENT | {"contents": [str(content)]}, None)

    assert counts["later"] == 1
    assert info(db, content) is None


def test_a_cut_event_is_read_again_from_the_database(db: Databases) -> None:
    content = post(db)

    topics_classify(change("insert", content, fullDocument={"_id": str(content)}), None)

    assert (info(db, content) or {})["topics"] != []


def test_without_a_change_the_posts_of_the_window_are_analysed(db: Databases) -> None:
    fresh, old = post(db), post(db, createdAt=NOW - timedelta(days=60))

    counts = topics_classify(EVENT, None)

    assert counts["classified"] == 1
    assert info(db, fresh) is not None
    assert info(db, old) is None


def test_the_linear_tier_covers_english_and_thai_topics_without_the_encoder(
    db: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXT_TIER", "linear")
    monkeypatch.setattr(embeddings, "_encoder", None)  # would fail
    english, french = post(db), post(db, payload={"message": "Je suis si heureux aujourd'hui, merci à tous !"})

    topics_classify(EVENT, None)

    assert (info(db, english) or {})["emotions"] != {}
    assert (info(db, english) or {})["topics"] != []
    assert (info(db, french) or {})["language"] == "fr"
    assert (info(db, french) or {})["emotions"] == {}


def test_another_tier_analyses_the_posts_again(db: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    post(db)
    topics_classify(EVENT, None)

    monkeypatch.setenv("TEXT_TIER", "linear")
    counts = topics_classify(EVENT, None)

    assert counts["classified"] == 1


def test_an_unreliable_language_has_no_emotions(db: Databases) -> None:
    polish = post(db, payload={"message": "Jestem dziś taka szczęśliwa, dziękuję wszystkim, co za wspaniały dzień"})

    topics_classify(EVENT, None)

    assert (info(db, polish) or {})["language"] == "pl"
    assert (info(db, polish) or {})["emotions"] == {}


def test_another_spelling_of_the_tier_is_refused(db: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXT_TIER", "huge")

    with pytest.raises(ValueError, match="tier: huge"):
        topics_classify(EVENT, None)


def test_another_spelling_of_the_provider_is_refused(db: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXT_PROVIDER", "oracle")

    with pytest.raises(ValueError, match="TEXT_PROVIDER"):
        topics_classify(EVENT, None)


class FaultyAnalyzer(OfflineAnalyzer):
    """Reaches the deadline with "slow" and fails with "broken"."""

    def analyze(self, texts: Sequence[str]) -> list[TextAnalysis]:
        if "slow" in texts:
            raise KeyboardInterrupt  # as the deadline, no Exception
        if "broken" in texts:
            raise ValueError("broken")
        return super().analyze(texts)


def test_a_post_that_cannot_be_read_does_not_hold_up_its_batch(db: Databases) -> None:
    broken, *others = [post(db, message) for message in ("broken", *["plain words in English"] * 12)]
    config = Config(FaultyAnalyzer("linear"))

    runs = [classify_contents(db, NOW, None, config) for _ in range(4)]

    assert [run["classified"] for run in runs] == [12, 0, 0, 0]
    assert [run["rejected"].get("analysis", 0) for run in runs] == [1, 1, 1, 0]
    assert all((info(db, other) or {})["language"] == "en" for other in others)
    assert (info(db, broken) or {})["rejected"] == "error"
    collection(db, "contents").update_one({"_id": broken}, {"$set": {"payload.message": "plain words in English"}})
    assert classify_contents(db, NOW, None, config)["classified"] == 1
    assert not {"rejected", "attempts"} & (info(db, broken) or {}).keys()


def test_a_post_that_takes_too_long_comes_last_and_is_skipped_after_three_attempts(db: Databases) -> None:
    slow, others = post(db, "slow"), [post(db, "plain words in English") for _ in range(5)]
    config = Config(FaultyAnalyzer("linear"), batch=3)

    for _ in range(4):
        with suppress(KeyboardInterrupt):
            classify_contents(db, NOW, None, config)

    assert (info(db, slow) or {})["rejected"] == "timeout"
    assert all((info(db, other) or {})["language"] == "en" for other in others)
    assert classify_contents(db, NOW, None, config)["unchanged"] == 6


def test_an_analyzer_that_fails_for_every_post_fails_the_run(db: Databases) -> None:
    for _ in range(20):
        post(db, "broken")

    with pytest.raises(RuntimeError, match="10 posts in a row"):
        classify_contents(db, NOW, None, Config(FaultyAnalyzer("linear")))
