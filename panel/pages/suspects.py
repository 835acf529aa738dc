"""Suspects: the moderators' queue, one case in depth, verdicts and their undoing, and how right the detector was."""

from datetime import datetime, timedelta
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from panel import audit
from panel.auth import Role, require_role
from panel.context import panel_context
from panel.templates import page
from panel.views import suspects as views
from panel.views.feeds import profile
from store.client import Databases
from store.columns import object_ids
from store.ids import Document, ObjectId, object_id
from store.inputs.dwell_log import latest_readings
from store.inputs.social_graph import users_of
from store.leases import LeaseHeldError
from store.outputs import credential_features
from store.panel import feeds
from store.panel import suspects as panel_suspects

_PAGE = 25  # cases
_READINGS = 2_000  # latest of a credential that are drawn
_POPULATION = 6_000  # latest of everybody
_VERDICTS = {"bot": True, "person": False}


@require_role(Role.MODERATOR)
def suspects(request: Request) -> Response:
    """Cases without a verdict, the highest score first."""
    db, after = panel_context(request).databases, request.query_params.get("after")
    found = panel_suspects.queue(db, object_id(after, "after") if after else None, _PAGE + 1)
    context = {
        "cases": [views.row(each) for each in found[:_PAGE]],
        "after": after,
        "more": len(found) > _PAGE,
        "sizes": panel_suspects.sizes(db),
    }
    return page(request, "suspects.html", context)


@require_role(Role.MODERATOR)
def decided(request: Request) -> Response:
    """Cases with a verdict, the latest first."""
    db, number = panel_context(request).databases, _page_number(request)
    found = panel_suspects.decided(db, _PAGE + 1, (number - 1) * _PAGE)
    context = {
        "cases": [views.row(each) for each in found[:_PAGE]],
        "page": {"number": number, "more": len(found) > _PAGE},
        "sizes": panel_suspects.sizes(db),
    }
    return page(request, "suspects_decided.html", context)


@require_role(Role.VIEWER)
def quality(request: Request) -> Response:
    """How many of the opened cases were bots, by score, and what the lot says of those that the score passes over."""
    db = panel_context(request).databases
    counts = panel_suspects.verdict_counts(db)
    context = {
        "bands": views.bands(counts, panel_suspects.BANDS),
        "lot": views.lot(counts),
        "detector": panel_suspects.detector(db, panel_context(request).clock()),
        "sizes": panel_suspects.sizes(db),
    }
    return page(request, "suspects_quality.html", context)


@require_role(Role.MODERATOR)
def suspect(request: Request) -> Response:
    """One case: its reasons, how the credential reads beside everybody else, what its account did."""
    db, now, found = panel_context(request).databases, panel_context(request).clock(), _case(request)
    template = "suspects_case.html" if _is_part(request) else "suspects_one.html"
    following = panel_suspects.queue(db, found["_id"], 1) if not _is_part(request) else []
    context = {"case": views.row(found), "next": str(following[0]["_id"]) if following else None}
    return page(request, template, context | _evidence(db, found, now))


@require_role(Role.MODERATOR)
def decide(request: Request) -> Response:
    """A moderator's word on a case that has none yet."""
    db, now, found = panel_context(request).databases, panel_context(request).clock(), _case(request)
    word = str(request.state.form.get("verdict", ""))
    if word not in _VERDICTS:
        raise ValueError(f"verdict: {word[:40]!r} is neither bot nor person")
    if panel_suspects.decide(db, found["_id"], _VERDICTS[word], now) is None:
        return _changed(request, "Somebody else decided this case meanwhile.")
    audit.note(request, "verdict", str(found["_id"]), _word(found), _VERDICTS[word])
    return _changed(request, "")


@require_role(Role.MODERATOR)
def undo(request: Request) -> Response:
    """Takes back a verdict, and what was learned from it."""
    db, found = panel_context(request).databases, _case(request)
    verified_at = found.get("verifiedAt")
    if not isinstance(verified_at, datetime) or verified_at.isoformat() != request.state.form.get("verified"):
        return _changed(request, "This verdict was changed meanwhile; nothing was taken back.")
    try:
        before = panel_suspects.withdraw(db, found["_id"], verified_at)
    except LeaseHeldError:
        raise HTTPException(409, "Verdicts are being copied just now. Try again in a moment.") from None
    if before is None:
        return _changed(request, "This verdict was changed meanwhile; nothing was taken back.")
    audit.note(request, "verdict", str(found["_id"]), _word(before), None)
    return _changed(request, "")


def _changed(request: Request, problem: str) -> Response:
    """The case's row as it is now, for the list, with the new counts; or its page."""
    if _is_part(request):
        sizes = panel_suspects.sizes(panel_context(request).databases)
        context = {"case": views.row(_case(request)), "problem": problem, "sizes": sizes}
        return page(request, "suspects_changed.html", context)
    request.session["told"] = problem or "Done."
    return RedirectResponse(request.url_for("suspect", case=request.path_params["case"]), status_code=303)


def _evidence(db: Databases, case: Document, now: datetime) -> dict[str, Any]:
    credential = case.get("seenCredential")
    if not isinstance(credential, ObjectId):
        return {"evidence": None}
    read = latest_readings(db, [credential], now, _READINGS)
    seconds = (read.left_ms - read.seen_ms) / 1000
    last = datetime.fromtimestamp(read.seen_ms[0] / 1000, now.tzinfo) if len(read.seen_ms) else now
    account = credential_features.accounts_of(db, [credential]).get(credential)
    users = list(users_of(db, account)) if account else []
    done = panel_suspects.activity(db, users, last - timedelta(days=views.DAYS), now)
    who = feeds.member(db, account) if account else None
    return {
        "evidence": {
            "readings": len(seconds),
            "histogram": views.beside(views.histogram(seconds), _everybody(db, now)),
            "hours": views.by_hour(read.seen_ms),
            "days": views.by_day(read.seen_ms, done, last),
            "who": profile(who) | {"country": who["country"], "is_guest": who["isGuest"]} if who else None,
            "features": panel_suspects.newest_features(db, credential),
        }
    }


def _everybody(db: Databases, now: datetime) -> list[float]:
    rows = panel_suspects.population(db, now, _POPULATION)
    credentials = [each for each in set(object_ids(rows["credential"])) if each]
    bots = {each.binary for each in panel_suspects.likely_bots(db, credentials)}
    people = [raw.ljust(12, b"\0") not in bots for raw in rows["credential"].tolist()]
    return views.of_everybody(rows["credential"][people], rows["seconds"][people])


def _case(request: Request) -> Document:
    key = object_id(request.path_params["case"], "case")
    found = panel_suspects.case(panel_context(request).databases, key)
    if found is None:
        raise HTTPException(404)
    return found


def _word(case: Document) -> bool | None:
    return views.row(case)["verdict"]  # type: ignore[no-any-return]


def _is_part(request: Request) -> bool:
    return request.headers.get("HX-Request") == "true"


def _page_number(request: Request) -> int:
    asked = request.query_params.get("page", "1")
    return min(max(int(asked), 1), 10_000) if asked.isascii() and asked.isdigit() else 1


ROUTES = [
    Route("/suspects", suspects, name="suspects"),
    Route("/suspects/decided", decided, name="suspects_decided"),
    Route("/suspects/quality", quality, name="suspects_quality"),
    Route("/suspects/{case}", suspect, name="suspect"),
    Route("/suspects/{case}/verdict", decide, name="suspect_decide", methods=["POST"]),
    Route("/suspects/{case}/undo", undo, name="suspect_undo", methods=["POST"]),
]
