"""Messages of fragments chosen by index, so that their length is known before they are built."""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .phrases import FEELINGS, REPLIES, SENTENCES
from .places import LANGUAGES
from .vocabulary import EMOJI, NOUNS, TOPICS
from .world import Contents, Flags, Ints

SENTENCE_SLOTS = 6
FEELING, EMOJI_SLOT, FIRST_TAG, SECOND_TAG, LINK, REPLY = range(SENTENCE_SLOTS, SENTENCE_SLOTS + 6)
PARTS = SENTENCE_SLOTS + 6  # columns of Contents.wording; -1 = fragment absent
SENTENCE_CHOICES, TAG_CHOICES, REPLY_CHOICES = 30, 3, 4
_SENTENCE_COUNTS = np.array([[1, 3], [1, 2], [4, 6], [1, 2], [3, 6]])  # fewest and most, per content type


class Fragments(NamedTuple):
    """All fragments, flat: row (language · topics + topic) · choices + choice, or language · choices."""

    sentences: list[str]
    tags: list[str]
    feelings: list[str]
    replies: list[str]


def _nouns(language: str) -> list[list[str]]:
    return [line.split("|") for line in NOUNS[language].split("\n")]


def _tag(noun: str) -> str:
    return "".join(letter for letter in noun if letter not in " '’-")


@cache
def fragments() -> Fragments:
    """Returns the fragments of all languages and topics.

    >>> fragments().sentences[0], fragments().tags[:3]
    ('Today it is all about the late goal.', ['football', 'thelategoal', 'thederby'])
    """
    sentences, tags = [], []
    for language in LANGUAGES:
        patterns = SENTENCES[language].split("|")
        for topic, nouns in zip(TOPICS, _nouns(language), strict=True):
            sentences += [pattern.replace("{x}", noun) for pattern in patterns for noun in nouns]
            tags += [topic, _tag(nouns[0]), _tag(nouns[1])]
    feelings = [phrase for language in LANGUAGES for phrase in FEELINGS[language].split("|")]
    return Fragments(sentences, tags, feelings, [r for lang in LANGUAGES for r in REPLIES[lang].split("|")])


def choose_wording(types: Ints, rng: np.random.Generator) -> Ints:
    """Chooses fragments for original posts of the given content types; shape (posts, PARTS)."""
    n = len(types)
    wording = np.full((n, PARTS), -1)
    least, most = _SENTENCE_COUNTS[types].T
    count = least + (rng.random(n) * (most - least + 1)).astype(int)
    sentences = rng.integers(SENTENCE_CHOICES, size=(n, SENTENCE_SLOTS))
    wording[:, :SENTENCE_SLOTS] = np.where(np.arange(SENTENCE_SLOTS) < count[:, None], sentences, -1)
    chances = ((FEELING, 0.3, 6), (EMOJI_SLOT, 0.35, len(EMOJI)), (FIRST_TAG, 0.6, 2), (LINK, 0.12, 1))
    for slot, chance, choices in chances:
        wording[:, slot] = np.where(rng.random(n) < chance, rng.integers(choices, size=n), -1)
    second = (wording[:, FIRST_TAG] >= 0) & (rng.random(n) < 0.4)
    wording[:, SECOND_TAG] = np.where(second, TAG_CHOICES - 1, -1)
    return wording


def quote_wording(n: int, rng: np.random.Generator) -> Ints:
    """Chooses fragments of quotes: a reply, sometimes an emoji; shape (n, PARTS)."""
    wording = np.full((n, PARTS), -1)
    wording[:, REPLY] = rng.integers(REPLY_CHOICES, size=n)
    wording[:, EMOJI_SLOT] = np.where(rng.random(n) < 0.3, rng.integers(len(EMOJI), size=n), -1)
    return wording


@cache
def _choices() -> list[NDArray[np.object_]]:
    """Returns the choices of each column of the wording, in order of text; the last choice is empty."""
    texts = fragments()
    lists = [texts.sentences] * SENTENCE_SLOTS + [texts.feelings, texts.replies, list(EMOJI)]
    lists += [[f"#{tag}" for tag in texts.tags]] * 2
    lists += [[f"https://example.org/{topic}" for _ in LANGUAGES for topic in TOPICS]]
    return [np.array([*choices, ""], dtype=object) for choices in lists]


@cache
def _sizes() -> list[Ints]:
    """Returns the characters of each choice and the space after it; 0 for the empty one."""
    return [np.array([len(text) + bool(text) for text in choices]) for choices in _choices()]


def _rows(wording: Ints, language: Ints, topic: Ints) -> list[Ints]:
    """Returns rows in each of `_choices` (-1 = absent), each (posts,)."""
    place = language * len(TOPICS) + topic

    def row(slot: int, start: Ints, choices: int) -> Ints:
        return np.where(wording[:, slot] < 0, -1, start * choices + wording[:, slot])

    columns = [row(slot, place, SENTENCE_CHOICES) for slot in range(SENTENCE_SLOTS)]
    columns += [row(FEELING, language, 6), row(REPLY, language, REPLY_CHOICES), wording[:, EMOJI_SLOT]]
    columns += [row(slot, place, TAG_CHOICES) for slot in (FIRST_TAG, SECOND_TAG)]
    return [*columns, row(LINK, place, 1)]


def message_length(wording: Ints, language: Ints, topic: Ints) -> Ints:
    """Returns the characters of each message, fragments joined by spaces; shape (posts,)."""
    length = np.zeros(len(wording), dtype=np.int64)
    for size, rows in zip(_sizes(), _rows(wording, language, topic), strict=True):
        length += size[rows]
    return np.maximum(length - 1, 0)


def messages(wording: Ints, language: Ints, topic: Ints) -> list[str]:
    """Returns the message of each post, with the length of `message_length`."""
    rows = _rows(wording, language, topic)
    columns = [texts[row].tolist() for texts, row in zip(_choices(), rows, strict=True)]
    return [" ".join(filter(None, parts)) for parts in zip(*columns, strict=True)]


def hashtags(wording: Ints, language: Ints, topic: Ints) -> list[list[str]]:
    """Returns the hashtags of each post, without the sign."""
    tags = np.array([*fragments().tags, ""], dtype=object)
    start = (language * len(TOPICS) + topic) * TAG_CHOICES
    pairs = [tags[np.where(wording[:, s] < 0, -1, start + wording[:, s])] for s in (FIRST_TAG, SECOND_TAG)]
    return [[tag for tag in pair if tag] for pair in zip(*pairs, strict=True)]


def shown_wording(contents: Contents) -> tuple[Ints, Ints, Ints]:
    """Returns wording, language and topic as shown: a recast shows those of its original."""
    copied: Flags = (contents.root >= 0) & ~contents.quote
    row = np.where(copied, contents.root, np.arange(len(contents.root)))
    return contents.wording[row], contents.language[row], contents.topic[row]
