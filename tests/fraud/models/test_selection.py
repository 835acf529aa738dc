"""Which candidate is served: the floors under which nothing is compared."""

import numpy as np
import pytest

from fraud.models.dataset import Sample
from fraud.models.selection import _trusted, choose

BOT, HUMAN, UNVERIFIED = 1, 0, -1


def sample(bots: int, people: int, unverified: int = 0) -> Sample:
    """Bots that read unlike people, one a group; the kinds are spread over the same time."""
    label = np.repeat([BOT, HUMAN, UNVERIFIED], [bots, people, unverified])
    time = np.concatenate([np.linspace(0, 1000, rows).astype(np.int64) for rows in (bots, people, unverified)])
    columns = np.random.default_rng(1).normal(size=(len(label), 56)) + 2.0 * (label == BOT)[:, None]
    return Sample(columns, np.full(len(label), 60), label, np.arange(len(label)), time)


@pytest.mark.parametrize(
    ("bots", "share"),
    [(19, 0.5), (20, 0.36), (20, 0.65)],
    ids=["19 bots", "7 later bots", "7 earlier bots"],
)
def test_too_few_bots_are_compared_with_nobody(bots: int, share: float) -> None:
    verdict = choose(sample(bots, 60), alpha=0.01, validation_share=share)

    assert verdict.served == "one_class"
    assert verdict.reports == {"one_class": {"bots": bots, "people": 60}}
    assert verdict.reason.startswith(f"{bots} verified bots are too few to compare (needed: 20)")


def test_forty_bots_of_which_eight_are_later_are_compared() -> None:
    verdict = choose(sample(40, 120), alpha=0.01, validation_share=0.2)

    assert set(verdict.reports) == {"design_pca", "one_class", "supervised", "combined"}
    assert verdict.reports["one_class"]["bots"] == 8


@pytest.mark.parametrize(("people", "rows"), [(49, 10 + 49 + 7), (50, 10 + 50)])
def test_the_unverified_pass_for_people_until_fifty_people_are_verified(people: int, rows: int) -> None:
    assert len(_trusted(sample(10, people, 7))) == rows
