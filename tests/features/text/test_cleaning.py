"""Cleaning: what stays of a post."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.text.cleaning import LONGEST_TEXT, clean, clean_once, language_letters, text_hash, token_count


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
        ("ดูexample.comสวัสดี", "ดู สวัสดี"),
        ("https://example.org/aสวัสดี", "สวัสดี"),
        ("看https://example.org/a。你好", "看 。你好"),
        ("bit.ly/3x and t.me/ann or ann@example.com", "and or"),
        ("finished.it was e.g. 3.14", "finished.it was e.g. 3.14"),
        ("𝐁𝐨𝐥𝐝 ＷＩＤＥ ｱﾘｶﾞﾄ", "Bold WIDE アリガト"),
        ("❤\ufe0f so\u00adft 👨\u200d👩", "❤ soft 👨👩"),
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


@pytest.mark.parametrize(
    "emoji", ["❤\ufe0f", "1\ufe0f\u20e3", "👨\u200d👩", "ℹ\ufe0f", "㊗\ufe0f", "🈶", "🇹🇭", "\u0301"]
)
def test_emoji_have_no_letters(emoji: str) -> None:
    assert language_letters(emoji) == ""


@pytest.mark.parametrize(
    "run", ["!", "[", "[](", "a-", "a.", "😀", "www.", "a@", "<a", "\u0316\u0301", "&amp;", "#", "\ufdfa"]
)
def test_the_time_does_not_grow_with_what_a_post_repeats(run: str) -> None:
    started = process_time()

    text = clean_once("words " + run * 40_000)
    token_count(text.words)

    assert len(text.words) <= LONGEST_TEXT
    assert process_time() - started < 0.5  # it was 30 seconds


def test_another_text_or_version_has_another_hash() -> None:
    hashes = {text_hash("a", "1"), text_hash("b", "1"), text_hash("a", "2")}

    assert len(hashes) == 3
