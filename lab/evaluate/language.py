"""Evaluates the language identifier on labelled texts."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from features.text.language import UNKNOWN, Language, canonical, identify, supported
from lab.evaluate.labelled import Line, figures, memory_mib


def evaluate(lines: Sequence[Line]) -> dict[str, Any]:
    """The figures over the texts of supported languages; what is not supported is counted.

    Other spellings of codes (no, iw, zh-cn …) are read as features.text.language.SPELLINGS says.
    """
    identify("warm up")  # the models are read once
    known = supported()
    spelled = [(line.text, canonical(line.labels[0])) for line in lines if line.labels]
    judged = [(text, label) for text, label in spelled if label in known or label == UNKNOWN]

    started = time.perf_counter()
    found = [identify(text) for text, _ in judged]
    seconds = time.perf_counter() - started

    truth = [label for _, label in judged]
    return _report(truth, found, seconds) | {
        "unsupported": sorted({label for _, label in spelled} - known - {UNKNOWN}),
        "left_out": len(lines) - len(judged),
        "memory_mib": memory_mib(),
    }


def _report(truth: Sequence[str], found: Sequence[Language], seconds: float) -> dict[str, Any]:
    best = [each.code for each in found]
    sure = np.array([each.probability for each in found], np.float64)
    return figures(truth, best, sure) | {"ms_per_text": 1000 * seconds / max(1, len(truth))}
