"""Settings: thresholds, switches and schedules that take effect at the next run, and the log of changes."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from panel import audit, paging
from panel.auth import Role, require_role
from panel.context import panel_context
from panel.pages.now import jobs
from panel.templates import page, redirect
from panel.views import settings as views
from panel.views.now import timing_words
from store import settings
from store.audit import latest_changes

ROWS = 30


@require_role(Role.VIEWER)
def show(request: Request) -> Response:
    """Shows the form, the switches and the log."""
    return _page(request, views.rows(settings.thresholds(panel_context(request).databases)))


@require_role(Role.OPERATOR)
def save(request: Request) -> Response:
    """Writes the thresholds. Invalid values are reported on the page, which keeps the input."""
    db, form = panel_context(request).databases, dict(request.state.form)
    before = settings.thresholds(db)
    try:
        after = views.read(form)
    except ValueError as error:
        typed = [row | {"value": form.get(row["name"], row["value"])} for row in views.rows(before)]
        return _page(request, typed, str(error), 400)
    changed = views.changed(before, after)
    if not changed:
        return redirect(request, "settings", "Nothing was changed.")
    settings.save_thresholds(db, after)
    for name, (old, new) in changed.items():
        audit.record(request, "setting", name, old, new)
    return redirect(request, "settings", "Saved. Takes effect at the next run.")


@require_role(Role.OPERATOR)
def switch(request: Request) -> Response:
    """Switches one function on or off."""
    db, key = panel_context(request).databases, request.path_params["key"]
    if key not in {function.key for function in jobs()}:
        raise HTTPException(404)
    on, was = request.state.form.get("on") == "yes", key not in settings.switched_off(db)
    if on != was:
        settings.switch(db, key, on)
        audit.record(request, "switch", key, _word(was), _word(on))
    return redirect(request, "settings", f"{key} is {_word(on)}.")


def _page(request: Request, rows: list[views.View], problem: str = "", status: int = 200) -> Response:
    db, number = panel_context(request).databases, paging.number(request)
    entries, paged = paging.cut(latest_changes(db, *paging.window(number, ROWS)), number, ROWS)
    off, schedules = settings.switched_off(db), settings.schedules(db)
    functions = [
        {
            "key": function.key,
            "on": function.key not in off,
            "when": timing_words(function, schedules.get(function.key)),
            "changed": function.key in schedules,
            "scheduled": bool(function.timings),
        }
        for function in jobs()
    ]
    context = {"rows": rows, "functions": functions, "entries": entries, "paged": paged, "problem": problem}
    return page(request, "settings.html", context, status)


def _word(on: bool) -> str:
    return "on" if on else "off"


ROUTES = [
    Route("/settings", show, name="settings"),
    Route("/settings", save, methods=["POST"], name="save_settings"),
    Route("/settings/functions/{key}", switch, methods=["POST"], name="switch"),
]
