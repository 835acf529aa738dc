"""Templates and the plain words for numbers and times."""

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
    """The template as a page; every page also knows the clock, who is signed in, the form's token and what was told."""
    shared = {
        "now": panel_context(request).clock(),
        "person": request.user if request.user.is_authenticated else None,
        "is_open": panel_context(request).access.is_open,
        "csrf": csrf_token(request),
        "navigation": list(_navigation(request)),
        "told": request.session.pop("told", None),
    }
    return _TEMPLATES.TemplateResponse(request, template, shared | dict(context), status_code=status)


def back(request: Request, route: str, told: str = "", **parameters: Any) -> Response:
    """After a change: the page of that route, with its parameters, is loaded again and says what was done."""
    if told:
        request.session["told"] = told
    return RedirectResponse(request.url_for(route, **parameters), status_code=303)


def ago(moment: datetime | None, now: datetime) -> str:
    """How long ago, in words.

    >>> from datetime import UTC
    >>> ago(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 2, 30, tzinfo=UTC))
    '2 h ago'
    """
    if moment is None:
        return "never"
    seconds = (now - moment) / timedelta(seconds=1)
    return f"in {duration(-seconds)}" if seconds < -1 else f"{duration(seconds)} ago"


def duration(seconds: float) -> str:
    """A length of time in the largest unit that it fills.

    >>> duration(45), duration(90), duration(7200), duration(200_000)
    ('45 s', '1 min', '2 h', '2 days')
    """
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length * (2 if unit == "days" else 1):
            return f"{int(seconds // length)} {unit}"
    return f"{max(0, round(seconds))} s" if seconds >= 10 or seconds == int(seconds) else f"{seconds:.1f} s"


def number(value: Any) -> str:
    """A number for people: thousands apart, three places where it is small; anything else as it is.

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
    """A share of 0 to 1 in percent.

    >>> percent(0.123), percent(None)
    ('12.3 %', '–')
    """
    return "–" if share is None else f"{100 * share:.1f}".removesuffix(".0") + " %"


def size(count: float) -> str:
    """Bytes for people.

    >>> size(2048), size(5_000_000)
    ('2.0 kB', '4.8 MB')
    """
    return f"{count / 2**20:,.1f} MB" if count >= 2**20 else f"{count / 2**10:,.1f} kB"


def told(value: Any) -> str:
    """A value of the log of changes as one line.

    >>> told({"dryRun": True, "burst": 5}), told(None)
    ('dryRun: yes, burst: 5', '–')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {told(each)}" for name, each in value.items()) or "–"
    if isinstance(value, list | tuple):
        return ", ".join(told(each) for each in value) or "–"
    return when(value) if isinstance(value, datetime) else number(value)


def when(moment: datetime | None) -> str:
    """Date and time, UTC."""
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "–"


@pass_context
def _path_for(context: Context, name: str, /, **parameters: Any) -> URL:
    """The path of a route; without scheme and host, which a proxy may change. Files carry their version."""
    path = URL(str(context["request"].app.url_path_for(name, **parameters)))
    return path.include_query_params(**{VERSION: version(parameters["path"])}) if name == "static" else path


def _navigation(request: Request) -> Any:
    for name in NAVIGATION:
        try:
            address = request.app.url_path_for(name)
        except NoMatchFound:
            continue
        inside = address != "/" and request.url.path.startswith(f"{address}/")
        yield {"name": name.capitalize(), "address": address, "here": inside or request.url.path == address}


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.globals["url_for"] = _path_for
_ENVIRONMENT.filters.update(ago=ago, duration=duration, number=number, percent=percent, size=size, when=when, told=told)
_TEMPLATES = Jinja2Templates(env=_ENVIRONMENT)
