"""What somebody sees when a page can't be given: what happened and what to do, never a traceback."""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from panel.security_headers import HEADERS
from panel.templates import page

_TITLES = {400: "That is not right", 401: "Please sign in", 403: "Not allowed", 404: "Not found", 405: "Not possible"}
_WORDS = {404: "There is nothing under this address.", 405: "This address does not take that."}


def refused(request: Request, error: Exception) -> Response:
    """A page for what was asked wrongly; who is not signed in comes to the sign-in."""
    assert isinstance(error, HTTPException)
    if error.status_code == 401 and request.method == "GET" and not request.headers.get("HX-Request"):
        address = request.url_for("sign_in").include_query_params(next=_asked(request))
        return RedirectResponse(address, status_code=303)
    words = _WORDS.get(error.status_code, error.detail)
    return _told(request, error.status_code, _TITLES.get(error.status_code, "Not done"), words)


def wrong(request: Request, error: Exception) -> Response:
    """A page for a value that can't be."""
    if type(error) is not ValueError:  # its subclasses come from inside
        return failed(request, error)
    return _told(request, 400, _TITLES[400], str(error)[:300])


def failed(request: Request, error: Exception) -> Response:
    """A page for what went wrong here; a database that does not answer is named."""
    if "ConnectionFailure" in {each.__name__ for each in type(error).__mro__}:
        words = "The database does not answer. Check that it runs and can be reached, then load this page again."
        return _told(request, 503, "The database is away", words, HEADERS)
    words = "Something went wrong here. It is in the log; loading the page again may help."
    return _told(request, 500, "This page failed", words, HEADERS)


def _told(request: Request, status: int, title: str, words: str, headers: Mapping[str, str] | None = None) -> Response:
    response = page(request, "error.html", {"title": title, "words": words}, status)
    response.headers.update(headers or {})
    return response


def _asked(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


HANDLERS: Mapping[Any, Any] = {HTTPException: refused, ValueError: wrong, Exception: failed}
