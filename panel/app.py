"""The control panel as one web application."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount, Route

from handlers import runtime
from panel import errors, pages, sign_in
from panel.assets import Assets
from panel.auth import Access, AuthBackend
from panel.context import PanelContext
from panel.invoke import in_thread
from panel.security_headers import SecurityHeaders
from store.client import Databases

LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]  # host names of a panel without sign-in, against DNS rebinding
_SESSION_SECONDS = 8 * 3600


def application(
    databases: Databases,
    access: Access,
    clock: Callable[[], datetime] = lambda: runtime.clock({}),
    start: Callable[[str, dict[str, Any]], None] = in_thread,
    rejected_lines: Callable[[], Mapping[str, Mapping[str, int]]] = dict,
) -> Starlette:
    """Returns the panel over these databases, for the people that `access` accepts."""
    routes = [*sign_in.ROUTES, *page_routes(), Mount("/static", Assets(), name="static")]
    app = Starlette(routes=routes, middleware=list(_middleware(access)), exception_handlers=errors.HANDLERS)
    app.state.panel = PanelContext(databases, access, clock, start, rejected_lines)
    return app


def page_routes() -> Iterator[Route]:
    """Yields the routes of every module of panel.pages.

    Raises:
        ValueError: when an endpoint has no @require_role.
    """
    for module_info in pkgutil.iter_modules(pages.__path__):
        module = importlib.import_module(f"{pages.__name__}.{module_info.name}")
        for route in getattr(module, "ROUTES", ()):
            if not hasattr(route.endpoint, "required_role"):
                raise ValueError(f"{route.path}: the endpoint has no role; say @require_role(Role.…)")
            yield route


def _middleware(access: Access) -> Iterator[Middleware]:
    secure = not access.is_open
    yield Middleware(SecurityHeaders, secure=secure)
    if access.is_open:
        yield Middleware(TrustedHostMiddleware, allowed_hosts=LOOPBACK, www_redirect=False)
    yield Middleware(GZipMiddleware, minimum_size=1_000)
    yield Middleware(
        SessionMiddleware,
        secret_key=access.secret,
        session_cookie="__Host-feedpulse" if secure else "feedpulse",
        max_age=_SESSION_SECONDS,
        same_site="lax",
        https_only=secure,
    )
    yield Middleware(AuthenticationMiddleware, backend=AuthBackend(access))
