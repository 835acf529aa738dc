"""The way in and out."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from panel.auth import check_csrf
from panel.context import panel_context
from panel.templates import page


async def show(request: Request) -> Response:
    """The form for a token."""
    return page(request, "sign_in.html", {"next": _own(request.query_params.get("next", "")), "wrong": False})


async def enter(request: Request) -> Response:
    """Signs in whoever has a token."""
    request.state.form = form = await request.form(max_files=0)
    check_csrf(request)
    address = _own(str(form.get("next", "")))
    token = panel_context(request).access.with_token(str(form.get("token", "")).strip())
    if token is None:
        return page(request, "sign_in.html", {"next": address, "wrong": True}, 401)
    request.session.clear()  # a session from before the sign-in is worth nothing
    request.session["key"] = token.fingerprint
    return RedirectResponse(address, status_code=303)


async def leave(request: Request) -> Response:
    """Signs out."""
    if not request.user.is_authenticated:
        raise HTTPException(401, "Please sign in.")
    request.state.form = await request.form(max_files=0)
    check_csrf(request)
    request.session.clear()
    return RedirectResponse(request.url_for("sign_in"), status_code=303)


def _own(address: str) -> str:
    """The address if it is one of this panel, else the first page.

    >>> _own("/models?page=2"), _own("//evil.example"), _own("https://evil.example"), _own("/\\\\evil")
    ('/models?page=2', '/', '/', '/')
    """
    plain = address.startswith("/") and not address.startswith("//") and "\\" not in address
    return address if plain and address.isprintable() else "/"


ROUTES = [
    Route("/sign-in", show, name="sign_in"),
    Route("/sign-in", enter, methods=["POST"], name="enter"),
    Route("/sign-out", leave, methods=["POST"], name="sign_out"),
]
