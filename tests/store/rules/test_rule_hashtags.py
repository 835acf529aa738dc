"""The forms of a hashtag: in Python, and as the real server computes them."""

import pytest

from store.client import Databases
from store.rules.hashtags import LONGEST, folded_form, normal_form, plain_tags, spellings

TAGS = ["Sea", " #SEA", "＃Sea", "Q#", "sea ", "Été", 7, None, "#"]


@pytest.mark.parametrize(
    ("written", "form"),
    [
        (" #Sea ", "sea"),
        ("＃ＳＥＡ", "sea"),
        ("Straße", "strasse"),
        ("ΟΔΟΣ", "οδοσ"),
        ("Q#", "q#"),
        ("##", ""),
        ("", ""),
    ],
)
def test_one_tag_in_several_spellings_has_one_normal_form(written: str, form: str) -> None:
    assert normal_form(written) == form
    assert normal_form(form) == form


def test_the_server_folds_ascii_and_leaves_out_what_is_no_text(db: Databases) -> None:
    db.app.contents.insert_one({"hashtags": TAGS})

    (found,) = db.app.contents.aggregate([{"$project": {"tags": plain_tags("$hashtags")}}])

    assert found["tags"] == ["sea", "sea", "sea", "q#", "sea ", "Été", ""]


def test_signs_at_the_end_go_where_the_caller_says_so(db: Databases) -> None:
    db.app.contents.insert_many([{"hashtags": TAGS}, {"hashtags": "sea"}, {}])

    found = db.app.contents.aggregate([{"$project": {"tags": plain_tags("$hashtags", signs_at_end=False)}}])

    assert [post["tags"] for post in found] == [["sea", "sea", "sea", "q", "sea", "Été", ""], [], []]


def test_a_normal_form_is_found_in_the_spellings_of_the_server() -> None:
    assert {"Été", "été", "ÉtÉ"} <= set(spellings([normal_form("#ÉTÉ")]))
    assert "fußball" in spellings([normal_form("Fußball")])


def test_the_rankers_form_is_cut() -> None:
    assert folded_form("A" * 200) == "a" * LONGEST == "a" * 100
