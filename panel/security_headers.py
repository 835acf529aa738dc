"""Headers that tell browsers to run only our own files and to tell nobody where somebody was."""

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


class Headers:
    """Adds the headers to every answer; what does not say otherwise is never kept by a cache.

    Redirects name no scheme, so that they stay on https behind a proxy that speaks http to us.
    """

    def __init__(self, app: ASGIApp, secure: bool) -> None:
        self.app, self.secure = app, secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers through the application."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Cache-Control", "no-store")
                if "location" in headers:
                    headers["Location"] = path_of(headers["location"])
                if self.secure:
                    headers["Strict-Transport-Security"] = f"max-age={_YEAR_SECONDS}"
            await send(message)

        await self.app(scope, receive, sending)


def path_of(address: str) -> str:
    """An address of this panel without scheme and host.

    >>> path_of("http://panel.example/sign-in?next=%2F#log")
    '/sign-in?next=%2F#log'
    """
    return urlsplit(address)._replace(scheme="", netloc="").geturl()
