"""The candidate detectors: their names, how they are fitted, and how they are stored as arrays."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from features.arrays import Arrays, Floats
from fraud.models.dataset import Sample
from fraud.models.design_pca import DesignPca, fit_design_pca
from fraud.models.one_class import OneClass, fit_one_class
from fraud.models.reference import Reference
from fraud.models.supervised import Supervised, fit_supervised


class Detector(Protocol):
    """Scores rows of features; higher is more suspicious."""

    def score(self, X: Floats) -> Floats:
        """Returns the raw score, shape (rows,)."""


@dataclass(frozen=True)
class Combined:
    """One-class and supervised scores, standardised and added, so that unseen bots count as much as known ones."""

    one_class: OneClass
    supervised: Supervised
    usual: Floats  # (2, 2) middle and spread over people of either score

    def score(self, X: Floats) -> Floats:
        """Returns the sum of both standardised scores, each clipped to ±12, shape (rows,)."""
        both = np.column_stack([self.one_class.score(X), self.supervised.score(X)])
        total: Floats = np.clip((both - self.usual[0]) / self.usual[1], -12, 12).sum(axis=1)
        return total


def fit_combined(sample: Sample, one_class: OneClass, supervised: Supervised) -> Combined:
    """Combines both detectors; the spreads come from the booster's training rows, so calibrate on other rows."""
    people = sample.X[~sample.bot]
    both = np.column_stack([one_class.score(people), supervised.score(people)])
    spread = np.maximum(np.subtract(*np.quantile(both, [0.84, 0.5], axis=0)), 1e-6)
    return Combined(one_class, supervised, np.stack([np.median(both, axis=0), spread]))


def fit_candidates(sample: Sample, labelled: bool = True) -> dict[str, Detector]:
    """Returns every candidate by name, fitted on the sample; without labels only the one-class detector."""
    one_class = fit_one_class(sample)
    if not labelled:
        return {WITHOUT_LABELS: one_class}
    supervised = fit_supervised(sample)
    return {
        "design_pca": fit_design_pca(sample),
        "one_class": one_class,
        "supervised": supervised,
        "combined": fit_combined(sample, one_class, supervised),
    }


CANDIDATES = ("design_pca", "one_class", "supervised", "combined")
WITHOUT_LABELS = "one_class"


def to_arrays(detector: Detector) -> Arrays:
    """Returns the detector as named arrays."""
    if isinstance(detector, Combined):
        one_class, booster = to_arrays(detector.one_class), to_arrays(detector.supervised)
        parts = _prefixed("one_class", one_class) | _prefixed("booster", booster)
        return parts | {"usual": detector.usual}
    if isinstance(detector, OneClass):
        return _prefixed("reference", vars(detector.reference)) | {"usual": detector.usual}
    return {name: np.asarray(value) for name, value in vars(detector).items()}


def from_arrays(model: str, arrays: Mapping[str, NDArray[Any]]) -> Detector:
    """Returns the detector that `to_arrays` stored.

    Raises:
        ValueError: for a model that is no candidate, or arrays of another model.
    """
    if model not in _DECODERS:
        raise ValueError(f"model: {model!r} is not one of {', '.join(_DECODERS)}")
    try:
        return _DECODERS[model](arrays)
    except (KeyError, TypeError) as error:
        raise ValueError(f"artifact: arrays are not those of {model} ({error})") from error


def _one_class(arrays: Mapping[str, NDArray[Any]]) -> OneClass:
    return OneClass(Reference(**_part("reference", arrays)), arrays["usual"])


def _combined(arrays: Mapping[str, NDArray[Any]]) -> Combined:
    booster = Supervised(**_part("booster", arrays))
    return Combined(_one_class(_part("one_class", arrays)), booster, arrays["usual"])


_DECODERS: Mapping[str, Callable[[Mapping[str, NDArray[Any]]], Detector]] = {
    "design_pca": lambda arrays: DesignPca(**arrays),
    "one_class": _one_class,
    "supervised": lambda arrays: Supervised(**arrays),
    "combined": _combined,
}


def _prefixed(part: str, arrays: Mapping[str, Any]) -> Arrays:
    return {f"{part}.{name}": np.asarray(value) for name, value in arrays.items()}


def _part(part: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    return {name.removeprefix(f"{part}."): array for name, array in arrays.items() if name.startswith(f"{part}.")}
