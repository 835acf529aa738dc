"""Classifies texts by topic on two levels, from keywords and sentence embeddings.

score(topic) = ln(1 + distinct keywords) + EMBEDDING_WEIGHT · (cosine to its examples − mean over the topics).
A text whose best root scores below LEAST_ROOT has no topic.
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
LEAST_ROOT = 0.8  # one keyword alone scores ln 2 = 0.69
LEAST_CHILD = 1.0
MIN_TOKENS = 21  # texts of at most so many words have no topic
_LATIN = re.compile(r"[a-z]")
_THAI = re.compile("[\u0e00-\u0e7f]")


@dataclass(frozen=True)
class Topic:
    """A node of the taxonomy."""

    path: tuple[str, ...]  # slugs from the root to the node
    english: re.Pattern[str] | None  # whole words
    thai: re.Pattern[str] | None  # parts of text
    examples: tuple[str, ...]


def classify(texts: Sequence[str], embeddings: NDArray[np.float32] | None = None) -> list[tuple[str, ...]]:
    """Returns the path of each cleaned text's topic, root first; empty without a probable topic.

    `embeddings` have shape (texts, dimensions) and unit length; without them only keywords count.
    """
    return [_path(row) for row in _scores(texts, embeddings)]


def _scores(texts: Sequence[str], embeddings: NDArray[np.float32] | None) -> NDArray[np.float64]:
    keywords = np.array([_keyword_scores(text) for text in texts]).reshape(len(texts), len(taxonomy()))
    if embeddings is None or not len(texts):
        return keywords
    cosine = embeddings.astype(np.float64) @ _examples().T  # (texts, topics)
    return np.asarray(keywords + EMBEDDING_WEIGHT * (cosine - cosine.mean(axis=1, keepdims=True)))


def _keyword_scores(text: str) -> list[float]:
    """Returns ln(1 + distinct keywords) for each topic; keywords of a child count for its root too."""
    lower, thai = text.lower(), _THAI.search(text) is not None
    keywords = [_keywords(topic, lower, thai) for topic in taxonomy()]
    of_root: dict[str, set[str]] = {}
    for topic, words in zip(taxonomy(), keywords, strict=True):
        of_root.setdefault(topic.path[0], set()).update(words)
    pairs = zip(taxonomy(), keywords, strict=True)
    return [math.log1p(len(words if len(topic.path) > 1 else of_root[topic.path[0]])) for topic, words in pairs]


def _keywords(topic: Topic, lower: str, thai: bool) -> set[str]:
    patterns = (topic.english, topic.thai if thai else None)
    return {word for pattern in patterns if pattern for word in pattern.findall(lower)}


def _path(scores: NDArray[np.float64]) -> tuple[str, ...]:
    topics = taxonomy()
    best = max((number for number, topic in enumerate(topics) if len(topic.path) == 1), key=lambda n: scores[n])
    if scores[best] < LEAST_ROOT:
        return ()
    root = topics[best].path
    children = [number for number, topic in enumerate(topics) if topic.path[:-1] == root]
    child = max(children, key=lambda number: scores[number], default=best)
    return topics[child].path if scores[child] >= LEAST_CHILD else root


@cache
def taxonomy() -> tuple[Topic, ...]:
    """Returns all topics; each root is followed by its children."""
    roots = tomllib.loads(files("features.text").joinpath("topics_taxonomy.toml").read_text("utf-8"))
    return tuple(topic for slug, node in roots.items() for topic in _with_children(slug, node))


def _with_children(slug: str, node: Mapping[str, Any]) -> list[Topic]:
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
    """Returns the direction of each topic's examples, of shape (topics, dimensions) and unit length."""
    sizes = [len(topic.examples) for topic in taxonomy()]
    vectors = embed([example for topic in taxonomy() for example in topic.examples]).astype(np.float64)
    sums = np.add.reduceat(vectors, np.cumsum([0, *sizes[:-1]]), axis=0)
    return np.asarray(sums / np.linalg.norm(sums, axis=1, keepdims=True))
