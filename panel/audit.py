"""Every change that somebody makes here is written down."""

from typing import Any

from starlette.requests import Request

from panel.context import panel_context
from store import audit


def note(request: Request, what: str, subject: str, before: Any, after: Any) -> None:
    """Writes who changed what of which subject, when, from what and to what."""
    panel = panel_context(request)
    audit.write(panel.databases, request.user.name, what, subject, panel.clock(), before, after)
