"""Who may come in, and what they may do: roles, tokens, a proxy's word, and the form's own token."""

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
    """What somebody may do; each role may do all that the roles before it may."""

    VIEWER = 1
    MODERATOR = 2
    OPERATOR = 3

    @classmethod
    def named(cls, name: str) -> "Role":
        """The role of that name; raises ValueError with the names that there are."""
        if name.upper() not in cls.__members__:
            raise ValueError(f"role: {name[:40]} is none of viewer, moderator, operator")
        return cls[name.upper()]


@dataclass(frozen=True)
class Person(BaseUser):
    """Somebody who is signed in."""

    name: str
    role: Role

    @property
    def is_authenticated(self) -> bool:
        """True: a person is known."""
        return True

    @property
    def display_name(self) -> str:
        """What the log of changes calls them."""
        return self.name


@dataclass(frozen=True)
class Token:
    """A secret that signs one person in."""

    person: Person
    secret: str = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """What a session keeps of the token, so that another token ends the session."""
        return hashlib.sha256(self.secret.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Access:
    """The rules of the door. `is_open`: everybody is the operator, for a panel on loopback."""

    tokens: tuple[Token, ...] = ()
    oidc: Oidc | None = None
    is_open: bool = False
    secret: str = field(default_factory=secrets.token_urlsafe, repr=False)  # signs the session's cookie

    def __post_init__(self) -> None:
        if not (self.is_open or self.tokens or self.oidc):
            raise ValueError("set PANEL_TOKENS (name:role:secret, …) or PANEL_OIDC_ISSUER: nobody could sign in")

    def with_token(self, secret: str) -> Token | None:
        """Whose token that is; takes as long for a wrong one as for a right one."""
        given = secret.encode()
        matching = [each for each in self.tokens if hmac.compare_digest(each.secret.encode(), given)]
        return matching[0] if matching else None

    def of_session(self, session: dict[str, Any]) -> Person | None:
        """Who signed in with a token that still holds."""
        key = str(session.get("key", ""))
        return next((each.person for each in self.tokens if hmac.compare_digest(each.fingerprint, key)), None)


def access_of(setting: Callable[[str], str]) -> Access:
    """The door as settings describe it: PANEL_TOKENS, PANEL_OIDC_…, PANEL_SECRET.

    Raises:
        ValueError: naming the setting, when it can't be read or nobody could sign in.
    """
    tokens = parse_tokens(setting("PANEL_TOKENS"))
    derived = hashlib.sha256("\n".join(each.secret for each in tokens).encode()).hexdigest() if tokens else ""
    secret = setting("PANEL_SECRET") or derived or secrets.token_urlsafe()
    return Access(tokens, Oidc.of(setting), secret=secret)


def parse_tokens(written: str) -> tuple[Token, ...]:
    """Tokens written as `name:role:secret`, separated by commas or lines.

    Raises:
        ValueError: without the secret, when one is not of that form, too short, or there twice.

    >>> [str(each.person) for each in parse_tokens("ann:viewer:abcdefghijklmnopqrstuvwx")]
    ["Person(name='ann', role=<Role.VIEWER: 1>)"]
    """
    tokens = tuple(_token(each.strip()) for each in written.replace("\n", ",").split(",") if each.strip())
    if len({each.secret for each in tokens}) < len(tokens):
        raise ValueError("PANEL_TOKENS: two people have the same secret")
    return tokens


def require_role(role: Role) -> Callable[[Endpoint], Endpoint]:
    """An endpoint for people of that role or a higher one; what changes something must carry the form's token.

    Endpoints written without `async` run in a thread, so they may wait for the database. A POST finds its form in
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
    """The token that this session's forms carry."""
    return str(request.session.setdefault("csrf", secrets.token_urlsafe()))


def check_csrf(request: Request) -> None:
    """Refuses a form that this session was not given: its token comes as a field or a header."""
    given = request.headers.get(CSRF_HEADER) or str(request.state.form.get(CSRF_FIELD, ""))
    if not hmac.compare_digest(csrf_token(request).encode(), given.encode()):
        raise HTTPException(403, "This form is too old or not ours. Load the page again and repeat what you did.")


class AuthBackend(AuthenticationBackend):
    """Says of each request who sends it."""

    def __init__(self, access: Access) -> None:
        self.access = access

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        """The person of the session, of the proxy's word, or nobody."""
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
        raise HTTPException(403, f"This needs the role {role.name.lower()}; yours is {request.user.role.name.lower()}.")


def _token(written: str) -> Token:
    name, _, rest = written.partition(":")
    role, _, secret = rest.partition(":")
    if not (name and role and secret):
        raise ValueError("PANEL_TOKENS: each token is written name:role:secret")
    if len(secret) < SHORTEST_TOKEN:
        raise ValueError(f"PANEL_TOKENS: the secret of {name[:40]} is shorter than {SHORTEST_TOKEN} characters")
    return Token(Person(name, Role.named(role)), secret)
