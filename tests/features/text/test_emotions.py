"""Emotions: the shipped heads on plain sentences, their figures on data, and what holds for any text."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.text import emotions
from features.text.analyzer import EMOTIONS_OF
from features.text.embeddings import embed
from features.text.emotions import (
    DOMINANCE,
    EMOTIONS,
    dominant,
    emotion_probabilities,
    pack,
    probabilities,
    shipped_heads,
    unpack,
)
from features.text.ngrams import hashed_counts
from lab.evaluate.emotion import evaluate
from lab.evaluate.labelled import read_lines

SENTENCES = Path(__file__).parent / "labels" / "emotions.jsonl"  # the same two sentences a label in 15 languages


@pytest.mark.parametrize(
    ("post", "emotion"),
    [
        ("I am so happy today, this is wonderful, thank you all!", "joy"),
        ("I am furious, this is outrageous and you make me so angry", "anger"),
        ("I miss her so much, I can't stop crying, so sad", "sadness"),
        ("I am terrified and so scared of what comes next", "fear"),
        ("Wow, I did not expect that, what a surprise!", "surprise"),
    ],
)
def test_simple_sentences_get_their_emotion_in_both_tiers(post: str, emotion: str) -> None:
    assert dominant(probabilities([post], embed([post]))[0]) == emotion
    assert dominant(probabilities([post], None)[0]) == emotion


def test_simple_sentences_of_other_languages_get_their_emotion() -> None:
    lines = [json.loads(line) for line in SENTENCES.read_text().splitlines()]
    read = [line for line in lines if line["language"] in EMOTIONS_OF["embeddings"]]
    texts = [line["text"] for line in read]
    labels = sorted({line["label"] for line in read})

    best = emotion_probabilities(texts, embed(texts)).of(labels).argmax(axis=1)

    right = [labels[place] == line["label"] for place, line in zip(best, read, strict=True)]
    assert np.mean(right) >= 0.75
    by_language = {
        code: np.mean([hit for hit, line in zip(right, read, strict=True) if line["language"] == code])
        for code in {line["language"] for line in read}
    }
    assert len(by_language) >= 10
    assert min(by_language.values()) >= 0.6


def test_the_weights_are_small() -> None:
    weights = Path(emotions.__file__).parent / "weights"
    size = {path.name: path.stat().st_size / 1e6 for path in weights.glob("*.npz")}

    assert size["words.npz"] + size["emotions_linear.npz"] < 10
    assert size["emotions_embeddings.npz"] < 40 - 32.9  # beside the sentence encoder's 32.9 MB


def test_thai_is_covered_by_the_embeddings() -> None:
    posts = ["วันนี้มีความสุขมาก ขอบคุณทุกคน", "เสียใจมาก ร้องไห้ทั้งคืน คิดถึงเขา"]

    glad, sorry = probabilities(posts, embed(posts))

    assert glad["joy"] > sorry["joy"]
    assert sorry["sadness"] > glad["sadness"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=120), min_size=1, max_size=4))
def test_any_text_has_probabilities_and_is_analysed_independently(texts: list[str]) -> None:
    felt = emotion_probabilities(texts, embed(texts))
    alone = emotion_probabilities(texts[:1], embed(texts[:1]))

    assert felt.dominance.sum(axis=1) == pytest.approx(np.ones(len(texts)), abs=1e-5)
    assert ((felt.presence >= 0) & (felt.presence <= 1)).all()
    assert felt.presence[0] == pytest.approx(alone.presence[0], abs=1e-3)


def test_no_texts_return_no_rows() -> None:
    assert emotion_probabilities([], embed([])).of(EMOTIONS).shape == (0, len(EMOTIONS))


def test_no_emotion_is_dominant_when_none_is_probable() -> None:
    assert dominant({}) is None
    assert dominant({"joy": 0.3, "anger": 0.39}) is None


def test_an_unknown_label_is_refused() -> None:
    with pytest.raises(ValueError, match="bliss"):
        emotion_probabilities(["a"], embed(["a"])).of(["bliss"])


@pytest.mark.parametrize("tier", ["linear", "embeddings"])
def test_heads_survive_packing(tier: str) -> None:
    heads = shipped_heads(tier)

    again = unpack(pack(heads))

    assert all((vars(again)[name] == value).all() for name, value in vars(heads).items())


@given(st.text(max_size=200))
def test_buckets_are_ascending_and_inside(text: str) -> None:
    buckets, counts = hashed_counts(text)

    assert (np.diff(buckets) > 0).all()
    assert ((buckets >= 0) & (buckets < 131_072)).all()
    assert (counts >= 1).all()


def test_the_probabilities_of_goemotions_are_calibrated(shared_data: Path) -> None:
    lines = read_lines(shared_data / "emotion" / "goemotions_ekman_dev.jsonl.gz")[::12]

    report = evaluate(lines)

    assert report["ece"] <= 0.07  # 0.03 on all of it
    assert report["macro_f1"] >= 0.5  # a twelfth of the part: 0.59 on all of it
    assert set(DOMINANCE) - {"optimism"} < set(report["per_class"])
