"""evaluate language and evaluate emotion: what they print for data of our own."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from lab.evaluate.labelled import calibration_error, figures, read_lines
from ops.commands.evaluate import emotion, language

NAMES = {"n", "accuracy", "macro_f1", "ece", "per_class", "ms_per_text"}


def run(command: object, path: Path, *more: str) -> dict[str, object]:
    app = typer.Typer()
    app.command()(command)  # type: ignore[type-var]
    ran = CliRunner().invoke(app, ["--data", str(path), "--json", *more])
    assert ran.exit_code == 0, ran.output
    return dict(json.loads(ran.stdout))


def write(path: Path, *rows: tuple[str, object]) -> Path:
    lines = "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows)
    path.write_bytes(gzip.compress(lines.encode()) if path.suffix == ".gz" else lines.encode())
    return path


def test_language_of_right_and_wrong_labels(tmp_path: Path) -> None:
    rows = [("Guten Morgen zusammen, wie geht es euch?", "de"), ("Good morning everybody, how are you?", "fr")]

    report = run(language.command, write(tmp_path / "x.jsonl.gz", *rows, ("x", "tlh")))

    assert set(report) > NAMES
    assert (report["n"], report["accuracy"], report["unsupported"]) == (2, 0.5, ["tlh"])


def test_other_spellings_of_languages_are_read(tmp_path: Path) -> None:
    report = run(language.command, write(tmp_path / "x.jsonl", ("מה שלומך היום חבר יקר", "iw")))

    assert report["accuracy"] == 1


def test_emotion_of_single_labels(tmp_path: Path) -> None:
    rows = [("I am so happy, what a great day", "happy"), ("I hate this, I am so angry", "anger"), ("x", "boredom")]

    report = run(emotion.command, write(tmp_path / "x.jsonl", *rows))

    assert set(report) > NAMES
    assert (report["n"], report["accuracy"], report["left_out"]) == (2, 1, {"boredom": 1})


def test_emotion_of_lists_counts_a_hit_in_the_list(tmp_path: Path) -> None:
    rows = [("I am so happy, what a great day", ["joy", "neutral"]), ("I am so scared and terrified", ["fear"])]

    report = run(emotion.command, write(tmp_path / "x.jsonl", *rows))

    assert report["accuracy"] == 1


def test_sentiments_are_separated_by_language(tmp_path: Path) -> None:
    rows = [(f"วันนี้มีความสุขมาก ขอบคุณทุกคน {place}", "pos") for place in range(12)]
    rows += [(f"เสียใจมาก ร้องไห้ทั้งคืน คิดถึงเขา {place}", "neg") for place in range(12)]

    report = run(emotion.command, write(tmp_path / "x.jsonl", *rows, ("กินข้าว", "neutral")))

    thai = {"positive": 12, "negative": 12, "auc": 1.0}
    assert report["sentiment"] == thai | {"per_language": {"th": thai}}


def test_both_tiers_can_be_evaluated(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", ("I am so happy", "joy"), ("I am so angry, I hate this", "anger"))

    linear = run(emotion.command, path, "--tier", "linear")

    assert (linear["tier"], linear["accuracy"]) == ("linear", 1)


def test_figures_follow_a_hand_made_example() -> None:
    report = figures(["a", "a", "b"], ["a", "b", "b"], np.array([1.0, 1.0, 1.0]))

    assert report["accuracy"] == pytest.approx(2 / 3)
    assert report["macro_f1"] == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert report["ece"] == pytest.approx(1 / 3)


def test_nothing_is_calibrated() -> None:
    assert calibration_error(np.array([]), np.array([], bool)) == 0


@pytest.mark.parametrize("line", ['{"text": "a"}', "nonsense", "[]", '{"text": "a", "label": 7}'])
def test_a_bad_line_is_named_by_its_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "a", "label": "b"}\n' + line + "\n")

    with pytest.raises(ValueError, match="line 2"):
        read_lines(path)
