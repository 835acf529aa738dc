"""Trains the emotion heads from given data: `python -m lab.train_emotions heads --presence … --dominance …`."""

import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from features.text import word_vectors
from features.text.cleaning import clean
from features.text.embeddings import embed
from features.text.emotions import Floats, dense_vectors, pack
from trainers.text.emotion_heads import DOMINANCE, PRESENCE, Config, Labelled, fit_heads, targets_of
from trainers.text.word_vectors import make_table, vocabulary

WEIGHTS = Path(__file__).resolve().parents[1] / "features" / "text" / "weights"
LEAST_TEXTS = 1  # with a word, for the word to get a vector
EMOJI_DIMENSIONS, EMBEDDING_DIMENSIONS = 48, 96
FITS = {"linear": Config(), "embeddings": Config(dense_spread=0.05)}
Texts = tuple[list[str], list[list[str]]]  # cleaned, with their labels

app = typer.Typer(help="Trains the weights in features/text/weights. Update their card when the data changes.")


@app.command()
def heads(
    presence: Annotated[Path, typer.Option(help="lines {text, label}: Ekman's emotions or neutral")],
    dominance: Annotated[Path, typer.Option(help="lines {text, label}: anger, joy, optimism or sadness")],
    out: Annotated[Path, typer.Option(help="the folder of the weights")] = WEIGHTS,
) -> None:
    """Fits the emotion heads of both tiers on the existing word vectors."""
    first, second = labelled(presence), labelled(dominance)
    seen = {"linear": (None, None), "embeddings": (embed(first[0]), embed(second[0]))}
    for tier, (left, right) in seen.items():
        fitted = fit_heads(_rows(first, PRESENCE, left), _rows(second, DOMINANCE, right), FITS[tier])
        _write(out / f"emotions_{tier}.npz", pack(fitted))


@app.command()
def words(
    texts: Annotated[list[Path], typer.Option(help="lines {text, …}; their words get vectors")],
    emoji: Annotated[Path, typer.Option(help="fastText emoji classifier: nade_250k_hp.ftz of nade 0.3.1")],
    out: Annotated[Path, typer.Option(help="the folder of the weights")] = WEIGHTS,
) -> None:
    """Computes word vectors from an emoji classifier and the sentence encoder."""
    known = [text for path in texts for text in labelled(path)[0]]
    weights = vocabulary(known, LEAST_TEXTS)
    teachers = [(_emoji_scores(emoji, list(weights)), EMOJI_DIMENSIONS), (embed(list(weights)), EMBEDDING_DIMENSIONS)]
    _write(out / "words.npz", word_vectors.pack(make_table(weights, teachers, known)))


def labelled(path: Path) -> Texts:
    """Returns the cleaned texts of a file and the labels of each."""
    rows = list(_lines(path))
    return [clean(text) for text, _ in rows], [labels for _, labels in rows]


def _rows(texts: Texts, names: tuple[str, ...], embeddings: Floats | None) -> Labelled:
    return Labelled(texts[0], dense_vectors(texts[0], embeddings), targets_of(texts[1], names))


def _emoji_scores(model: Path, vocabulary: Sequence[str]) -> Floats:
    """Returns the logarithm of each emoji's probability after each word; shape (words, emoji)."""
    import fasttext

    predict: Callable[..., tuple[Sequence[str], Sequence[float]]] = fasttext.load_model(str(model)).predict
    predictions = [dict(zip(*predict(word, k=1000), strict=True)) for word in vocabulary]
    emoji = sorted({label for prediction in predictions for label in prediction})
    table = np.array([[prediction.get(label, 0.0) for label in emoji] for prediction in predictions], np.float32)
    return np.asarray(np.log(table + 1e-4))


def _lines(path: Path) -> Iterator[tuple[str, list[str]]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield row["text"], [row["label"]] if isinstance(row["label"], str) else row["label"]


def _write(path: Path, packed: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed)
    typer.echo(f"{path.name}: {len(packed):,} bytes", err=True)


if __name__ == "__main__":
    app()
