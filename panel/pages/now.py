"""Now: is the pipeline well? Every function's last run, the feed's age, and what was set aside."""

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handlers.manifest import Function, functions
from handlers.runtime import clock
from panel import audit, paging
from panel.auth import Role, require_role
from panel.context import panel_context
from panel.templates import back, page
from panel.views import now as views
from store import runs as run_log
from store import settings

RUNS = 50  # on a page


@require_role(Role.VIEWER)
def now(request: Request) -> Response:
    """Every function, the feed, and what was set aside."""
    panel = panel_context(request)
    db, moment = panel.databases, panel.clock()
    runs = run_log.last_runs(db, [each.key for each in jobs()], moment)
    off, own = settings.switched_off(db), settings.schedules(db)
    rows = [
        views.function_row(each, own.get(each.key), runs[each.key], each.key in off, moment, clock({}))
        for each in jobs()
    ]
    feed = run_log.guest_feed(db)
    context = {
        "rows": rows,
        "health": views.health(rows),
        "feed": feed | {"tone": views.feed_tile(feed["updatedAt"], moment)},
        "aside": [*views.set_aside(runs), *views.not_loaded(panel.rejected_lines())],
        "answers": [each.key for each in functions().values() if not each.is_job and each.key != "panel"],
    }
    return page(request, "now.html", context)


@require_role(Role.VIEWER)
def one_function(request: Request) -> Response:
    """The runs of one function."""
    function, db = _asked(request), panel_context(request).databases
    number = paging.number(request)
    runs, shown = paging.cut(run_log.runs_of(db, function.key, *paging.window(number, RUNS)), number, RUNS)
    for run in runs:
        run["told"] = views.counted(run.get("counts") or {})
    context = {
        "function": function,
        "about": views.ABOUT.get(function.key, ""),
        "when": views.timing_words(function, settings.schedules(db).get(function.key)),
        "runs": runs,
        "paged": shown,
        "off": function.key in settings.switched_off(db),
        "chart": views.seconds_chart(runs),
    }
    return page(request, "function.html", context)


@require_role(Role.OPERATOR)
def run_again(request: Request) -> Response:
    """Starts a function and comes back at once."""
    function, panel = _asked(request), panel_context(request)
    event = {"time": panel.clock().isoformat()}
    audit.note(request, "run", function.key, None, event)
    panel.start(function.key, event)
    return back(request, "now", f"{function.key} was started. This page shows how it ends.")


def jobs() -> Sequence[Function]:
    """The functions that run by themselves, in the order of a day."""
    return [each for each in functions().values() if each.is_job]


def _asked(request: Request) -> Function:
    found = next((each for each in jobs() if each.key == request.path_params["key"]), None)
    if found is None:
        raise HTTPException(404)
    return found


ROUTES = [
    Route("/", now, name="now"),
    Route("/functions/{key}", one_function, name="one_function"),
    Route("/functions/{key}/run", run_again, methods=["POST"], name="run_again"),
]
