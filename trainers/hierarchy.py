"""The ladder of guest rankers: the world, its continents, its countries; each a residual that a gate lets in or not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.countries import CONTINENT_OF, COUNTRIES, parents
from features.matrix import Matrix
from features.ranking.boosters import margins, opened
from features.ranking.point_in_time import Floats, Ints
from store.rules.model_names import WORLD
from trainers.boosters import GLOBAL, RESIDUAL, Growth, fit
from trainers.evaluation.metrics import list_loss


@dataclass(frozen=True)
class Trained:
    """One level's model; without bytes it is an identity and its parent answers."""

    account: str  # global, a continent, or a country code
    artifact: bytes
    parent: str | None
    report: Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """Rows to learn from, in order of time; arrays of shape (rows,) but for the matrix."""

    matrix: Matrix  # (rows, columns)
    engaged: NDArray[np.bool_]
    weight: Floats
    request: Ints
    country: Ints

    def take(self, chosen: NDArray[np.bool_]) -> "Table":
        """The chosen rows."""
        return Table(*(column[chosen] for column in vars(self).values()))


@dataclass(frozen=True)
class Ladder:
    """When a level may be trained and let in."""

    world: Growth = GLOBAL
    residual: Growth = RESIDUAL
    least_requests: int = 60  # fewer can't be split into learning and holding out
    held_out: float = 0.2  # the newest share of the requests judges the gate
    surely: float = 2.0  # standard errors by which the held-out gain must lie above 0


def climb(table: Table, ladder: Ladder = Ladder()) -> Iterator[Trained]:
    """The world's model, then every continent's, then every country's; a failing one becomes an identity."""
    world = _fitted(table, None, ladder.world)
    yield Trained(WORLD, world, None, _described(table))
    levels = _Levels(table, ladder, margins(opened(world), table.matrix), _honest_margin(table, ladder))
    for continent in sorted(set(CONTINENT_OF.values())):
        members = [number for number, code in enumerate(COUNTRIES) if CONTINENT_OF[code] == continent]
        yield levels.residual(continent, np.isin(table.country, members))
    for number, code in enumerate(COUNTRIES):
        yield levels.residual(code, table.country == number)


def unlearnt() -> Iterator[Trained]:
    """The ladder without any data: every model is an identity that says so."""
    why = {"requests": 0, "why": "no request with an engagement to learn from"}
    for account in (WORLD, *sorted(set(CONTINENT_OF.values())), *COUNTRIES):
        yield Trained(account, b"", parents(account)[-1] if parents(account) else None, why)


@dataclass
class _Levels:
    """Log-odds of the levels so far, (rows,): of the models to store, and of models that saw no held-out row."""

    table: Table
    ladder: Ladder
    margin: Floats
    honest: Floats
    real: set[str] = field(default_factory=set)

    def residual(self, account: str, inside: NDArray[np.bool_]) -> Trained:
        parent = next(name for name in parents(account) if name in self.real or name == WORLD)
        rows = self.table.take(inside)
        report = _described(rows)
        if report["requests"] < self.ladder.least_requests:
            return Trained(account, b"", parent, report | {"why": "too few requests"})
        try:
            artifact, judged = self._tried(rows, inside)
        except ValueError as error:  # XGBoostError is one; a country that can't be learnt must not stop the others
            return Trained(account, b"", parent, report | {"why": f"failed: {str(error).splitlines()[0][:200]}"})
        if artifact:
            self.real.add(account)
        why = "gain on held-out requests" if artifact else "no gain on held-out requests"
        return Trained(account, artifact, parent, report | judged | {"why": why})

    def _tried(self, rows: Table, inside: NDArray[np.bool_]) -> tuple[bytes, dict[str, float]]:
        """The artifact if the gate lets it in, and how it was judged."""
        growth, early = self.ladder.residual, _early(rows, self.ladder)
        trial = margins(opened(_fitted(rows.take(early), self.honest[inside][early], growth)), rows.matrix)
        gain, error = _gain(rows.take(~early), self.honest[inside][~early], trial[~early])
        judged = {"gain": gain, "standardError": error}
        if gain <= self.ladder.surely * error:
            return b"", judged
        artifact = _fitted(rows, self.margin[inside], growth)
        self.honest[inside] += trial
        self.margin[inside] += margins(opened(artifact), rows.matrix)
        return artifact, judged


def _fitted(rows: Table, margin: Floats | None, growth: Growth) -> bytes:
    return fit(rows.matrix, rows.engaged.astype(np.float64), rows.weight, margin, growth)


def _honest_margin(table: Table, ladder: Ladder) -> Floats:
    """The world's log-odds from a model that did not see the held-out requests."""
    seen = table.take(_early(table, ladder))
    if not seen.engaged.any():
        return np.zeros(len(table.engaged))
    return margins(opened(_fitted(seen, None, ladder.world)), table.matrix)


def _gain(late: Table, margin: Floats, added: Floats) -> tuple[float, float]:
    """How much list loss the residual saves on a held-out request, and the standard error of that."""
    _, request = np.unique(late.request, return_inverse=True)
    lists = request, late.engaged, late.weight
    each = list_loss(*lists, margin) - list_loss(*lists, margin + added)
    error = each.std(ddof=1) / np.sqrt(len(each)) if len(each) > 1 else np.inf
    return float(each.mean()), float(error)


def _early(table: Table, ladder: Ladder) -> NDArray[np.bool_]:
    every = np.unique(table.request)
    return table.request < every[int(len(every) * (1 - ladder.held_out))] if len(every) else table.request < 0


def _described(table: Table) -> dict[str, Any]:
    return {
        "requests": len(np.unique(table.request)),
        "rows": len(table.request),
        "engaged": int(table.engaged.sum()),
    }
