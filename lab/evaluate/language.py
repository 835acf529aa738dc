"""Evaluates the language identifier on labelled texts."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from features.text.language import UNKNOWN, Language, identify, supported
from lab.evaluate.labelled import Line, figures, memory_mib
from store.rules.languages import language_code


def evaluate(lines: Sequence[Line]) -> dict[str, Any]:
    """Returns the figures over texts of supported languages; others are counted.

    store.rules.languages maps other spellings of codes (no, iw, zh-cn …).
    """
    identify("warm up")  # loads the models
    known = supported()
    spelled = [(line.text, language_code(line.labels[0])) for line in lines if line.labels]
    labelled = [(text, label) for text, label in spelled if label in known or label == UNKNOWN]

    started = time.perf_counter()
    identified = [identify(text) for text, _ in labelled]
    seconds = time.perf_counter() - started

    truth = [label for _, label in labelled]
    return _report(truth, identified, seconds) | {
        "unsupported": sorted({label for _, label in spelled} - known - {UNKNOWN}),
        "left_out": len(lines) - len(labelled),
        "memory_mib": memory_mib(),
    }


def _report(truth: Sequence[str], identified: Sequence[Language], seconds: float) -> dict[str, Any]:
    best = [language.code for language in identified]
    confidence = np.array([language.probability for language in identified], np.float64)
    return figures(truth, best, confidence) | {"ms_per_text": 1000 * seconds / max(1, len(truth))}
