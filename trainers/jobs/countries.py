"""coldstartTrainer: the guest rankers of the world, the continents and all countries of ISO 3166-1."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from features.countries import CONTINENT_OF, COUNTRIES
from features.fingerprint import fingerprint
from features.jobs.history import read_history
from features.matrix import GUEST_COLUMNS, build
from features.milliseconds import DAY_MS, to_ms
from features.ranking.history import History
from features.ranking.indexes import Known, index
from store.client import Databases
from store.outputs import models
from store.rules.model_names import COUNTRY_ARTIFACTS, GUEST_MODEL, WORLD_ARTIFACTS
from trainers.hierarchy import Ladder, Table, Trained, climb, unlearnt
from trainers.rows.requests import Requests, requests
from trainers.rows.sampling import Sample, affordable, sample


@dataclass(frozen=True)
class Config:
    """How much is learnt from."""

    learn_days: float = 60.0  # requests of this long before the clock
    live_days: float = 30.0  # contents older than this are not ranked
    most_requests: int = 6_000  # the newest; bounds memory and time
    others: int = 60  # sampled candidates a request that were not shown, fewer where requests are many
    seed: int = 7
    discount_bots: bool = True  # likely bots' engagement teaches nothing
    ladder: Ladder = field(default_factory=Ladder)


def train_countries(db: Databases, now: datetime, config: Config = Config()) -> dict[str, Any]:
    """One artifact for every country, trained on what lies before `now`; those without a gain name their parent."""
    since = now - timedelta(days=config.learn_days + config.live_days)
    history = read_history(db, since, now, discount_bots=config.discount_bots)

    learnt, trained = learn(history, now, config)

    _save(db, [each for each in trained if each.account in CONTINENT_OF], COUNTRY_ARTIFACTS, now)
    _save(db, [each for each in trained if each.account not in CONTINENT_OF], WORLD_ARTIFACTS, now)
    return {
        "countries": len(COUNTRIES),
        "ownModel": sum(bool(each.artifact) for each in trained if each.account in CONTINENT_OF),
        "failed": sum(str(each.report.get("why")).startswith("failed") for each in trained),
        **learnt,
        "rejected": dict(history.rejected),
    }


def learn(history: History, now: datetime, config: Config) -> tuple[dict[str, int], list[Trained]]:
    """How much there is to learn from, and the trained levels."""
    table = learning_table(history, index(history), now, config)
    counts = {"rows": len(table.request), "engaged": int(table.engaged.sum())}
    return counts, list(climb(table, config.ladder) if table.engaged.any() else unlearnt())


def learning_table(history: History, known: Known, now: datetime, config: Config) -> Table:
    """Rows of the newest requests before `now`, as guests see them."""
    taken = sampled(history, now, config)
    matrix = build(known, taken.rows, GUEST_COLUMNS)
    return Table(matrix, taken.engaged, taken.weight, taken.request, taken.rows.country)


def sampled(history: History, now: datetime, config: Config) -> Sample:
    """The newest requests whose 24 h are over at `now`, as rows."""
    end = to_ms(now) - DAY_MS
    asked = requests(history, end - int(config.learn_days * DAY_MS), end)
    newest = Requests(asked.account[-config.most_requests :], asked.time_ms[-config.most_requests :])
    others = affordable(config.others, len(newest))
    return sample(history, newest, others, config.seed, config.live_days)


def _save(db: Databases, trained: list[Trained], name: str, now: datetime) -> None:
    artifacts = (
        models.Artifact(
            account=each.account,
            model=GUEST_MODEL,
            artifact=each.artifact,
            format="ubj" if each.artifact else "identity",
            features=GUEST_COLUMNS,
            fingerprint=fingerprint(GUEST_COLUMNS),
            parent=each.parent,
            report=each.report,
        )
        for each in trained
    )
    models.save(db, name, artifacts, now)
