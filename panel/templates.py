"""Renders pages, and formats numbers and times."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import NoMatchFound
from starlette.templating import Jinja2Templates

from panel.assets import VERSION, version
from panel.auth import csrf_token
from panel.context import panel_context

HERE = Path(__file__).parent
NAVIGATION = ("now", "feeds", "models", "suspects", "influence", "actions", "moods", "settings")


def page(request: Request, template: str, context: Mapping[str, Any], status: int = 200) -> Response:
    """Renders a template. Every page also gets the clock, the person, the CSRF token and the flash message."""
    panel = panel_context(request)
    shared = {
        "now": panel.clock(),
        "person": request.user if request.user.is_authenticated else None,
        "is_open": panel.access.is_open,
        "csrf": csrf_token(request),
        "navigation": list(_navigation(request)),
        "flash": request.session.pop("flash", None),
    }
    return _TEMPLATES.TemplateResponse(request, template, shared | dict(context), status_code=status)


def redirect(request: Request, route: str, flash: str = "", **parameters: Any) -> Response:
    """Redirects to the page of that route after a change. The page shows the flash message once."""
    if flash:
        request.session["flash"] = flash
    return RedirectResponse(request.url_for(route, **parameters), status_code=303)


def ago(moment: datetime | None, now: datetime) -> str:
    """Formats how long ago a moment was.

    >>> from datetime import UTC
    >>> ago(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 2, 30, tzinfo=UTC))
    '2 h ago'
    """
    if moment is None:
        return "never"
    seconds = (now - moment) / timedelta(seconds=1)
    return f"in {duration(-seconds)}" if seconds < -1 else f"{duration(seconds)} ago"


def duration(seconds: float) -> str:
    """Formats a length of time in its largest unit.

    >>> duration(45), duration(90), duration(7200), duration(200_000)
    ('45 s', '1 min', '2 h', '2 days')
    """
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length * (2 if unit == "days" else 1):
            return f"{int(seconds // length)} {unit}"
    return f"{max(0, round(seconds))} s" if seconds >= 10 or seconds == int(seconds) else f"{seconds:.1f} s"


def number(value: Any) -> str:
    """Formats a number: thousands separated, three places when it is small. Returns other values as text.

    >>> number(12345), number(0.12345), number(None)
    ('12,345', '0.123', '–')
    """
    if value is None or value == "":
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    if abs(value) >= 1:
        return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{value:.3f}" if abs(value) >= 0.001 else f"{value:.3g}"


def percent(share: float | None) -> str:
    """Formats a share from 0 to 1 as a percentage.

    >>> percent(0.123), percent(None)
    ('12.3 %', '–')
    """
    return "–" if share is None else f"{100 * share:.1f}".removesuffix(".0") + " %"


def size(count: float) -> str:
    """Formats a number of bytes.

    >>> size(2048), size(5_000_000)
    ('2.0 kB', '4.8 MB')
    """
    return f"{count / 2**20:,.1f} MB" if count >= 2**20 else f"{count / 2**10:,.1f} kB"


def one_line(value: Any) -> str:
    """Formats a value of the log of changes.

    >>> one_line({"dryRun": True, "burst": 5}), one_line(None)
    ('dryRun: yes, burst: 5', '–')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {one_line(part)}" for name, part in value.items()) or "–"
    if isinstance(value, list | tuple):
        return ", ".join(one_line(part) for part in value) or "–"
    return when(value) if isinstance(value, datetime) else number(value)


def when(moment: datetime | None) -> str:
    """Formats date and time, UTC."""
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "–"


@pass_context
def _path_for(context: Context, name: str, /, **parameters: Any) -> URL:
    """Returns the path of a route, without scheme and host, which a proxy may change. Files carry their version."""
    path = URL(str(context["request"].app.url_path_for(name, **parameters)))
    return path.include_query_params(**{VERSION: version(parameters["path"])}) if name == "static" else path


def _navigation(request: Request) -> Any:
    for name in NAVIGATION:
        try:
            address = request.app.url_path_for(name)
        except NoMatchFound:
            continue
        inside = address != "/" and request.url.path.startswith(f"{address}/")
        yield {"name": name.capitalize(), "address": address, "current": inside or request.url.path == address}


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.globals["url_for"] = _path_for
_ENVIRONMENT.filters.update(
    ago=ago, duration=duration, number=number, percent=percent, size=size, when=when, one_line=one_line
)
_TEMPLATES = Jinja2Templates(env=_ENVIRONMENT)
