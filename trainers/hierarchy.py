"""The hierarchy of guest rankers: world, continents, countries. A gate decides which residuals are served."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats, Ints
from features.countries import CONTINENT_OF, COUNTRIES, parents
from features.matrix import Matrix
from features.ranking.boosters import load_booster, predict_log_odds
from store.rules.model_names import WORLD
from trainers.boosters import GLOBAL, RESIDUAL, Growth, fit
from trainers.evaluation.metrics import list_loss


@dataclass(frozen=True)
class TrainedLevel:
    """The model of one level; without bytes it is an identity, and its parent answers."""

    account: str  # global, a continent, or a country code
    artifact: bytes
    parent: str | None
    report: Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """Training rows in order of time; arrays of shape (rows,) except for the matrix."""

    matrix: Matrix  # (rows, columns)
    engaged: NDArray[np.bool_]
    weight: Floats
    request: Ints
    country: Ints

    def take(self, chosen: NDArray[np.bool_]) -> "Table":
        """Returns the chosen rows."""
        return Table(*(column[chosen] for column in vars(self).values()))


@dataclass(frozen=True)
class GateConfig:
    """When a level is trained and served."""

    world: Growth = GLOBAL
    residual: Growth = RESIDUAL
    min_requests: int = 60  # fewer cannot be split into training and held-out requests
    held_out: float = 0.2  # newest share of the requests, which decides the gate
    standard_errors: float = 2.0  # by which the held-out gain must exceed 0


def train_hierarchy(table: Table, gate: GateConfig = GateConfig()) -> Iterator[TrainedLevel]:
    """Yields the level of the world, then of all continents, then of all countries; a failed one is an identity."""
    world = _fit(table, None, gate.world)
    yield TrainedLevel(WORLD, world, None, _counts(table))
    levels = _Hierarchy(table, gate, predict_log_odds(load_booster(world), table.matrix), _held_out_margin(table, gate))
    for continent in sorted(set(CONTINENT_OF.values())):
        members = [number for number, code in enumerate(COUNTRIES) if CONTINENT_OF[code] == continent]
        yield levels.residual(continent, np.isin(table.country, members))
    for number, code in enumerate(COUNTRIES):
        yield levels.residual(code, table.country == number)


def untrained_hierarchy() -> Iterator[TrainedLevel]:
    """Yields the hierarchy without data: every level is an identity that says so."""
    why = {"requests": 0, "why": "no request with an engagement to learn from"}
    for account in (WORLD, *sorted(set(CONTINENT_OF.values())), *COUNTRIES):
        yield TrainedLevel(account, b"", parents(account)[-1] if parents(account) else None, why)


@dataclass
class _Hierarchy:
    """Log-odds of the levels so far, (rows,): of the stored models, and of models that saw no held-out row."""

    table: Table
    gate: GateConfig
    margin: Floats
    held_out_margin: Floats
    trained: set[str] = field(default_factory=set)

    def residual(self, account: str, inside: NDArray[np.bool_]) -> TrainedLevel:
        parent = next(name for name in parents(account) if name in self.trained or name == WORLD)
        rows = self.table.take(inside)
        report = _counts(rows)
        if report["requests"] < self.gate.min_requests:
            return TrainedLevel(account, b"", parent, report | {"why": "too few requests"})
        try:
            artifact, figures = self._try_residual(rows, inside)
        except ValueError as error:  # XGBoostError is one; one bad country must not stop the others
            return TrainedLevel(account, b"", parent, report | {"why": f"failed: {str(error).splitlines()[0][:200]}"})
        if artifact:
            self.trained.add(account)
        why = "gain on held-out requests" if artifact else "no gain on held-out requests"
        return TrainedLevel(account, artifact, parent, report | figures | {"why": why})

    def _try_residual(self, rows: Table, inside: NDArray[np.bool_]) -> tuple[bytes, dict[str, float]]:
        """Returns the artifact if it passes the gate, else no bytes; then gain and standard error."""
        growth, early = self.gate.residual, _early(rows, self.gate)
        trial = predict_log_odds(
            load_booster(_fit(rows.take(early), self.held_out_margin[inside][early], growth)), rows.matrix
        )
        gain, error = _gain(rows.take(~early), self.held_out_margin[inside][~early], trial[~early])
        figures = {"gain": gain, "standardError": error}
        if gain <= self.gate.standard_errors * error:
            return b"", figures
        artifact = _fit(rows, self.margin[inside], growth)
        self.held_out_margin[inside] += trial
        self.margin[inside] += predict_log_odds(load_booster(artifact), rows.matrix)
        return artifact, figures


def _fit(rows: Table, margin: Floats | None, growth: Growth) -> bytes:
    return fit(rows.matrix, rows.engaged.astype(np.float64), rows.weight, margin, growth)


def _held_out_margin(table: Table, gate: GateConfig) -> Floats:
    """Returns the world's log-odds by a model that did not see the held-out requests."""
    seen = table.take(_early(table, gate))
    if not seen.engaged.any():
        return np.zeros(len(table.engaged))
    return predict_log_odds(load_booster(_fit(seen, None, gate.world)), table.matrix)


def _gain(late: Table, margin: Floats, added: Floats) -> tuple[float, float]:
    """Returns the list loss that the residual saves per held-out request, and its standard error."""
    _, request = np.unique(late.request, return_inverse=True)
    lists = request, late.engaged, late.weight
    saved = list_loss(*lists, margin) - list_loss(*lists, margin + added)
    error = saved.std(ddof=1) / np.sqrt(len(saved)) if len(saved) > 1 else np.inf
    return float(saved.mean()), float(error)


def _early(table: Table, gate: GateConfig) -> NDArray[np.bool_]:
    requests = np.unique(table.request)
    return table.request < requests[int(len(requests) * (1 - gate.held_out))] if len(requests) else table.request < 0


def _counts(table: Table) -> dict[str, Any]:
    return {
        "requests": len(np.unique(table.request)),
        "rows": len(table.request),
        "engaged": int(table.engaged.sum()),
    }
