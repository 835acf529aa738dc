"""Reads the models that serve one viewer, and caches opened boosters until they are trained again."""

from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np

from features.arrays import Floats
from features.countries import CONTINENT_OF, COUNTRIES
from features.fingerprint import COLUMNS_OF, fingerprint
from features.ranking.boosters import load_booster
from features.ranking.member_columns import EFFECT_COLUMNS
from predictors.personal.model_stack import ModelStack
from store.client import Databases
from store.ids import Document
from store.inputs.viewer import ServingState
from store.outputs import models
from store.rules.model_names import (
    COUNTRY_ARTIFACTS,
    GUEST_MODEL,
    MEMBER_MODEL,
    MEMBERS,
    PERSONAL_MODEL,
    WORLD,
    WORLD_ARTIFACTS,
)

Refused = dict[str, int]


def levels_of(country: int) -> dict[str, list[str]]:
    """Returns the accounts of the boosters that may serve a country, by the artifacts' collection."""
    above = [WORLD, *([CONTINENT_OF[COUNTRIES[country]]] if country >= 0 else []), MEMBERS]
    return {WORLD_ARTIFACTS: above} | ({COUNTRY_ARTIFACTS: [COUNTRIES[country]]} if country >= 0 else {})


def read_model_stack(db: Databases, country: int, state: ServingState, as_guest: bool) -> tuple[ModelStack, Refused]:
    """Returns the models of an account, of a guest without the member levels, and refused artifacts by reason."""
    refused: Refused = {}
    boosters = _boosters(db, state, as_guest, refused)
    order = [level for accounts in levels_of(country).values() for level in accounts]  # the world first
    guest = {level: boosters[level, GUEST_MODEL] for level in order if (level, GUEST_MODEL) in boosters}
    if as_guest:
        return ModelStack(guest), refused
    return ModelStack(guest, boosters.get((MEMBERS, MEMBER_MODEL)), _member_weights(state.effects, refused)), refused


def _boosters(db: Databases, state: ServingState, as_guest: bool, refused: Refused) -> dict[tuple[str, str], Any]:
    boosters = {}
    for stamp in state.boosters:
        account, model = stamp["account"], stamp["model"]
        if model == GUEST_MODEL or (model == MEMBER_MODEL and not as_guest):
            try:
                version = str(stamp.get("checksum")), str(stamp.get("fingerprint"))
                boosters[account, model] = _opened(db, stamp["collection"], account, model, version)
            except ValueError as error:  # an ArtifactError, or XGBoost's error on damaged bytes
                refused[_one_line(error)] = 1
    return boosters


@lru_cache(maxsize=300)
def _opened(db: Databases, name: str, account: str, model: str, version: tuple[str, str]) -> Any:
    """Returns the booster; a later training has another checksum or fingerprint and so another cache entry."""
    document = next(models.read(db, name, model, {"account": account}), None)
    if document is None:
        raise models.ArtifactError(f"{model} of {account}: gone while it was read")
    columns = COLUMNS_OF[model]
    return load_booster(models.check(document, columns, fingerprint(columns)).artifact)


def _member_weights(document: Document | None, refused: Refused) -> Floats | None:
    if document is None or document.get("model") != PERSONAL_MODEL:
        return None
    try:
        weights = np.load(
            BytesIO(models.check(document, EFFECT_COLUMNS, fingerprint(EFFECT_COLUMNS)).artifact), allow_pickle=False
        )
        if weights.shape == (len(EFFECT_COLUMNS),) and np.isfinite(weights).all():
            return np.asarray(weights, dtype=np.float64)
        refused[f"{PERSONAL_MODEL} of {document['account']}: weights of shape {weights.shape}, or not finite"] = 1
    except ValueError as error:  # an ArtifactError, or numpy's error on damaged bytes
        refused[_one_line(error)] = 1
    return None


def _one_line(error: ValueError) -> str:
    return str(error).splitlines()[0][:200]
