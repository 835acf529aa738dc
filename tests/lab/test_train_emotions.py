"""The command that trains the emotion heads: named files in, weights out, the same each time."""

import gzip
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from features.text.emotions import unpack
from features.text.word_vectors import word_vectors
from lab.train_emotions import app

FEELS = {
    "joy": "so happy and glad today",
    "anger": "this makes me furious, so angry",
    "sadness": "crying all night, so sad",
    "fear": "scared and terrified of it",
    "disgust": "disgusting, I feel sick",
    "surprise": "wow, what a surprise",
    "neutral": "the train leaves at nine",
    "optimism": "we will make it, keep going",
}
SMALL = {"presence": ("joy", "anger", "sadness", "fear", "disgust", "surprise", "neutral"),
         "dominance": ("joy", "anger", "sadness", "optimism")}  # fmt: skip


def written(folder: Path, part: str) -> Path:
    lines = [
        {"text": f"{text} {place}", "label": label if part == "dominance" else [label]}
        for label, text in FEELS.items()
        if label in SMALL[part]
        for place in ("here", "there", "at home", "in town", "at work", "outside")
    ]
    path = folder / f"{part}.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))
    return path


@pytest.mark.slow
def test_heads_are_fitted_from_the_files_that_are_named_and_the_same_each_time(tmp_path: Path) -> None:
    files = [f"--{part}={written(tmp_path, part)}" for part in SMALL]

    results = [CliRunner().invoke(app, ["heads", *files, f"--out={tmp_path / out}"]) for out in ("a", "b")]

    assert [result.exit_code for result in results] == [0, 0]
    for name in ("emotions_linear.npz", "emotions_embeddings.npz"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    texts = ["so happy and glad today", "crying all night, so sad"]
    _, dominance = unpack((tmp_path / "a" / "emotions_linear.npz").read_bytes()).scores(texts, word_vectors(texts))
    assert dominance.argmax(axis=1).tolist() == [1, 3]
