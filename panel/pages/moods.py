"""Moods: numbers over many people; one person's only with that person's consent, and the look is written down."""

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
from store.outputs import moods
from store.panel import moods as panel_moods

PRESENT = timedelta(days=30)
KEPT = timedelta(days=90)  # analyses are deleted then
MOST = 50


@require_role(Role.VIEWER)
def all_moods(request: Request) -> Response:
    """How many of those who opted in feel how."""
    panel = panel_context(request)
    db, now = panel.databases, panel.clock()
    consents = panel_moods.consents(db)
    context = {
        "consents": consents if consents >= views.SMALLEST or not consents else None,
        "smallest": views.SMALLEST,
        "shares": views.shares(panel_moods.latest(db, now - PRESENT, now)),
        "chart": views.weeks(panel_moods.by_week(db, now - KEPT, now)),
    }
    return page(request, "moods.html", context)


@require_role(Role.OPERATOR)
def person(request: Request) -> Response:
    """One person's own page. Without consent it says the same as for somebody who does not exist."""
    panel = panel_context(request)
    user = object_id(str(request.state.form.get("user", "")).strip(), "user")
    db, now = panel.databases, panel.clock()
    consented = moods.has_consent(db, user)
    audit.note(request, "look", f"mood of {user}", None, "shown" if consented else "refused: no consent")
    found = panel_moods.analyses_of(db, user, now - KEPT, MOST) if consented else []
    return page(request, "mood.html", {"user": str(user), "consented": consented, "analyses": found})


ROUTES = [
    Route("/moods", all_moods, name="moods"),
    Route("/moods/person", person, methods=["POST"], name="mood_of"),
]
