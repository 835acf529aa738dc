"""Records every change that a person makes in the panel."""

from typing import Any

from starlette.requests import Request

from panel.context import panel_context
from store import audit


def record(request: Request, what: str, subject: str, before: Any, after: Any) -> None:
    """Writes who changed which subject, when, from what and to what."""
    panel = panel_context(request)
    audit.write(panel.databases, request.user.name, what, subject, panel.clock(), before, after)
