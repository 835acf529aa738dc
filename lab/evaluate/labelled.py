"""Labelled lines and figures, shared by the evaluations of texts."""

import gzip
import json
import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 15  # of the calibration error
_BYTES_PER_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Line:
    """One text with its labels; `is_list` when the file has a list."""

    text: str
    labels: tuple[str, ...]
    is_list: bool


def read_lines(path: Path) -> list[Line]:
    """Reads lines {"text", "label"}, plain or gzip, without empty lines.

    Raises:
        ValueError: for a line that is no such object; names its number.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        return [_line(line, number) for number, line in enumerate(lines, 1) if line.strip()]


def figures(truth: Sequence[str], best: Sequence[str], confidence: NDArray[np.float64]) -> dict[str, Any]:
    """Returns accuracy, macro_f1, ece and per_class of single labels; `confidence`: (n,), of the best label."""
    hits = np.array([predicted == true for predicted, true in zip(best, truth, strict=True)])
    rows = {label: class_row(truth, best, label) for label in sorted(set(truth))}
    return {
        "n": len(truth),
        "accuracy": float(hits.mean()) if len(hits) else 0.0,
        "macro_f1": float(np.mean([row["f1"] for row in rows.values()])) if rows else 0.0,
        "ece": calibration_error(confidence, hits),
        "per_class": rows,
    }


def class_row(truth: Sequence[str], best: Sequence[str], label: str) -> dict[str, float]:
    """Returns precision, recall, F1 and number of one label."""
    return rates(np.array([name == label for name in truth]), np.array([name == label for name in best]))


def rates(true: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> dict[str, float]:
    """Returns precision, recall, F1 and the number of true ones.

    >>> rates(np.array([True, True, False, False]), np.array([True, False, True, False]))["f1"]
    0.5
    """
    both, n_true, n_predicted = int((true & predicted).sum()), int(true.sum()), int(predicted.sum())
    f1 = 2 * both / (n_true + n_predicted) if n_true + n_predicted else 0.0
    return {"precision": both / max(n_predicted, 1), "recall": both / max(n_true, 1), "f1": f1, "n": n_true}


def calibration_error(confidence: NDArray[np.float64], hits: NDArray[np.bool_]) -> float:
    """Returns the mean distance of probability and share of hits, over 15 equal bins (Guo et al., 2017).

    >>> calibration_error(np.array([0.75, 0.75, 0.75, 0.75]), np.array([True, True, True, False]))
    0.0
    """
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    members = [bins == number for number in range(BINS)]
    parts = [abs(float(confidence[rows].mean() - hits[rows].mean())) * rows.sum() for rows in members if rows.any()]
    return float(sum(parts) / max(1, len(confidence)))


def memory_mib() -> float:
    """Returns the peak memory of this process so far, in MiB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _BYTES_PER_UNIT / 2**20, 1)


def _line(line: str, number: int) -> Line:
    try:
        row = json.loads(line)
        label = row["label"]
        labels = (label,) if isinstance(label, str) else tuple(map(str, label))
        return Line(str(row["text"]), labels, not isinstance(label, str))
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f'line {number}: {{"text", "label"}} is needed: {str(error)[:80]}') from error
