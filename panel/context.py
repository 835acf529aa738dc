"""What every page needs: databases, clock, and how to start functions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request

from panel.auth import Access
from store.client import Databases


@dataclass(frozen=True)
class PanelContext:
    """One running panel."""

    databases: Databases
    access: Access
    clock: Callable[[], datetime]
    start: Callable[[str, dict[str, Any]], None]  # starts a function of serverless.yml and does not wait for it
    rejected_lines: Callable[[], Mapping[str, Mapping[str, int]]]  # collection → reason → lines that `load` rejected


def panel_context(request: Request) -> PanelContext:
    """Returns the panel that answers this request."""
    return request.app.state.panel  # type: ignore[no-any-return]
