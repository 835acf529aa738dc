"""The evaluation says what it promises, about readers whose truth is known."""

import json
from pathlib import Path

import numpy as np
import pytest
import typer

from lab.evaluate.attacks import FAMILIES, people
from lab.evaluate.fraud import Size, evaluate_sample, evaluate_worlds, recalibrated
from lab.evaluate.fraud_worlds import loaded_sample, read_humans, read_labels, sample_of
from ops.commands.evaluate.fraud import command
from store.client import Databases
from store.ids import ObjectId
from tests.fraud.conftest import NOW, Insert, community, insert  # noqa: F401 (a fixture)


def test_a_labelled_database_is_evaluated_on_later_credentials(db: Databases, insert: Insert, tmp_path: Path) -> None:  # noqa: F811
    readers = community(150, 14, 80)
    credentials = insert(readers.streams)
    rows = zip(credentials, (readers.family != "human").tolist(), strict=True)
    lines = [json.dumps({"seenCredential": str(key), "bot": bot}) for key, bot in rows]
    (tmp_path / "labels.jsonl").write_text("\n".join(lines))

    report = evaluate_sample(loaded_sample(db, NOW, read_labels(tmp_path / "labels.jsonl")))

    assert report["families"]["labelled"]["auc"] > 0.97
    assert report["human_fpr"]["labelled"]["n"] > 20
    assert {"auc", "tpr@1%fpr", "precision"} <= set(report["design_pca"])


def test_a_bad_label_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "labels").write_text(f'{{"seenCredential": "{ObjectId()}", "bot": true}}\n{{"bot": true}}\n')

    with pytest.raises(ValueError, match="line 2"):
        read_labels(tmp_path / "labels")


def test_a_folder_without_readings_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="has no feeditems"):
        command(humans=[tmp_path], labels=None, seed=1, as_json=True)


@pytest.mark.slow
def test_the_report_has_every_family_at_every_number_of_readings() -> None:
    report = evaluate_worlds(3, [], Size(200, 16, 80, 8))

    assert set(report["families"]) == set(report["unseen"]) == set(FAMILIES)
    for figure in (*report["families"].values(), *report["unseen"].values()):
        assert set(figure) == {"auc", "tpr@1%fpr", "by_readings"}
        assert set(figure["by_readings"]) == {"50", "100", "200", "500"}
    assert set(report["human_fpr"]["simulated"]) == {"fpr", "n", "by_readings"}
    assert json.loads(json.dumps(report)) == report


@pytest.mark.slow
def test_one_real_person_in_a_hundred_is_accused_after_recalibration(shared_data: Path) -> None:
    folder = shared_data / "dice_pilot"
    if not folder.is_dir():
        pytest.skip("data/dice_pilot (100 real readers) is not beside this checkout")

    found = recalibrated(read_humans(folder))

    assert found["n"] == 95
    assert found["fpr"] == pytest.approx(0.01, abs=0.006)


def test_people_are_all_judged_by_others_than_themselves() -> None:
    rng = np.random.default_rng(1)
    readers = people(300, 60, rng)

    found = recalibrated(sample_of(readers, np.full(300, 60), rng, verified=0.0))

    assert found["fpr"] < 0.035
