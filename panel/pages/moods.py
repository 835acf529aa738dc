"""Moods: shares over many people. One person's moods need consent, and each look is logged."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from panel import audit
from panel.auth import Role, require_role
from panel.context import panel_context
from panel.templates import page
from panel.views import moods as views
from store.ids import object_id
from store.outputs.moods import has_consent
from store.panel import moods

RECENT = timedelta(days=30)
RETENTION = timedelta(days=90)  # older analyses are deleted
_ROWS = 50


@require_role(Role.VIEWER)
def show_moods(request: Request) -> Response:
    """Shows the share of each mood among people who opted in."""
    panel = panel_context(request)
    db, now = panel.databases, panel.clock()
    consents = moods.consents(db)
    context = {
        "consents": consents if consents >= views.SMALLEST or not consents else None,
        "smallest": views.SMALLEST,
        "shares": views.shares(moods.latest(db, now - RECENT, now)),
        "chart": views.weeks(moods.by_week(db, now - RETENTION, now)),
    }
    return page(request, "moods.html", context)


@require_role(Role.OPERATOR)
def show_person(request: Request) -> Response:
    """Shows one person's moods. Without consent the answer is the same as for an unknown person."""
    panel = panel_context(request)
    user = object_id(str(request.state.form.get("user", "")).strip(), "user")
    db, now = panel.databases, panel.clock()
    consented = has_consent(db, user)
    audit.record(request, "look", f"mood of {user}", None, "shown" if consented else "refused: no consent")
    analyses = moods.analyses_of(db, user, now - RETENTION, _ROWS) if consented else []
    return page(request, "mood.html", {"user": str(user), "consented": consented, "analyses": analyses})


ROUTES = [
    Route("/moods", show_moods, name="moods"),
    Route("/moods/person", show_person, methods=["POST"], name="mood_of"),
]
