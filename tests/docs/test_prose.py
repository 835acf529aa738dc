"""Pages are written in sentences that an outside engineer reads once."""

import pytest

from tests.docs.markdown import ROOT, mean_words, pages, sentences

MOST_WORDS = 20  # mean of a page, as style.md asks


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_sentences_have_at_most_twenty_words_on_average(page):
    found = sentences(page.read_text())

    longest = sorted(found, key=lambda sentence: -len(sentence.split()))[:5]
    assert mean_words(found) <= MOST_WORDS, "shorten first:\n" + "\n".join(longest)


def test_a_long_sentence_raises_the_mean():
    short, long = "One two three.", " ".join(["word"] * 37) + "."

    assert mean_words(sentences(f"{short}\n{long.capitalize()}")) == 20.0
    assert mean_words(sentences(f"{short} {long.capitalize()} {long.capitalize()}")) > MOST_WORDS
