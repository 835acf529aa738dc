"""Which candidate is served: the floors under which nothing is compared."""

from dataclasses import replace

import numpy as np
import pytest

from fraud.models.dataset import Sample
from fraud.models.selection import Selection, _trusted, select_detector

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
    verdict = select_detector(sample(bots, 60), alpha=0.01, validation_share=share)

    assert verdict.served == "one_class"
    assert verdict.reports == {"one_class": {"bots": bots, "people": 60}}
    assert verdict.reason.startswith(f"{bots} verified bots are too few to compare (needed: 20)")


def test_forty_bots_of_which_eight_are_later_are_compared() -> None:
    verdict = select_detector(sample(40, 120), alpha=0.01, validation_share=0.2)

    assert set(verdict.reports) == {"design_pca", "one_class", "supervised", "combined"}
    assert verdict.reports["one_class"]["bots"] == 8


@pytest.mark.parametrize(("people", "rows"), [(49, 10 + 49 + 7), (50, 10 + 50)])
def test_the_unverified_pass_for_people_until_fifty_people_are_verified(people: int, rows: int) -> None:
    assert len(_trusted(sample(10, people, 7))) == rows


@pytest.fixture(scope="module")
def verdict_on_kinds() -> Selection:
    """The gate's verdict on four kinds of bots, each of which reads unlike people in fourteen numbers of its own."""
    several = sample(80, 240, 100)
    kind = np.arange(80) % 4
    columns = np.random.default_rng(3).normal(size=several.X.shape)
    for bot in range(80):
        columns[bot, 14 * kind[bot] : 14 * kind[bot] + 14] += 4.0
    return select_detector(replace(several, X=columns), alpha=0.01, validation_share=0.3)


def test_a_kind_of_bots_is_unseen_when_it_was_left_out_of_training(verdict_on_kinds: Selection) -> None:
    report = verdict_on_kinds.reports["supervised"]

    assert report["tpr@1%fpr"] > 0.9
    assert report["unseen"]["tpr@1%fpr"] < 0.5


def test_who_needs_no_labels_finds_the_kinds_left_out(verdict_on_kinds: Selection) -> None:
    assert verdict_on_kinds.reports["one_class"]["unseen"]["tpr@1%fpr"] > 0.9


def test_the_best_mean_of_later_and_unseen_bots_is_served(verdict_on_kinds: Selection) -> None:
    reports = verdict_on_kinds.reports
    merit = {model: (report["tpr@1%fpr"] + report["unseen"]["tpr@1%fpr"]) / 2 for model, report in reports.items()}

    assert merit[verdict_on_kinds.served] == max(merit.values()) > min(merit.values()) + 0.2
    assert [f"{model} {value:.3f}" in verdict_on_kinds.reason for model, value in merit.items()] == [True] * 4


def test_candidates_are_compared_on_verified_people_alone_where_there_are_fifty(verdict_on_kinds: Selection) -> None:
    # the 24 latest of 80 bots, and of 240 people as many in a hundred: 30 % of them, and no unverified row
    report = verdict_on_kinds.reports["one_class"]

    assert (report["bots"], report["people"]) == (24, 72)
