"""Packs a calibrated detector without pickle: arrays as npz, the booster inside as UBJSON."""

import hashlib
from collections.abc import Mapping
from typing import Any

from features.arrays import pack_arrays, unpack_arrays
from fraud.fingerprint import fingerprint
from fraud.models.calibration import Calibration
from fraud.models.candidates import from_arrays, to_arrays
from fraud.models.dataset import COLUMNS
from fraud.models.reference import Reference
from fraud.models.validation import CalibratedDetector

FORMAT = "npz"
TRAIN_AGAIN = "train again: feedpulse run daily"


def pack(detector: CalibratedDetector) -> dict[str, Any]:
    """Returns the fields `artifact`, `format`, `checksum`, `features` and `fingerprint` of the detector's document."""
    parts = {
        "detector": to_arrays(detector.detector),
        "calibration": vars(detector.calibration),
        "people": vars(detector.reference),
    }
    arrays = {f"{part}/{name}": value for part, fields in parts.items() for name, value in fields.items()}
    content = pack_arrays(arrays, compress=True)
    checksum = hashlib.sha256(content).hexdigest()
    trained_on = {"features": list(COLUMNS), "fingerprint": fingerprint()}
    return {"artifact": content, "format": FORMAT, "checksum": checksum, **trained_on}


def unpack(document: Mapping[str, Any]) -> CalibratedDetector:
    """Returns the detector of a document that `pack` wrote.

    Raises:
        ValueError: for changed bytes, an unknown format or model, other features or another fingerprint of them.
    """
    _check(document)
    try:
        arrays = unpack_arrays(document["artifact"])
    except ValueError as error:
        raise ValueError(f"artifact: {error}") from error
    detector = from_arrays(document["model"], _part("detector", arrays))
    calibration, reference = Calibration(**_part("calibration", arrays)), Reference(**_part("people", arrays))
    return CalibratedDetector(document["model"], detector, calibration, reference)


def _part(part: str, arrays: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(f"{part}/"): array for name, array in arrays.items() if name.startswith(f"{part}/")}


def _check(document: Mapping[str, Any]) -> None:
    kind, stored = document.get("format"), document.get("fingerprint")
    if kind != FORMAT:
        raise ValueError(f"artifact: format {kind!r} instead of {FORMAT!r}")
    if hashlib.sha256(document["artifact"]).hexdigest() != document.get("checksum"):
        raise ValueError("artifact: checksum does not match")
    if list(document.get("features") or ()) != list(COLUMNS):
        raise ValueError(f"artifact: trained on other features; {TRAIN_AGAIN}")
    if stored != fingerprint():
        named = f"fingerprint {stored or 'unknown'}, today's is {fingerprint()}"
        raise ValueError(f"artifact: trained on features of {named}; {TRAIN_AGAIN}")
