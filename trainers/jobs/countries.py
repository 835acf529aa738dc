"""coldstartTrainer: guest rankers of the world, the continents and all countries of ISO 3166-1."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from features.countries import CONTINENT_OF, COUNTRIES
from features.fingerprint import fingerprint
from features.jobs.history import read_history
from features.matrix import GUEST_COLUMNS, build
from features.milliseconds import DAY_MS, to_ms
from features.ranking.history import History
from features.ranking.indexes import HistoryIndex, build_index
from store.client import Databases
from store.outputs import models
from store.rules.model_names import COUNTRY_ARTIFACTS, GUEST_MODEL, WORLD_ARTIFACTS
from trainers.hierarchy import GateConfig, Table, TrainedLevel, train_hierarchy, untrained_hierarchy
from trainers.rows.requests import Requests, find_requests
from trainers.rows.sampling import Sample, affordable, sample


@dataclass(frozen=True)
class Config:
    """Training window, negative sampling and gate."""

    learn_days: float = 60.0  # requests of this long before the clock
    live_days: float = 30.0  # contents older than this are not ranked
    max_requests: int = 6_000  # the newest; bounds memory and time
    others: int = 60  # sampled candidates per request that were not shown; fewer with many requests
    seed: int = 7
    discount_bots: bool = True  # leaves out likely bots' engagement
    gate: GateConfig = field(default_factory=GateConfig)


def train_countries(db: Databases, now: datetime, config: Config = Config()) -> dict[str, Any]:
    """Stores one artifact per country, trained on events before `now`; one without a gain names its parent."""
    since = now - timedelta(days=config.learn_days + config.live_days)
    history = read_history(db, since, now, discount_bots=config.discount_bots)

    sizes, levels = train_levels(history, now, config)

    _save(db, [level for level in levels if level.account in CONTINENT_OF], COUNTRY_ARTIFACTS, now)
    _save(db, [level for level in levels if level.account not in CONTINENT_OF], WORLD_ARTIFACTS, now)
    return {
        "countries": len(COUNTRIES),
        "ownModel": sum(bool(level.artifact) for level in levels if level.account in CONTINENT_OF),
        "failed": sum(str(level.report.get("why")).startswith("failed") for level in levels),
        **sizes,
        "rejected": dict(history.rejected),
    }


def train_levels(history: History, now: datetime, config: Config) -> tuple[dict[str, int], list[TrainedLevel]]:
    """Returns the numbers of rows and engaged rows, and the trained levels."""
    table = training_table(history, build_index(history), now, config)
    counts = {"rows": len(table.request), "engaged": int(table.engaged.sum())}
    return counts, list(train_hierarchy(table, config.gate) if table.engaged.any() else untrained_hierarchy())


def training_table(history: History, known: HistoryIndex, now: datetime, config: Config) -> Table:
    """Returns the rows of the newest requests before `now`, as guests see them."""
    sampled = sample_newest(history, now, config)
    matrix = build(known, sampled.rows, GUEST_COLUMNS)
    return Table(matrix, sampled.engaged, sampled.weight, sampled.request, sampled.rows.country)


def sample_newest(history: History, now: datetime, config: Config) -> Sample:
    """Samples rows of the newest requests whose 24 h are over at `now`."""
    end = to_ms(now) - DAY_MS
    requests = find_requests(history, end - int(config.learn_days * DAY_MS), end)
    newest = Requests(requests.account[-config.max_requests :], requests.time_ms[-config.max_requests :])
    others = affordable(config.others, len(newest))
    return sample(history, newest, others, config.seed, config.live_days)


def _save(db: Databases, levels: list[TrainedLevel], name: str, now: datetime) -> None:
    artifacts = (
        models.Artifact(
            account=level.account,
            model=GUEST_MODEL,
            artifact=level.artifact,
            format="ubj" if level.artifact else "identity",
            features=GUEST_COLUMNS,
            fingerprint=fingerprint(GUEST_COLUMNS),
            parent=level.parent,
            report=level.report,
        )
        for level in levels
    )
    models.save(db, name, artifacts, now)
