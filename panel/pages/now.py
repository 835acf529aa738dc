"""Now: the state of the pipeline. Last runs, age of the guest feed, and rejected documents."""

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
from panel.templates import page, redirect
from panel.views import now as views
from store import settings
from store.runs import guest_feed_size, last_runs, runs_of

RUNS = 50  # on a page


@require_role(Role.VIEWER)
def show_pipeline(request: Request) -> Response:
    """Shows every function, the guest feed, and rejected documents."""
    panel = panel_context(request)
    db, now = panel.databases, panel.clock()
    runs = last_runs(db, [function.key for function in jobs()], now)
    off, schedules = settings.switched_off(db), settings.schedules(db)
    rows = [
        views.function_row(job, schedules.get(job.key), runs[job.key], job.key in off, now, clock({})) for job in jobs()
    ]
    feed = guest_feed_size(db)
    context = {
        "rows": rows,
        "health": views.health(rows),
        "feed": feed | {"tone": views.feed_tone(feed["updatedAt"], now)},
        "rejected": [*views.rejected_documents(runs), *views.rejected_lines(panel.rejected_lines())],
        "services": [service.key for service in functions().values() if not service.is_job and service.key != "panel"],
    }
    return page(request, "now.html", context)


@require_role(Role.VIEWER)
def show_function(request: Request) -> Response:
    """Shows the runs of one function."""
    function, db = _job(request), panel_context(request).databases
    number = paging.number(request)
    runs, paged = paging.cut(runs_of(db, function.key, *paging.window(number, RUNS)), number, RUNS)
    for run in runs:
        run["counted"] = views.nonzero_counts(run.get("counts") or {})
    context = {
        "function": function,
        "about": views.ABOUT.get(function.key, ""),
        "when": views.timing_words(function, settings.schedules(db).get(function.key)),
        "runs": runs,
        "paged": paged,
        "off": function.key in settings.switched_off(db),
        "chart": views.seconds_chart(runs),
    }
    return page(request, "function.html", context)


@require_role(Role.OPERATOR)
def run_function(request: Request) -> Response:
    """Starts a function and returns at once."""
    function, panel = _job(request), panel_context(request)
    event = {"time": panel.clock().isoformat()}
    audit.record(request, "run", function.key, None, event)
    panel.start(function.key, event)
    return redirect(request, "now", f"{function.key} was started. Its result appears on this page.")


def jobs() -> Sequence[Function]:
    """Returns the functions that run without a request, in the order of a day."""
    return [function for function in functions().values() if function.is_job]


def _job(request: Request) -> Function:
    function = functions().get(request.path_params["key"])
    if function is None or not function.is_job:
        raise HTTPException(404)
    return function


ROUTES = [
    Route("/", show_pipeline, name="now"),
    Route("/functions/{key}", show_function, name="one_function"),
    Route("/functions/{key}/run", run_function, methods=["POST"], name="run_now"),
]
