"""Actions: the log, budgets, settings by category, the kill switch and undo."""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handlers.predictors import undo_action
from panel import audit, paging
from panel.auth import Role, require_role
from panel.context import panel_context
from panel.templates import page, redirect
from panel.views import actions as views
from predictors.social.actions import Settings, parsed
from predictors.social.connectors import RequestError
from store.client import Databases
from store.ids import object_id
from store.outputs import actions, categories
from store.queries import count_by, exists

ROWS = 50


@require_role(Role.VIEWER)
def show(request: Request) -> Response:
    """Shows the log, the budgets, the settings and the switches."""
    return _page(request)


@require_role(Role.OPERATOR)
def stop(request: Request) -> Response:
    """Turns the kill switch. While it is on, nothing is planned or executed."""
    db, stopped = panel_context(request).databases, request.state.form.get("stopped") == "yes"
    before = actions.is_stopped(db)
    actions.stop_everything(db, stopped)
    audit.record(request, "switch", "all actions stopped", before, stopped)
    return redirect(request, "actions", "All actions are stopped." if stopped else "Actions are resumed.")


@require_role(Role.OPERATOR)
def save(request: Request) -> Response:
    """Writes the settings of one category. Invalid values are reported on the page."""
    db, slug = panel_context(request).databases, request.path_params["slug"]
    if slug not in {category["slug"] for category in categories.read_categories(db)}:
        raise HTTPException(404)
    try:
        form = views.read(dict(request.state.form))
        after = views.stored(form, _actor(db, form))
    except ValueError as error:
        return _page(request, f"{slug}: {error}. Nothing was saved.", 400)
    before = next((row for row in actions.read_settings(db) if row["_id"] == slug), {})
    actions.save_settings(db, slug, after)
    changed = [name for name in after if before.get(name) != after[name]]
    old, new = {name: before.get(name) for name in changed}, {name: after[name] for name in changed}
    audit.record(request, "actions", slug, old, new)
    return redirect(request, "actions", f"{slug}: saved. Takes effect at the next planning run.")


@require_role(Role.OPERATOR)
def undo(request: Request) -> Response:
    """Undoes one action."""
    panel, key = panel_context(request), str(request.state.form.get("key", ""))
    db, now = panel.databases, panel.clock()
    before = (actions.find(db, key) or {}).get("state")
    try:
        undo_action(db, now, key)
    except RequestError as error:
        return _page(request, f"The network did not undo it: {error}", 502)
    audit.record(request, "undo", key, before, "undone")
    return redirect(request, "actions", "The action is undone.")


def _page(request: Request, problem: str = "", status: int = 200) -> Response:
    panel, number = panel_context(request), paging.number(request)
    db, state = panel.databases, request.query_params.get("state", "")
    condition = {"state": state} if state in views.STATES else {}
    rows, paged = paging.cut(actions.page(db, condition, *paging.window(number, ROWS)), number, ROWS)
    names = actions.names(db, rows)
    titles = {category["slug"]: str(category["name"]) for category in categories.read_categories(db)}
    configured, invalid = _settings(db)
    free = {slug: name for slug, name in titles.items() if slug not in {row.category for row in configured}}
    selected = request.query_params.get("category", "")
    context = {
        "stopped": actions.is_stopped(db),
        "counts": count_by(db, "actions", "$state"),
        "categories": _category_views(request, configured, titles),
        "invalid": invalid,
        "free": free,
        "selected": selected if selected in free else "",
        "defaults": Settings("", ""),
        "rows": [views.row(action, names) for action in rows],
        "paged": paged,
        "state": state if condition else "",
        "states": list(views.STATES),
        "problem": problem,
    }
    return page(request, "actions.html", context, status)


def _settings(db: Databases) -> tuple[list[Settings], list[str]]:
    """Returns the settings of all categories, and the errors of those that are invalid."""
    configured, invalid = [], []
    for row in actions.read_settings(db):
        try:
            configured.append(parsed(row))
        except ValueError as error:
            invalid.append(f"{row['_id']}: {error}")
    return configured, invalid


def _category_views(request: Request, configured: list[Settings], titles: Mapping[str, str]) -> list[dict[str, Any]]:
    panel = panel_context(request)
    rates = {f"plan:{row.network}": (row.per_hour, row.burst) for row in configured}
    left = actions.budgets(panel.databases, panel.clock(), rates)
    return [
        views.category_view(row, titles.get(row.category, row.category), left.get(f"plan:{row.network}"))
        for row in configured
    ]


def _actor(db: Databases, form: views.Form) -> Any:
    """Returns who acts: in the app a user by id or @name, elsewhere the name on the network."""
    if form.network != "app":
        return form.actor
    profile = actions.user_called(db, form.actor.removeprefix("@"))
    user = profile["_id"] if profile else object_id(form.actor, "actor")
    if not exists(db, "users", {"_id": user}):
        raise ValueError(f"actor: there is no user {form.actor[:40]}")
    return user


ROUTES = [
    Route("/actions", show, name="actions"),
    Route("/actions/stop", stop, methods=["POST"], name="stop_actions"),
    Route("/actions/undo", undo, methods=["POST"], name="undo_action"),
    Route("/actions/categories/{slug}", save, methods=["POST"], name="save_actions"),
]
