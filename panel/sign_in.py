"""Sign-in with a token, and sign-out."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from panel.auth import check_csrf
from panel.context import panel_context
from panel.templates import page


async def show_form(request: Request) -> Response:
    """Shows the form for a token."""
    address = _local_address(request.query_params.get("next", ""))
    return page(request, "sign_in.html", {"next": address, "wrong": False})


async def sign_in(request: Request) -> Response:
    """Starts a session for a valid token."""
    request.state.form = form = await request.form(max_files=0)
    check_csrf(request)
    address = _local_address(str(form.get("next", "")))
    token = panel_context(request).access.with_token(str(form.get("token", "")).strip())
    if token is None:
        return page(request, "sign_in.html", {"next": address, "wrong": True}, 401)
    request.session.clear()  # a session from before the sign-in must not survive it
    request.session["key"] = token.fingerprint
    return RedirectResponse(address, status_code=303)


async def sign_out(request: Request) -> Response:
    """Ends the session."""
    if not request.user.is_authenticated:
        raise HTTPException(401, "Please sign in.")
    request.state.form = await request.form(max_files=0)
    check_csrf(request)
    request.session.clear()
    return RedirectResponse(request.url_for("sign_in"), status_code=303)


def _local_address(address: str) -> str:
    """Returns the address if it belongs to this panel, else that of the first page.

    >>> _local_address("/models?page=2"), _local_address("//evil.example"), _local_address("/\\\\evil")
    ('/models?page=2', '/', '/')
    """
    is_path = address.startswith("/") and not address.startswith("//") and "\\" not in address
    return address if is_path and address.isprintable() else "/"


ROUTES = [
    Route("/sign-in", show_form, name="sign_in"),
    Route("/sign-in", sign_in, methods=["POST"], name="enter"),
    Route("/sign-out", sign_out, methods=["POST"], name="sign_out"),
]
