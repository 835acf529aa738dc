"""Suspects: the moderators' queue, one case in detail, verdicts with undo, and the precision of the detector."""

from datetime import datetime, timedelta
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from panel import audit, paging
from panel.auth import Role, require_role
from panel.context import panel_context
from panel.templates import page, redirect
from panel.views import suspects as views
from panel.views.feeds import member_profile
from store.client import Databases
from store.columns import object_ids
from store.ids import Document, ObjectId, object_id
from store.inputs.dwell_log import latest_exposures
from store.inputs.social_graph import users_of
from store.leases import LeaseHeldError
from store.outputs import credential_features
from store.panel import feeds, suspects

_ROWS = 25  # cases on a page
_READINGS = 2_000  # latest of a credential that are drawn
_POPULATION = 6_000  # latest of everybody
_VERDICTS = {"bot": True, "person": False}
_STALE = "This verdict was changed in the meantime. Nothing was undone."


@require_role(Role.MODERATOR)
def show_queue(request: Request) -> Response:
    """Lists cases without a verdict, the highest score first."""
    db, after = panel_context(request).databases, request.query_params.get("after")
    cases = suspects.queue(db, object_id(after, "after") if after else None, _ROWS + 1)
    context = {
        "cases": [views.row(case) for case in cases[:_ROWS]],
        "after": after,
        "more": len(cases) > _ROWS,
        "sizes": suspects.sizes(db),
    }
    return page(request, "suspects.html", context)


@require_role(Role.MODERATOR)
def show_decided(request: Request) -> Response:
    """Lists cases with a verdict, the latest first."""
    db, number = panel_context(request).databases, paging.number(request)
    cases, paged = paging.cut(suspects.decided(db, *paging.window(number, _ROWS)), number, _ROWS)
    context = {"cases": [views.row(case) for case in cases], "paged": paged, "sizes": suspects.sizes(db)}
    return page(request, "suspects_decided.html", context)


@require_role(Role.VIEWER)
def show_precision(request: Request) -> Response:
    """Shows the share of bots among decided cases: by score, and in the audit sample."""
    db = panel_context(request).databases
    counts = suspects.verdict_counts(db)
    context = {
        "bands": views.bands(counts, suspects.BANDS),
        "audit": views.audit_sample(counts),
        "detector": suspects.detector(db, panel_context(request).clock()),
        "sizes": suspects.sizes(db),
    }
    return page(request, "suspects_quality.html", context)


@require_role(Role.MODERATOR)
def show_case(request: Request) -> Response:
    """Shows one case: reasons, reading behaviour compared with everybody, and activity of the account."""
    db, now, case = panel_context(request).databases, panel_context(request).clock(), _case(request)
    template = "suspects_case.html" if _is_part(request) else "suspects_one.html"
    following = suspects.queue(db, case["_id"], 1) if not _is_part(request) else []
    context = {"case": views.row(case), "next": str(following[0]["_id"]) if following else None}
    return page(request, template, context | _evidence(db, case, now))


@require_role(Role.MODERATOR)
def decide_case(request: Request) -> Response:
    """Writes the verdict on a case that has none."""
    db, now, case = panel_context(request).databases, panel_context(request).clock(), _case(request)
    word = str(request.state.form.get("verdict", ""))
    if word not in _VERDICTS:
        raise ValueError(f"verdict: {word[:40]!r} is neither bot nor person")
    if suspects.decide(db, case["_id"], _VERDICTS[word], now) is None:
        return _changed_case(request, "Another moderator decided this case in the meantime.")
    audit.record(request, "verdict", str(case["_id"]), _verdict(case), _VERDICTS[word])
    return _changed_case(request)


@require_role(Role.MODERATOR)
def undo_verdict(request: Request) -> Response:
    """Withdraws a verdict, also from the features that detectors learn from."""
    db, case = panel_context(request).databases, _case(request)
    verified_at = case.get("verifiedAt")
    if not isinstance(verified_at, datetime) or verified_at.isoformat() != request.state.form.get("verified"):
        return _changed_case(request, _STALE)
    try:
        before = suspects.withdraw(db, case["_id"], verified_at)
    except LeaseHeldError:
        raise HTTPException(409, "Verdicts are being copied. Try again in a moment.") from None
    if before is None:
        return _changed_case(request, _STALE)
    audit.record(request, "verdict", str(case["_id"]), _verdict(before), None)
    return _changed_case(request)


def _changed_case(request: Request, problem: str = "") -> Response:
    """Returns the case's current row and the new counts for the list, or redirects to its page."""
    if _is_part(request):
        sizes = suspects.sizes(panel_context(request).databases)
        context = {"case": views.row(_case(request)), "problem": problem, "sizes": sizes}
        return page(request, "suspects_changed.html", context)
    return redirect(request, "suspect", problem or "Done.", case=request.path_params["case"])


def _evidence(db: Databases, case: Document, now: datetime) -> dict[str, Any]:
    credential = case.get("seenCredential")
    if not isinstance(credential, ObjectId):
        return {"evidence": None}
    readings = latest_exposures(db, [credential], now, _READINGS)
    seconds = (readings.left_ms - readings.seen_ms) / 1000
    last = datetime.fromtimestamp(readings.seen_ms[0] / 1000, now.tzinfo) if len(readings.seen_ms) else now
    account = credential_features.accounts_of(db, [credential]).get(credential)
    users = list(users_of(db, account)) if account else []
    activity = suspects.activity(db, users, last - timedelta(days=views.DAYS), now)
    member = feeds.member(db, account) if account else None
    return {
        "evidence": {
            "readings": len(seconds),
            "histogram": views.compare_histograms(views.histogram(seconds), _population_histogram(db, now)),
            "hours": views.by_hour(readings.seen_ms),
            "days": views.by_day(readings.seen_ms, activity, last),
            "who": member_profile(member) if member else None,
            "features": suspects.newest_features(db, credential),
        }
    }


def _population_histogram(db: Databases, now: datetime) -> list[float]:
    rows = suspects.population(db, now, _POPULATION)
    credentials = [key for key in set(object_ids(rows["credential"])) if key]
    bots = {bot.binary for bot in suspects.likely_bots(db, credentials)}
    people = [raw.ljust(12, b"\0") not in bots for raw in rows["credential"].tolist()]
    return views.mean_histogram(rows["credential"][people], rows["seconds"][people])


def _case(request: Request) -> Document:
    key = object_id(request.path_params["case"], "case")
    case = suspects.case(panel_context(request).databases, key)
    if case is None:
        raise HTTPException(404)
    return case


def _verdict(case: Document) -> bool | None:
    return views.row(case)["verdict"]  # type: ignore[no-any-return]


def _is_part(request: Request) -> bool:
    return request.headers.get("HX-Request") == "true"


ROUTES = [
    Route("/suspects", show_queue, name="suspects"),
    Route("/suspects/decided", show_decided, name="suspects_decided"),
    Route("/suspects/quality", show_precision, name="suspects_quality"),
    Route("/suspects/{case}", show_case, name="suspect"),
    Route("/suspects/{case}/verdict", decide_case, name="suspect_decide", methods=["POST"]),
    Route("/suspects/{case}/undo", undo_verdict, name="suspect_undo", methods=["POST"]),
]
