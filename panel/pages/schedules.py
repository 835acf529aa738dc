"""The schedule of one function: that of serverless.yml, or an operator's."""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handlers.manifest import Function, functions
from panel import audit
from panel.auth import Role, require_role
from panel.context import panel_context
from panel.templates import page, redirect
from panel.views import schedules as views
from panel.views.now import ABOUT, timing_words
from store import runs, settings


@require_role(Role.OPERATOR)
def show(request: Request) -> Response:
    """Shows the schedule of one function, its next runs, and the form."""
    cron = settings.schedules(panel_context(request).databases).get(_scheduled_function(request).key)
    return _page(request, views.choice(cron))


@require_role(Role.OPERATOR)
def save(request: Request) -> Response:
    """Changes the schedule of a function. Invalid input is reported on the page."""
    panel, function, form = panel_context(request), _scheduled_function(request), dict(request.state.form)
    try:
        after = views.read(form, panel.clock())
    except ValueError as error:
        return _page(request, views.choice(None) | form, str(error), 400)
    before = settings.schedules(panel.databases).get(function.key)
    if after == before:
        return redirect(request, "schedule", "Nothing was changed.", key=function.key)
    settings.schedule(panel.databases, function.key, after)
    audit.record(request, "schedule", function.key, timing_words(function, before), timing_words(function, after))
    return redirect(request, "schedule", f"Saved: {timing_words(function, after)}.", key=function.key)


def _page(request: Request, choice: Mapping[str, Any], problem: str = "", status: int = 200) -> Response:
    panel, function = panel_context(request), _scheduled_function(request)
    db, now = panel.databases, panel.clock()
    cron, done = settings.schedules(db).get(function.key), runs.last_done(db, function.key, now)
    context = {
        "function": function,
        "about": ABOUT.get(function.key, ""),
        "choice": choice,
        "problem": problem,
        "deployed": timing_words(function),
        "current": timing_words(function, cron),
        "off": function.key in settings.switched_off(db),
        "next": views.next_runs(function, cron, done, now),
        "hours": views.HOURS,
        "days": views.DAYS,
    }
    return page(request, "schedule.html", context, status)


def _scheduled_function(request: Request) -> Function:
    function = functions().get(request.path_params["key"])
    if function is None or not function.timings:
        raise HTTPException(404)
    return function


ROUTES = [
    Route("/settings/functions/{key}/schedule", show, name="schedule"),
    Route("/settings/functions/{key}/schedule", save, methods=["POST"], name="save_schedule"),
]
