"""Security headers: browsers run only our own files, and send no referrer to other sites."""

from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_YEAR_SECONDS = 31_536_000


class SecurityHeaders:
    """Adds the headers to every answer, and `no-store` to answers without a cache policy.

    Redirects become paths, so that they stay on https behind a proxy that uses http.
    """

    def __init__(self, app: ASGIApp, secure: bool) -> None:
        self.app, self.secure = app, secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request to the application and adds headers to its answer."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Cache-Control", "no-store")
                if "location" in headers:
                    headers["Location"] = path_of(headers["location"])
                if self.secure:
                    headers["Strict-Transport-Security"] = f"max-age={_YEAR_SECONDS}"
            await send(message)

        await self.app(scope, receive, send_with_headers)


def path_of(address: str) -> str:
    """Returns an address without scheme and host.

    >>> path_of("http://panel.example/sign-in?next=%2F#log")
    '/sign-in?next=%2F#log'
    """
    return urlsplit(address)._replace(scheme="", netloc="").geturl()
