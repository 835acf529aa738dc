"""The normal form of a hashtag: in Python, and as the real server computes it."""

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.client import Databases
from store.inputs.hashtag_forms import read_forms
from store.rules.hashtags import LONGEST, MOST_TAGS, normal_form, normal_tags, plain_tags, tags_of, written_tags

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
TAGS = ["Sea", " #SEA", "＃Sea", "Q#", "sea ", "Été", 7, None, "#"]
SPELLINGS = [
    ("αθήνας", ["Αθήνας", "ΑΘΉΝΑΣ", "αθήνας", unicodedata.normalize("NFD", "αθήνας")]),
    ("санктпетербург", ["СанктПетербург", "#САНКТПЕТЕРБУРГ "]),
    ("école", ["École", unicodedata.normalize("NFD", "École"), "Ｅ́ＣＯＬＥ", "é\u200dcole"]),
    ("music", ["Ｍｕｓｉｃ", "\ufeffmu\u00adsic", "𝐌𝐮𝐬𝐢𝐜", "MUSIC#"]),
    ("❤", ["❤\ufe0f", "❤"]),
    ("straße", ["STRASSE", "Straße", "STRAẞE"]),
    ("น้ำ", ["น้ํา", "น้ำ"]),
    ("ﷺ", ["#ﷺ\u3000"]),
]


@pytest.mark.parametrize(
    ("written", "form"),
    [
        (" #Sea ", "sea"),
        ("＃ＳＥＡ", "sea"),
        ("Straße", "strasse"),
        ("ΟΔΟΣ", "οδοσ"),
        ("Q#", "q"),
        ("##", ""),
        ("\u200d", ""),
        ("a" * (LONGEST + 1), ""),
        ("", ""),
    ],
)
def test_one_tag_in_several_spellings_has_one_normal_form(written: str, form: str) -> None:
    assert normal_form(written) == form


@given(st.text(max_size=60))
def test_a_normal_form_stays_as_it_is(written: str) -> None:
    assert normal_form(normal_form(written)) == normal_form(written)


@given(st.text(st.characters(max_codepoint=127, exclude_characters="\0"), max_size=60))
def test_the_normal_form_of_ascii_is_trimmed_and_lower_case(written: str) -> None:
    assert normal_form(written) == written.strip(" #\t\n\r\v\f\x1c\x1d\x1e\x1f").lower()


def test_the_server_folds_ascii_and_leaves_out_what_is_no_text(db: Databases) -> None:
    db.app.contents.insert_many([{"hashtags": TAGS}, {"hashtags": "sea"}, {}])

    posts = list(db.app.contents.aggregate([{"$project": {"tags": plain_tags("$hashtags")}}]))

    assert [post["tags"] for post in posts] == [["sea", "sea", "sea", "q", "sea", "Été", ""], [], []]


@pytest.mark.parametrize(("name", "written"), SPELLINGS)
def test_the_server_brings_every_spelling_to_the_normal_form(db: Databases, name: str, written: list[str]) -> None:
    db.app.contents.insert_many([{"hashtags": [tag], "createdAt": NOW} for tag in written])

    forms = read_forms(db, None, NOW)
    posts = list(db.app.contents.aggregate([{"$project": {"tags": normal_tags("$hashtags", forms)}}]))

    assert {tag for post in posts for tag in post["tags"]} == {normal_form(name)}
    assert {tag for text in written for tag in tags_of([text])} == {normal_form(name)}
    assert read_forms(db, None, NOW, among={"other"}) == {}


def test_only_the_first_hashtags_of_a_post_count(db: Databases) -> None:
    many = [f"tag{number}" for number in range(100_000)]
    db.app.contents.insert_one({"hashtags": many})

    (post,) = db.app.contents.aggregate([{"$project": {"tags": written_tags("$hashtags")}}])

    assert post["tags"] == tags_of(many) == many[:MOST_TAGS]
