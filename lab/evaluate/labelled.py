"""What both evaluations of texts share: labelled lines in, figures out."""

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
    """One text with its labels; `several` where the file gave a list."""

    text: str
    labels: tuple[str, ...]
    several: bool


def read_lines(path: Path) -> list[Line]:
    """Lines {"text", "label"}, plain or gzip; empty lines are left out.

    Raises:
        ValueError: naming the line that is not such an object.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        return [_line(each, number) for number, each in enumerate(lines, 1) if each.strip()]


def figures(truth: Sequence[str], best: Sequence[str], sure: NDArray[np.float64]) -> dict[str, Any]:
    """accuracy, macro_f1, ece and per_class of single labels; `sure`, of shape (n,), is the best one's probability."""
    hits = np.array([said == true for said, true in zip(best, truth, strict=True)])
    rows = {label: class_row(truth, best, label) for label in sorted(set(truth))}
    return {
        "n": len(truth),
        "accuracy": float(hits.mean()) if len(hits) else 0.0,
        "macro_f1": float(np.mean([row["f1"] for row in rows.values()])) if rows else 0.0,
        "ece": calibration_error(sure, hits),
        "per_class": rows,
    }


def class_row(truth: Sequence[str], best: Sequence[str], label: str) -> dict[str, float]:
    """Precision, recall, F1 and how many there are of one label."""
    true = np.array([each == label for each in truth])
    said = np.array([each == label for each in best])
    return rates(true, said)


def rates(true: NDArray[np.bool_], said: NDArray[np.bool_]) -> dict[str, float]:
    """Precision, recall, F1 and how many are true.

    >>> rates(np.array([True, True, False, False]), np.array([True, False, True, False]))["f1"]
    0.5
    """
    both, n_true, n_said = int((true & said).sum()), int(true.sum()), int(said.sum())
    f1 = 2 * both / (n_true + n_said) if n_true + n_said else 0.0
    return {"precision": both / max(n_said, 1), "recall": both / max(n_true, 1), "f1": f1, "n": n_true}


def calibration_error(sure: NDArray[np.float64], hits: NDArray[np.bool_]) -> float:
    """The mean distance of probability and share of hits, over 15 equal bins (Guo et al., 2017).

    >>> calibration_error(np.array([0.75, 0.75, 0.75, 0.75]), np.array([True, True, True, False]))
    0.0
    """
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    inside = [bins == each for each in range(BINS)]
    parts = [abs(float(sure[each].mean() - hits[each].mean())) * each.sum() for each in inside if each.any()]
    return float(sum(parts) / max(1, len(sure)))


def memory_mib() -> float:
    """The most memory that this process held so far, in MiB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _BYTES_PER_UNIT / 2**20, 1)


def _line(line: str, number: int) -> Line:
    try:
        row = json.loads(line)
        label = row["label"]
        labels = (label,) if isinstance(label, str) else tuple(map(str, label))
        return Line(str(row["text"]), labels, not isinstance(label, str))
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f'line {number}: {{"text", "label"}} is needed: {str(error)[:80]}') from error
