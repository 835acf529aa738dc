"""Cleaning: what stays of a post."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.text.cleaning import clean, language_letters, text_hash, token_count


@pytest.mark.parametrize(
    ("post", "words"),
    [
        ("see https://example.org/a?b=c now", "see now"),
        ("[the news](https://example.org/x) today", "the news today"),
        ("<h1>Big</h1> words", "Big words"),
        ("hello @friend.of_mine!", "hello !"),
        ("#SaveThePlanet #แป้งพัฟ", "Save The Planet แป้งพัฟ"),
        ("so sad 😢", "so sad 😢"),
        ("fish &amp; chips", "fish & chips"),
        ("", ""),
    ],
)
def test_links_mentions_and_markup_are_removed_and_words_stay(post: str, words: str) -> None:
    assert clean(post) == words


def test_marks_of_indic_and_thai_letters_stay() -> None:
    assert language_letters("हिन्दी में") == "हिन्दी में"
    assert language_letters("ที่นี่") == "ที่นี่"


@given(st.text(max_size=300))
def test_cleaning_never_fails_and_leaves_no_link(post: str) -> None:
    assert "http://" not in clean(post + " http://example.org/x ")


@given(st.text(max_size=200), st.text(max_size=200))
def test_counts_of_tokens_add_up(one: str, other: str) -> None:
    both = token_count(f"{one} {other}")

    assert 0 <= both - token_count(one) - token_count(other) <= 1  # parts of a spaceless word


def test_another_text_or_version_has_another_hash() -> None:
    hashes = {text_hash("a", "1"), text_hash("b", "1"), text_hash("a", "2")}

    assert len(hashes) == 3
