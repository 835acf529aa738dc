"""Now: is the pipeline well?"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from panel.access import Role, needs
from panel.rendering import page


@needs(Role.VIEWER)
def now(request: Request) -> Response:
    """Every function, the feed, and what was set aside."""
    return page(request, "now.html", {})


ROUTES = [Route("/", now, name="now")]
