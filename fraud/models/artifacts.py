"""A judge as bytes that need no unpickling: arrays in numpy's npz, the booster inside in its own binary JSON."""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from fraud.fingerprint import fingerprint
from fraud.models.calibration import Calibration
from fraud.models.candidates import from_arrays, to_arrays
from fraud.models.dataset import COLUMNS
from fraud.models.reference import Reference
from fraud.models.validation import Judge

FORMAT = "npz"
TRAIN_AGAIN = "train again: feedpulse run daily"


def pack(judge: Judge) -> dict[str, Any]:
    """The fields `artifact`, `format`, `checksum`, `features` and `fingerprint` of the judge's document."""
    parts = {
        "detector": to_arrays(judge.detector),
        "calibration": vars(judge.calibration),
        "people": vars(judge.reference),
    }
    arrays = {f"{part}/{name}": value for part, fields in parts.items() for name, value in fields.items()}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    content = buffer.getvalue()
    checksum = hashlib.sha256(content).hexdigest()
    learnt_from = {"features": list(COLUMNS), "fingerprint": fingerprint()}
    return {"artifact": content, "format": FORMAT, "checksum": checksum, **learnt_from}


def unpack(document: Mapping[str, Any]) -> Judge:
    """The judge of a document that `pack` made.

    Raises:
        ValueError: for bytes that were changed, another format, model, other columns or another fingerprint of them.
    """
    _check(document)
    try:
        with np.load(io.BytesIO(document["artifact"]), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise ValueError(f"artifact: not an npz ({error})") from error
    detector = from_arrays(document["model"], _part("detector", arrays))
    calibration, reference = Calibration(**_part("calibration", arrays)), Reference(**_part("people", arrays))
    return Judge(document["model"], detector, calibration, reference)


def _part(part: str, arrays: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(f"{part}/"): each for name, each in arrays.items() if name.startswith(f"{part}/")}


def _check(document: Mapping[str, Any]) -> None:
    kind, stored = document.get("format"), document.get("fingerprint")
    if kind != FORMAT:
        raise ValueError(f"artifact: format {kind!r}, {FORMAT!r} is needed")
    if hashlib.sha256(document["artifact"]).hexdigest() != document.get("checksum"):
        raise ValueError("artifact: its checksum does not fit")
    if list(document.get("features") or ()) != list(COLUMNS):
        raise ValueError(f"artifact: learnt from other features than these; {TRAIN_AGAIN}")
    if stored != fingerprint():
        named = f"fingerprint {stored or 'unknown'}, they have {fingerprint()} now"
        raise ValueError(f"artifact: learnt from features of {named}; {TRAIN_AGAIN}")
