"""The models that serve one member, read when they changed and kept by the container."""

from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np

from features.countries import CONTINENT_OF, COUNTRIES
from features.matrix import GUEST_COLUMNS, MEMBER_COLUMNS
from features.ranking.boosters import opened
from features.ranking.member_columns import PERSONAL
from features.ranking.point_in_time import Floats
from predictors.personal.model_stack import Ladder
from store.client import Databases
from store.ids import Document
from store.inputs.viewer import ServingState
from store.outputs import models

_GUEST, _MEMBER, _PERSONAL = "guest", "member", "personal"  # names of the models
_MEMBERS = "members"  # the account under which the members' booster is stored
_COLUMNS = {_GUEST: GUEST_COLUMNS, _MEMBER: MEMBER_COLUMNS}
Refused = dict[str, int]


def levels_of(country: int) -> dict[str, list[str]]:
    """The accounts of the boosters that may serve a country, by the artifacts' collection."""
    above = ["global", *([CONTINENT_OF[COUNTRIES[country]]] if country >= 0 else []), _MEMBERS]
    return {"mlArtifacts_global": above} | ({"mlArtifacts_country": [COUNTRIES[country]]} if country >= 0 else {})


def read_ladder(db: Databases, country: int, state: ServingState, is_guest: bool) -> tuple[Ladder, Refused]:
    """The levels above and of an account; and how many artifacts were refused, by reason."""
    refused: Refused = {}
    found = _boosters(db, state, is_guest, refused)
    order = [level for accounts in levels_of(country).values() for level in accounts]  # the world first
    guest = {level: found[level, _GUEST] for level in order if (level, _GUEST) in found}
    if is_guest:
        return Ladder(guest), refused
    return Ladder(guest, found.get((_MEMBERS, _MEMBER)), _own(state.own, refused)), refused


def _boosters(db: Databases, state: ServingState, is_guest: bool, refused: Refused) -> dict[tuple[str, str], Any]:
    found = {}
    for stamp in state.boosters:
        account, model = stamp["account"], stamp["model"]
        if model == _GUEST or (model == _MEMBER and not is_guest):
            try:
                found[account, model] = _opened(db, stamp["collection"], account, model, str(stamp.get("checksum")))
            except ValueError as error:  # ArtifactError is one, and what XGBoost says of other bytes
                refused[_one_line(error)] = 1
    return found


@lru_cache(maxsize=300)
def _opened(db: Databases, name: str, account: str, model: str, checksum: str) -> Any:
    """The booster; the checksum makes a later training another entry."""
    document = next(models.read(db, name, model, {"account": account}), None)
    if document is None:
        raise models.ArtifactError(f"{model} of {account}: gone while it was read")
    return opened(models.check(document, _COLUMNS[model]).artifact)


def _own(document: Document | None, refused: Refused) -> Floats | None:
    if document is None or document.get("model") != _PERSONAL:
        return None
    try:
        weights = np.load(BytesIO(models.check(document, PERSONAL).artifact), allow_pickle=False)
        if weights.shape == (len(PERSONAL),) and np.isfinite(weights).all():
            return np.asarray(weights, dtype=np.float64)
        refused[f"{_PERSONAL} of {document['account']}: weights of shape {weights.shape}, or not finite"] = 1
    except ValueError as error:  # ArtifactError is one, and what numpy says of other bytes
        refused[_one_line(error)] = 1
    return None


def _one_line(error: ValueError) -> str:
    return str(error).splitlines()[0][:200]
