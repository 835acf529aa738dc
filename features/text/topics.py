"""The topic of a post on two levels, or none: words that tell a topic, and sentence embeddings where words are silent.

score(topic) = ln(1 + words that tell it) + EMBEDDING_WEIGHT · (cosine to its examples − mean over the topics).
A root below LEAST_ROOT is no topic: the post stays without one.
"""

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.text.embeddings import embed

EMBEDDING_WEIGHT = 6.0
LEAST_ROOT = 0.8  # by words alone, one word less
LEAST_CHILD = 1.0
MIN_TOKENS = 21  # posts of this many words or fewer stay without a topic
_LATIN = re.compile(r"[a-z]")
_THAI = re.compile("[\u0e00-\u0e7f]")


@dataclass(frozen=True)
class Topic:
    """A node of the taxonomy: `path` are the slugs from the root to it."""

    path: tuple[str, ...]
    english: re.Pattern[str] | None  # whole words
    thai: re.Pattern[str] | None  # parts of text
    examples: tuple[str, ...]


def classify(texts: Sequence[str], embeddings: NDArray[np.float32] | None = None) -> list[tuple[str, ...]]:
    """The path of each cleaned text's topic, root first, empty where none is likely enough.

    `embeddings`, of shape (texts, dimensions) and unit length, add what words do not tell.
    """
    scores = _scores(texts, embeddings)
    return [_path(row) for row in scores]


def _scores(texts: Sequence[str], embeddings: NDArray[np.float32] | None) -> NDArray[np.float64]:
    words = np.array([_told(text) for text in texts]).reshape(len(texts), len(taxonomy()))
    if embeddings is None or not len(texts):
        return words
    near = embeddings.astype(np.float64) @ _examples().T  # (texts, topics)
    return np.asarray(words + EMBEDDING_WEIGHT * (near - near.mean(axis=1, keepdims=True)))


def _told(text: str) -> list[float]:
    """ln(1 + distinct words) for each topic; what tells a child tells its root too."""
    lower, thai = text.lower(), _THAI.search(text) is not None
    found = [_distinct(topic, lower, thai) for topic in taxonomy()]
    family: dict[str, set[str]] = {}
    for topic, own in zip(taxonomy(), found, strict=True):
        family.setdefault(topic.path[0], set()).update(own)
    both = zip(taxonomy(), found, strict=True)
    return [math.log1p(len(own if len(topic.path) > 1 else family[topic.path[0]])) for topic, own in both]


def _distinct(topic: Topic, lower: str, thai: bool) -> set[str]:
    patterns = (topic.english, topic.thai if thai else None)
    return {each for pattern in patterns if pattern for each in pattern.findall(lower)}


def _path(scores: NDArray[np.float64]) -> tuple[str, ...]:
    topics = taxonomy()
    best = max((place for place, topic in enumerate(topics) if len(topic.path) == 1), key=lambda place: scores[place])
    if scores[best] < LEAST_ROOT:
        return ()
    root = topics[best].path
    children = [place for place, topic in enumerate(topics) if topic.path[:-1] == root]
    child = max(children, key=lambda place: scores[place], default=best)
    return topics[child].path if scores[child] >= LEAST_CHILD else root


@cache
def taxonomy() -> tuple[Topic, ...]:
    """Returns every topic, each root followed by its children."""
    read = tomllib.loads(files("features.text").joinpath("topics_taxonomy.toml").read_text("utf-8"))
    return tuple(topic for slug, node in read.items() for topic in _family(slug, node))


def _family(slug: str, node: Mapping[str, Any]) -> list[Topic]:
    children = [key for key in node if key not in ("words", "examples")]
    return [_topic((slug,), node), *(_topic((slug, child), node[child]) for child in children)]


def _topic(path: tuple[str, ...], node: Mapping[str, Any]) -> Topic:
    words = node["words"]
    return Topic(path, _whole_words(words.get("en", "")), _parts(words.get("th", "")), tuple(node["examples"]))


def _whole_words(listed: str) -> re.Pattern[str] | None:
    words = sorted(listed.lower().split(), key=len, reverse=True)
    patterns = [re.escape(word).replace(r"\*", r"\w*").replace("_", r"[\s-]") for word in words]
    return re.compile(r"(?<!\w)(?:" + "|".join(patterns) + r")(?!\w)") if words else None


def _parts(listed: str) -> re.Pattern[str] | None:
    words = sorted(listed.lower().split(), key=len, reverse=True)
    edges = [rf"(?<![a-z]){re.escape(word)}(?![a-z])" if _LATIN.match(word) else re.escape(word) for word in words]
    return re.compile("|".join(edges)) if words else None


@cache
def _examples() -> NDArray[np.float64]:
    """The direction of each topic's examples, of shape (topics, dimensions), unit length."""
    sizes = [len(topic.examples) for topic in taxonomy()]
    each = embed([example for topic in taxonomy() for example in topic.examples]).astype(np.float64)
    means = np.add.reduceat(each, np.cumsum([0, *sizes[:-1]]), axis=0)
    return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True))
