"""Error pages. They say what happened and what to do, and never show a traceback."""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from panel.security_headers import HEADERS
from panel.templates import page

_TITLES = {
    400: "Invalid request",
    401: "Please sign in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
}
_MESSAGES = {404: "There is no page at this address.", 405: "This address does not accept this kind of request."}


def refused(request: Request, error: Exception) -> Response:
    """Answers a request that is not accepted. Without a session, a page redirects to the sign-in."""
    assert isinstance(error, HTTPException)
    if error.status_code == 401 and request.method == "GET" and not request.headers.get("HX-Request"):
        address = request.url_for("sign_in").include_query_params(next=_path_and_query(request))
        return RedirectResponse(address, status_code=303)
    message = _MESSAGES.get(error.status_code, error.detail)
    return _error_page(request, error.status_code, _TITLES.get(error.status_code, "Not done"), message)


def invalid(request: Request, error: Exception) -> Response:
    """Answers a request with an invalid value."""
    if type(error) is not ValueError:  # its subclasses come from inside
        return failed(request, error)
    return _error_page(request, 400, _TITLES[400], str(error)[:300])


def failed(request: Request, error: Exception) -> Response:
    """Answers when the panel itself failed, or when the database does not answer."""
    if "ConnectionFailure" in {ancestor.__name__ for ancestor in type(error).__mro__}:
        message = "The database does not answer. Check that it is running and reachable, then reload this page."
        return _error_page(request, 503, "Database unavailable", message, HEADERS)
    message = "Something went wrong. The error is in the log. Reload this page to try again."
    return _error_page(request, 500, "This page failed", message, HEADERS)


def _error_page(
    request: Request, status: int, title: str, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    response = page(request, "error.html", {"title": title, "message": message}, status)
    response.headers.update(headers or {})
    return response


def _path_and_query(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


HANDLERS: Mapping[Any, Any] = {HTTPException: refused, ValueError: invalid, Exception: failed}
