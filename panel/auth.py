"""Authentication and authorisation: roles, tokens, a proxy's token, and CSRF tokens."""

import hashlib
import hmac
import inspect
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import IntEnum
from functools import wraps
from typing import Any

from starlette.authentication import AuthCredentials, AuthenticationBackend, BaseUser
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from panel.oidc import Oidc

Endpoint = Callable[[Request], Response | Awaitable[Response]]
CSRF_HEADER, CSRF_FIELD = "X-CSRF-Token", "csrf"
SHORTEST_TOKEN = 24  # characters; shorter ones can be guessed
_SAFE = ("GET", "HEAD")


class Role(IntEnum):
    """What a person may do. Each role includes the roles before it."""

    VIEWER = 1
    MODERATOR = 2
    OPERATOR = 3

    @classmethod
    def named(cls, name: str) -> "Role":
        """Returns the role of that name; raises ValueError for an unknown one."""
        if name.upper() not in cls.__members__:
            raise ValueError(f"role: {name[:40]} is not viewer, moderator or operator")
        return cls[name.upper()]


@dataclass(frozen=True)
class Person(BaseUser):
    """A person who is signed in."""

    name: str
    role: Role

    @property
    def is_authenticated(self) -> bool:
        """Returns True."""
        return True

    @property
    def display_name(self) -> str:
        """Returns the name in the log of changes."""
        return self.name


@dataclass(frozen=True)
class Token:
    """A secret that signs one person in."""

    person: Person
    secret: str = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Returns the hash that a session stores, so that a changed token ends the session."""
        return hashlib.sha256(self.secret.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Access:
    """Who may sign in. `is_open`: everybody is the operator, for a panel on loopback."""

    tokens: tuple[Token, ...] = ()
    oidc: Oidc | None = None
    is_open: bool = False
    secret: str = field(default_factory=secrets.token_urlsafe, repr=False)  # signs the session's cookie

    def __post_init__(self) -> None:
        if not (self.is_open or self.tokens or self.oidc):
            raise ValueError("set PANEL_TOKENS (name:role:secret, …) or PANEL_OIDC_ISSUER: nobody could sign in")

    def with_token(self, secret: str) -> Token | None:
        """Returns the token with that secret, in constant time."""
        encoded = secret.encode()
        matching = [token for token in self.tokens if hmac.compare_digest(token.secret.encode(), encoded)]
        return matching[0] if matching else None

    def of_session(self, session: dict[str, Any]) -> Person | None:
        """Returns the person of a session, if the token is still valid."""
        key = str(session.get("key", ""))
        return next((token.person for token in self.tokens if hmac.compare_digest(token.fingerprint, key)), None)


def access_of(setting: Callable[[str], str]) -> Access:
    """Reads the settings PANEL_TOKENS, PANEL_OIDC_… and PANEL_SECRET.

    Raises:
        ValueError: when a setting is invalid, or nobody could sign in.
    """
    tokens = parse_tokens(setting("PANEL_TOKENS"))
    derived = hashlib.sha256("\n".join(token.secret for token in tokens).encode()).hexdigest() if tokens else ""
    secret = setting("PANEL_SECRET") or derived or secrets.token_urlsafe()
    return Access(tokens, Oidc.of(setting), secret=secret)


def parse_tokens(text: str) -> tuple[Token, ...]:
    """Parses tokens written as `name:role:secret`, separated by commas or lines.

    Raises:
        ValueError: when a token is malformed, too short or repeated. The message never contains the secret.

    >>> [str(token.person) for token in parse_tokens("ann:viewer:abcdefghijklmnopqrstuvwx")]
    ["Person(name='ann', role=<Role.VIEWER: 1>)"]
    """
    tokens = tuple(_token(part.strip()) for part in text.replace("\n", ",").split(",") if part.strip())
    if len({token.secret for token in tokens}) < len(tokens):
        raise ValueError("PANEL_TOKENS: two people have the same secret")
    return tokens


def require_role(role: Role) -> Callable[[Endpoint], Endpoint]:
    """Restricts an endpoint to people of that role or a higher one. Requests that change data need a CSRF token.

    Endpoints without `async` run in a thread, so they may wait for the database. The form of a POST is in
    `request.state.form`.
    """

    def decorate(endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        async def guarded(request: Request) -> Response:
            _check_role(request, role)
            if request.method not in _SAFE:
                request.state.form = await request.form(max_files=0)
                check_csrf(request)
            if inspect.iscoroutinefunction(endpoint):
                return await endpoint(request)  # type: ignore[no-any-return]
            return await run_in_threadpool(endpoint, request)  # type: ignore[arg-type]

        guarded.required_role = role  # type: ignore[attr-defined]
        return guarded

    return decorate


def csrf_token(request: Request) -> str:
    """Returns the CSRF token of this session."""
    return str(request.session.setdefault("csrf", secrets.token_urlsafe()))


def check_csrf(request: Request) -> None:
    """Refuses a request without the CSRF token of this session, as a field or a header."""
    token = request.headers.get(CSRF_HEADER) or str(request.state.form.get(CSRF_FIELD, ""))
    if not hmac.compare_digest(csrf_token(request).encode(), token.encode()):
        raise HTTPException(403, "This form has expired. Reload the page and try again.")


class AuthBackend(AuthenticationBackend):
    """Identifies who sends a request."""

    def __init__(self, access: Access) -> None:
        self.access = access

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        """Returns the person of the session or of the proxy's token, or None."""
        person = await self._person(conn)
        return (AuthCredentials([person.role.name]), person) if person else None

    async def _person(self, conn: HTTPConnection) -> Person | None:
        if self.access.is_open:
            return Person("operator on this machine", Role.OPERATOR)
        if oidc := self.access.oidc:
            claims = await run_in_threadpool(oidc.claims, conn.headers)
            if claims:
                return Person(claims.name, Role.named(claims.role))
        return self.access.of_session(conn.session)


def _check_role(request: Request, role: Role) -> None:
    if not request.user.is_authenticated:
        raise HTTPException(401, "Please sign in.")
    if request.user.role < role:
        own = request.user.role.name.lower()
        raise HTTPException(403, f"This requires the role {role.name.lower()}. Your role is {own}.")


def _token(text: str) -> Token:
    name, _, rest = text.partition(":")
    role, _, secret = rest.partition(":")
    if not (name and role and secret):
        raise ValueError("PANEL_TOKENS: write each token as name:role:secret")
    if len(secret) < SHORTEST_TOKEN:
        raise ValueError(f"PANEL_TOKENS: the secret of {name[:40]} is shorter than {SHORTEST_TOKEN} characters")
    return Token(Person(name, Role.named(role)), secret)
