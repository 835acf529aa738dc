"""Normal forms of countries and languages: against the ISO lists, and as the real server computes them."""

from typing import Any

import pycountry
import pytest

from features.countries import COUNTRIES
from store.client import Databases
from store.inputs import event_log
from store.rules.countries import SPELLINGS, country_code
from store.rules.languages import language_code

WRITTEN: list[tuple[Any, str]] = [
    ("gb", "gb"),
    (" GB\t", "gb"),
    ("UK", "gb"),
    ("el", "gr"),
    ("USA", "us"),
    ("xk", "xk"),
    ("XKX", "xk"),
    ("\u00a0th\u3000", "th"),
    ("", ""),
    ("zz", ""),
    ("Thailand", ""),
    (66, ""),
    (["th"], ""),
    (None, ""),
]


def test_every_country_is_understood_in_two_and_three_letters() -> None:
    for country in pycountry.countries:
        assert country_code(country.alpha_2) == country_code(country.alpha_3) == country.alpha_2.lower()
    assert set(SPELLINGS.values()) == set(COUNTRIES)


def test_the_server_and_python_read_the_same_country(db: Databases) -> None:
    accounts = [{"geolocation": {"countryCode": code}} for code, _ in WRITTEN] + [{}, {"geolocation": "th"}]
    db.app.accounts.insert_many(accounts)

    numbers = event_log.read_accounts(db, {}, COUNTRIES)["country"].tolist()

    codes = [COUNTRIES[number] if number >= 0 else "" for number in numbers]
    assert sorted(codes) == sorted([*(country_code(code) for code, _ in WRITTEN), "", ""])
    assert event_log.count_unknown_countries(db) == 4


@pytest.mark.parametrize(("written", "code"), WRITTEN)
def test_a_country_has_one_form(written: Any, code: str) -> None:
    assert country_code(written) == code


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("pt-BR", "pt"),
        ("pt_BR.UTF-8", "pt"),
        ("zh-Hant-TW", "zh"),
        (" EN ", "en"),
        ("in", "id"),
        ("iw-IL", "he"),
        ("ji", "yi"),
        ("tha", "th"),
        ("ger", "de"),
        ("deu", "de"),
        ("cmn-Hans-CN", "zh"),
        ("und", "und"),
        ("ceb", "ceb"),
        ("English", ""),
        ("x-klingon", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_language_has_one_form(written: Any, code: str) -> None:
    assert language_code(written) == code
    assert language_code(code) == code


def test_every_language_is_understood_in_three_letters() -> None:
    other = {"no": "nb", "sh": "sr"}  # Norwegian is Bokmål here, and Serbo-Croatian was withdrawn
    for language in pycountry.languages:
        if code := getattr(language, "alpha_2", ""):
            assert language_code(language.alpha_3) == language_code(code) == other.get(code, code)
