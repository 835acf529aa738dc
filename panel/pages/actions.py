"""Actions: what was planned and done, what may still be done, and how to stop it or take it back."""

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
from panel.templates import back, page
from panel.views import actions as views
from predictors.social.actions import Settings, parsed
from predictors.social.connectors import RequestError
from store.client import Databases
from store.ids import object_id
from store.outputs import actions, categories

ROWS = 50


@require_role(Role.VIEWER)
def show(request: Request) -> Response:
    """The log, the budgets, the settings and the switches."""
    return _page(request)


@require_role(Role.OPERATOR)
def stop(request: Request) -> Response:
    """The kill switch: nothing is planned or carried out while it is on."""
    db, stopped = panel_context(request).databases, request.state.form.get("stopped") == "yes"
    before = actions.is_stopped(db)
    actions.stop_everything(db, stopped)
    audit.note(request, "switch", "all actions stopped", before, stopped)
    return back(request, "actions", "Everything is stopped." if stopped else "Actions go on.")


@require_role(Role.OPERATOR)
def save(request: Request) -> Response:
    """Writes the settings of one category; what can't be is told beside what was typed."""
    db, slug = panel_context(request).databases, request.path_params["slug"]
    if slug not in {each["slug"] for each in categories.read_categories(db)}:
        raise HTTPException(404)
    try:
        form = views.read(dict(request.state.form))
        after = views.stored(form, _actor(db, form))
    except ValueError as error:
        return _page(request, f"{slug}: {error}. Nothing was saved.", 400)
    before = next((each for each in actions.read_settings(db) if each["_id"] == slug), {})
    actions.save_settings(db, slug, after)
    changed = [name for name in after if before.get(name) != after[name]]
    audit.note(
        request, "actions", slug, {each: before.get(each) for each in changed}, {each: after[each] for each in changed}
    )
    return back(request, "actions", f"{slug}: saved. It holds from the next planning on.")


@require_role(Role.OPERATOR)
def undo(request: Request) -> Response:
    """Takes one action back."""
    panel, key = panel_context(request), str(request.state.form.get("key", ""))
    db, now = panel.databases, panel.clock()
    before = (actions.find(db, key) or {}).get("state")
    try:
        undo_action(db, now, key)
    except RequestError as error:
        return _page(request, f"The network did not take it back: {error}", 502)
    audit.note(request, "undo", key, before, "undone")
    return back(request, "actions", "Taken back.")


def _page(request: Request, problem: str = "", status: int = 200) -> Response:
    panel, number = panel_context(request), paging.number(request)
    db, state = panel.databases, request.query_params.get("state", "")
    condition = {"state": state} if state in views.STATES else {}
    found, paged = paging.cut(actions.page(db, condition, *paging.window(number, ROWS)), number, ROWS)
    names = actions.names(db, found)
    known = {each["slug"]: str(each["name"]) for each in categories.read_categories(db)}
    chosen, unread = _settings(db)
    free = {slug: name for slug, name in known.items() if slug not in {each.category for each in chosen}}
    begun = request.query_params.get("category", "")
    context = {
        "stopped": actions.is_stopped(db),
        "tally": actions.tally(db),
        "categories": _category_views(request, chosen, known),
        "unread": unread,
        "free": free,
        "begun": begun if begun in free else "",
        "fresh": Settings("", ""),
        "rows": [views.row(each, names) for each in found],
        "paged": paged,
        "state": state if condition else "",
        "states": list(views.STATES),
        "problem": problem,
    }
    return page(request, "actions.html", context, status)


def _settings(db: Databases) -> tuple[list[Settings], list[str]]:
    """The settings of all categories, and what is wrong with those that can't be read."""
    chosen, unread = [], []
    for row in actions.read_settings(db):
        try:
            chosen.append(parsed(row))
        except ValueError as error:
            unread.append(f"{row['_id']}: {error}")
    return chosen, unread


def _category_views(request: Request, chosen: list[Settings], known: Mapping[str, str]) -> list[dict[str, Any]]:
    panel = panel_context(request)
    rates = {f"plan:{each.network}": (each.per_hour, each.burst) for each in chosen}
    left = actions.budgets(panel.databases, panel.clock(), rates)
    return [
        views.category_view(each, known.get(each.category, each.category), left.get(f"plan:{each.network}"))
        for each in chosen
    ]


def _actor(db: Databases, form: views.Form) -> Any:
    """Who acts: on our own app a user by id or @name, elsewhere as the network calls them."""
    if form.network != "app":
        return form.actor
    named = actions.user_called(db, form.actor.removeprefix("@"))
    user = named["_id"] if named else object_id(form.actor, "actor")
    if not actions.exists(db, user):
        raise ValueError(f"actor: there is no user {form.actor[:40]}")
    return user


ROUTES = [
    Route("/actions", show, name="actions"),
    Route("/actions/stop", stop, methods=["POST"], name="stop_actions"),
    Route("/actions/undo", undo, methods=["POST"], name="undo_action"),
    Route("/actions/categories/{slug}", save, methods=["POST"], name="save_actions"),
]
