"""Trains the emotion heads from data that a person names: `python -m ops.train_emotions --presence … --dominance …`."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from features.emotions import pack
from features.text import clean
from features.text_embeddings import embed
from ops import show
from trainers.emotions import DOMINANCE, PRESENCE, Labelled, fit_heads, targets_of

WEIGHTS = Path(__file__).resolve().parents[1] / "features" / "weights" / "emotions.npz"


def command(
    presence: Annotated[Path, typer.Option(help="lines {text, label}: any of Ekman's emotions and neutral")],
    dominance: Annotated[Path, typer.Option(help="lines {text, label}: anger, joy, optimism or sadness")],
    out: Annotated[Path, typer.Option(help="where the heads go")] = WEIGHTS,
) -> None:
    """Fits both emotion heads; write the card beside them (features/weights/emotions.md) when the data changes."""
    heads = fit_heads(labelled(presence, PRESENCE), labelled(dominance, DOMINANCE))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(pack(heads))
    show.progress.print(f"{out.name}: {out.stat().st_size:,} bytes")


def labelled(path: Path, names: tuple[str, ...]) -> Labelled:
    """The file's texts, cleaned and embedded, with the labels of these names."""
    rows = list(_rows(path))
    texts = [clean(text) for text, _ in rows]
    return Labelled(texts, embed(texts), targets_of([labels for _, labels in rows], names))


def _rows(path: Path) -> Iterator[tuple[str, list[str]]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield row["text"], [row["label"]] if isinstance(row["label"], str) else row["label"]


if __name__ == "__main__":
    typer.run(command)
