"""`feedpulse panel`: the control panel in the browser."""

import os
import socket
from collections.abc import Callable
from datetime import datetime
from ipaddress import ip_address
from typing import Annotated

import typer

from handlers.runtime import clock, databases, setting
from ops import console, dumps
from ops.database import database, home

PORT = 8780


def command(
    host: Annotated[str, typer.Option(help="address to listen on; other than loopback requires sign-in")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on")] = PORT,
    as_json: Annotated[
        bool, typer.Option("--json", help="the address as one JSON document on standard output")
    ] = False,
) -> None:
    """Serves the control panel until Ctrl-C."""
    with database():
        serve(host, port, as_json=as_json)


def serve(
    host: str = "127.0.0.1", port: int = PORT, now: Callable[[], datetime] = lambda: clock({}), as_json: bool = False
) -> None:
    """Serves the panel until it is stopped; the database runs already.

    Raises:
        ValueError: when the address is not loopback and sign-in is not configured.
    """
    import uvicorn

    from panel.app import application
    from panel.auth import Access, access_of

    access = Access(is_open=True) if is_loopback(host) and not _guarded() else access_of(setting)
    app = application(databases(), access, now, rejected_lines=lambda: dumps.rejected_counts(home() / "rejected"))
    listener = listening(host, port)
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
    if as_json:
        console.result({"address": address}, True)
        console.screen.file.flush()
    console.progress.print(f"Control panel: {address}  (Ctrl-C stops)", highlight=False)
    config = uvicorn.Config(app, log_level="warning", proxy_headers=False, server_header=False)
    with listener:
        uvicorn.Server(config).run(sockets=[listener])


def listening(host: str, port: int) -> socket.socket:
    """Returns a socket that listens at the address, so that the address is ours before it is printed.

    Raises:
        ValueError: when another program listens there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ValueError(f"--port: {host}:{port} cannot be used ({error.strerror}); choose another --port") from error


def is_loopback(host: str) -> bool:
    """Returns whether only this machine can reach the address.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0"), is_loopback("example.org")
    (True, True, False, False)
    """
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _guarded() -> bool:
    """Returns whether sign-in is configured; then it is required on loopback too."""
    return bool(os.environ.get("PANEL_TOKENS") or os.environ.get("PANEL_OIDC_ISSUER"))
