"""The guest feed of every country: scores all live contents, applies author diversity and keeps the best."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from features.arrays import Floats, Ints
from features.countries import COUNTRIES, parents
from features.matrix import DESIGN, GUEST_COLUMNS, Matrix, Rows, content_columns, country_columns, stack_columns
from features.ranking.boosters import predict_log_odds
from features.ranking.history import History
from features.ranking.indexes import HistoryIndex
from features.ranking.posts import best_of_posts, representatives
from features.untrained import untrained_log_odds
from predictors.diversity import diversified
from store.rules.model_names import WORLD

NOWHERE = "en"  # the country code of the list for guests without a country
_ROWS_AT_ONCE = 200_000  # contents × countries; bounds the matrix
Columns = Mapping[str, Floats]


@dataclass(frozen=True)
class Feed:
    """One country's list, best first; arrays of shape (items,)."""

    country: str
    content: Ints  # row of contents
    score: Floats  # descending, 0 to 1


def country_feeds(
    history: History, known: HistoryIndex, boosters: Mapping[str, Any], live: Ints, now_ms: int, top: int
) -> Iterator[Feed]:
    """Yields the feeds of NOWHERE and of every country; `boosters` by level; `live`: (contents,) rows, ascending.

    A country without activity gets the scores of its continent. A live original represents its bare reshares.
    """
    contents = known.contents
    live = np.unique(representatives(contents.post, contents.created_ms, int(contents.created_ms[live[0]]), live))
    shared = content_columns(known, live, np.full(len(live), now_ms))
    author, post = contents.author[live], contents.post[live]
    active = sorted({*history.country[history.engagements.account], *history.country[history.exposures.account]} - {-1})
    quiet = [number for number in range(len(COUNTRIES)) if number not in set(active)]
    at_once = max(1, _ROWS_AT_ONCE // max(len(live), 1))
    for numbers in ([-1], *(active[start : start + at_once] for start in range(0, len(active), at_once))):
        matrices = _matrices(known, shared, live, numbers, now_ms)
        base = _world_margin(boosters, shared, matrices, len(numbers))
        for number, matrix, margin in zip(numbers, matrices, base, strict=True):
            lists = [NOWHERE, *(COUNTRIES[country] for country in quiet)] if number < 0 else [COUNTRIES[number]]
            yield from _lists(lists, boosters, matrix, margin, live, author, post, top)


def _matrices(known: HistoryIndex, shared: Columns, live: Ints, numbers: Sequence[int], now_ms: int) -> list[Matrix]:
    """Returns the matrix (contents, columns) of each country."""
    matrices = []
    for number in numbers:
        size = len(live)
        rows = Rows(live, np.full(size, -1), np.full(size, number), np.full(size, now_ms))
        matrices.append(stack_columns({**shared, **country_columns(known, rows)}, GUEST_COLUMNS))
    return matrices


def _world_margin(
    boosters: Mapping[str, Any], shared: Columns, matrices: Sequence[Matrix], countries: int
) -> Sequence[Floats]:
    """Returns the world model's log-odds, (countries, contents); without it the log of the content score."""
    if WORLD in boosters:
        together = np.concatenate(matrices) if countries > 1 else matrices[0]
        return np.split(predict_log_odds(boosters[WORLD], together), countries)
    engaged = np.sum([shared[name] for name in DESIGN[:4]], axis=0)
    return [untrained_log_odds(engaged, shared["ageScore"])] * countries


def _lists(
    countries: Sequence[str],
    boosters: Mapping[str, Any],
    matrix: Matrix,
    margin: Floats,
    live: Ints,
    author: Ints,
    post: Ints,
    top: int,
) -> Iterator[Feed]:
    """Yields the lists of countries that share a matrix; countries on the same levels share one computation."""
    best: dict[tuple[str, ...], tuple[Ints, Floats]] = {}
    for code in countries:
        levels = tuple(level for level in (*parents(code), code) if level in boosters and level != WORLD)
        if levels not in best:
            total = margin + sum(predict_log_odds(boosters[level], matrix) for level in levels)
            best[levels] = _best(expit(total), live, author, post, top)
        yield Feed(code, *best[levels])


def _best(score: Floats, live: Ints, author: Ints, post: Ints, top: int) -> tuple[Ints, Floats]:
    """Returns the list: the best content of each post, after author diversity; rows of contents and their scores."""
    once = best_of_posts(post, score)
    decayed, rows = diversified(score[once], author[once]), live[once]
    order = np.lexsort((rows, -decayed))[:top]
    return rows[order], decayed[order]
