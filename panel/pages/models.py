"""Models: how good the rankers are, which models are served, and rollback to the previous version."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from panel import audit, paging
from panel.auth import Role, require_role
from panel.context import panel_context
from panel.templates import page, redirect
from panel.views import models as views
from store.client import Databases
from store.ids import Document
from store.outputs.models import count_artifacts, outdated, roll_back
from store.panel import models
from store.rules.model_names import COUNTRY_ARTIFACTS, MEMBER_ARTIFACTS, WORLD_ARTIFACTS

DAYS, ROWS = 60, 50
_WITH_BYTES = {"format": {"$ne": "identity"}}


@require_role(Role.VIEWER)
def show_models(request: Request) -> Response:
    """Shows quality over time, countries, drift, and the served models with their gates."""
    db, number = panel_context(request).databases, paging.number(request)
    evaluations, last = models.evaluations(db, DAYS), models.last_evaluation(db)
    report: Mapping[str, Any] = (last or {}).get("report") or {}
    countries = models.artifacts(db, COUNTRY_ARTIFACTS, _WITH_BYTES, *paging.window(number, ROWS))
    rows, paged = paging.cut(countries, number, ROWS)
    levels = [*views.in_order(models.artifacts(db, WORLD_ARTIFACTS, _WITH_BYTES, ROWS, 0)), *rows]
    context = {
        "chart": views.over_time(evaluations),
        "last": last,
        "rankers": views.ranked(report.get("rankers") or {}),
        "countries": views.countries((report.get("slices") or {}).get("country") or {}),
        "drift": views.drift(report.get("drift") or {}),
        "drifted": sum(value > views.DRIFTED for value in (report.get("drift") or {}).values()),
        "levels": _rows(levels),
        "paged": paged,
        "inherited": models.identities(db, COUNTRY_ARTIFACTS),
        "members": _member_models(db),
        "detectors": _detectors(db),
    }
    return page(request, "models.html", context)


@require_role(Role.OPERATOR)
def confirm_rollback(request: Request) -> Response:
    """Shows what a rollback would change, and the button."""
    db, account = panel_context(request).databases, request.path_params["account"]
    rows = _rows(_with_previous(db, account))
    if not rows and account != MEMBER_ARTIFACTS:
        raise HTTPException(404)
    return page(request, "rollback.html", {"account": account, "rows": rows, "members": _member_models(db)})


@require_role(Role.OPERATOR)
def execute_rollback(request: Request) -> Response:
    """Restores the previous version. A second rollback undoes the first."""
    db, account = panel_context(request).databases, request.path_params["account"]
    before = _versions(db, account)
    condition = {} if account == MEMBER_ARTIFACTS else {"account": account}
    count = sum(roll_back(db, name, condition) for name in _collections(account))
    if not count:
        raise ValueError(f"{account[:40]}: there is no previous version")
    audit.record(request, "rollback", account, before, _versions(db, account) | {"changed": count})
    return redirect(request, "models", f"{_title(account)}: models rolled back to the previous version: {count}.")


def _member_models(db: Databases) -> dict[str, Any]:
    """Returns how many members have models, their mean size, and how many can be rolled back."""
    own, inherited, size = count_artifacts(db, MEMBER_ARTIFACTS)
    return {
        "own": own,
        "inherited": inherited,
        "size": size,
        "previous": models.with_previous(db, MEMBER_ARTIFACTS, {}),
    }


def _rows(documents: Sequence[Mapping[str, Any]]) -> list[views.View]:
    from features.fingerprint import COLUMNS_OF, fingerprint  # with scipy, which no other page needs

    return [
        views.artifact_row(document, outdated(document, fingerprint(COLUMNS_OF.get(document["model"], ()))))
        for document in documents
    ]


def _detectors(db: Databases) -> list[dict[str, Any]]:
    """Returns the candidates of the latest training, with the reason why one is refused, "" if it is not."""
    from fraud.fingerprint import fingerprint

    return [document | {"refused": outdated(document, fingerprint())} for document in models.detectors(db)]


def _with_previous(db: Databases, account: str) -> list[Document]:
    return [] if account == MEMBER_ARTIFACTS else _artifacts(db, account, {"previous": {"$type": "object"}})


def _versions(db: Databases, account: str) -> dict[str, Any]:
    if account == MEMBER_ARTIFACTS:
        return {"withPrevious": models.with_previous(db, MEMBER_ARTIFACTS, {})}
    return {artifact["model"]: artifact["version"] for artifact in _artifacts(db, account, {})}


def _artifacts(db: Databases, account: str, condition: Mapping[str, Any]) -> list[Document]:
    condition = {"account": account, **condition}
    return [row for name in _collections(account) for row in models.artifacts(db, name, condition, ROWS, 0)]


def _collections(account: str) -> tuple[str, ...]:
    return (MEMBER_ARTIFACTS,) if account == MEMBER_ARTIFACTS else (WORLD_ARTIFACTS, COUNTRY_ARTIFACTS)


def _title(account: str) -> str:
    return "Members" if account == MEMBER_ARTIFACTS else account.upper() if len(account) == 2 else account.capitalize()


ROUTES = [
    Route("/models", show_models, name="models"),
    Route("/models/{account}/rollback", confirm_rollback, name="confirm_rollback"),
    Route("/models/{account}/rollback", execute_rollback, methods=["POST"], name="execute_rollback"),
]
