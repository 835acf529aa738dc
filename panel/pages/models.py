"""Models: how good the rankers are, what is served, and the way back to the version before."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from panel import audit, paging
from panel.auth import Role, require_role
from panel.context import panel_context
from panel.templates import back, page
from panel.views import models as views
from store.client import Databases
from store.outputs import models
from store.panel import models as panel_models
from store.rules.model_names import COUNTRY_ARTIFACTS, MEMBER_ARTIFACTS, WORLD_ARTIFACTS

DAYS, ROWS = 60, 50
_WITH_BYTES = {"format": {"$ne": "identity"}}


@require_role(Role.VIEWER)
def all_models(request: Request) -> Response:
    """Quality over time, countries, drift, what is served and why."""
    db, number = panel_context(request).databases, paging.number(request)
    judged, last = panel_models.evaluations(db, DAYS), panel_models.last_evaluation(db)
    report: Mapping[str, Any] = (last or {}).get("report") or {}
    own = panel_models.artifacts(db, COUNTRY_ARTIFACTS, _WITH_BYTES, *paging.window(number, ROWS))
    shown, paged = paging.cut(own, number, ROWS)
    levels = [*views.in_order(panel_models.artifacts(db, WORLD_ARTIFACTS, _WITH_BYTES, ROWS, 0)), *shown]
    context = {
        "chart": views.over_time(judged),
        "last": last,
        "rankers": views.ranked(report.get("rankers") or {}),
        "countries": views.countries((report.get("slices") or {}).get("country") or {}),
        "drift": views.drift(report.get("drift") or {}),
        "moved": sum(value > views.MOVED for value in (report.get("drift") or {}).values()),
        "levels": _rows(levels),
        "paged": paged,
        "silent": panel_models.identities(db, COUNTRY_ARTIFACTS),
        "members": members(db),
        "detectors": _detectors(db),
    }
    return page(request, "models.html", context)


@require_role(Role.OPERATOR)
def ask_roll_back(request: Request) -> Response:
    """What a rollback would change, and the button."""
    db, account = panel_context(request).databases, request.path_params["account"]
    return page(request, "rollback.html", {"account": account, "rows": _concerned(db, account), "members": members(db)})


@require_role(Role.OPERATOR)
def roll_back(request: Request) -> Response:
    """Puts the version before back; once more undoes it."""
    db, account = panel_context(request).databases, request.path_params["account"]
    before = _versions(db, account)
    condition = {} if account == MEMBER_ARTIFACTS else {"account": account}
    count = sum(models.roll_back(db, name, condition) for name in _collections(account))
    if not count:
        raise ValueError(f"{account[:40]}: there is no previous version")
    audit.note(request, "rollback", account, before, _versions(db, account) | {"changed": count})
    return back(request, "models", f"{_named(account)}: {count} models are back at the version before.")


def members(db: Databases) -> dict[str, Any]:
    """Members' own models in numbers."""
    own, silent, size = models.tally(db, MEMBER_ARTIFACTS)
    return {"own": own, "silent": silent, "size": size, "back": panel_models.with_previous(db, MEMBER_ARTIFACTS, {})}


def _concerned(db: Databases, account: str) -> list[dict[str, Any]]:
    if account == MEMBER_ARTIFACTS:
        return []
    condition = {"account": account, "previous": {"$type": "object"}}
    rows = [each for name in _collections(account) for each in panel_models.artifacts(db, name, condition, ROWS, 0)]
    if not rows:
        raise HTTPException(404)
    return _rows(rows)


def _rows(documents: Sequence[Mapping[str, Any]]) -> list[views.View]:
    from features.fingerprint import COLUMNS_OF, fingerprint  # with scipy, which no other page needs

    return [
        views.artifact_row(document, models.outdated(document, fingerprint(COLUMNS_OF.get(document["model"], ()))))
        for document in documents
    ]


def _detectors(db: Databases) -> list[dict[str, Any]]:
    """The candidates of the latest training, document with why it cannot be used, "" if it can."""
    from fraud.fingerprint import fingerprint

    return [document | {"refused": models.outdated(document, fingerprint())} for document in panel_models.detectors(db)]


def _versions(db: Databases, account: str) -> dict[str, Any]:
    if account == MEMBER_ARTIFACTS:
        return {"withPrevious": panel_models.with_previous(db, MEMBER_ARTIFACTS, {})}
    found = [
        each
        for name in _collections(account)
        for each in panel_models.artifacts(db, name, {"account": account}, ROWS, 0)
    ]
    return {each["model"]: each["version"] for each in found}


def _collections(account: str) -> tuple[str, ...]:
    return (MEMBER_ARTIFACTS,) if account == MEMBER_ARTIFACTS else (WORLD_ARTIFACTS, COUNTRY_ARTIFACTS)


def _named(account: str) -> str:
    return "Members" if account == MEMBER_ARTIFACTS else account.upper() if len(account) == 2 else account.capitalize()


ROUTES = [
    Route("/models", all_models, name="models"),
    Route("/models/{account}/rollback", ask_roll_back, name="ask_roll_back"),
    Route("/models/{account}/rollback", roll_back, methods=["POST"], name="roll_back"),
]
