"""Sign-in by a proxy in front: its header carries a signed word on who sends the request (OpenID Connect)."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jwt

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]  # no shared secrets, never "none"
_ROLES = ("operator", "moderator", "viewer")  # the highest first
logger = logging.getLogger("feedpulse")


class Claims(NamedTuple):
    """What the proxy says of somebody."""

    name: str
    role: str


@dataclass(frozen=True)
class Oidc:
    """Which header is believed, if its signature, issuer, audience and expiry hold."""

    issuer: str
    audience: str
    keys: jwt.PyJWKClient = field(repr=False)
    header: str = "Authorization"
    claim: str = "roles"

    @classmethod
    def of(cls, setting: Callable[[str], str]) -> "Oidc | None":
        """As settings describe it; None without PANEL_OIDC_ISSUER.

        Raises:
            ValueError: naming the setting that is missing beside it.
        """
        issuer = setting("PANEL_OIDC_ISSUER")
        if not issuer:
            return None
        for name in ("PANEL_OIDC_AUDIENCE", "PANEL_OIDC_KEYS"):
            if not setting(name):
                raise ValueError(f"{name}: is needed beside PANEL_OIDC_ISSUER")
        if not setting("PANEL_OIDC_KEYS").startswith("https://"):
            raise ValueError("PANEL_OIDC_KEYS: is no https address")
        return cls(
            issuer,
            setting("PANEL_OIDC_AUDIENCE"),
            jwt.PyJWKClient(setting("PANEL_OIDC_KEYS"), timeout=5),
            setting("PANEL_OIDC_HEADER") or "Authorization",
            setting("PANEL_OIDC_CLAIM") or "roles",
        )

    def claims(self, headers: Mapping[str, str]) -> Claims | None:
        """Name and highest role of a valid word; None without one, or when it names no role of ours."""
        given = headers.get(self.header, "").removeprefix("Bearer ").strip()
        if not given:
            return None
        try:
            said = self._verified(given)
        except jwt.PyJWTError as error:
            logger.warning("sign-in refused: %s", type(error).__name__)
            return None
        role = self._role(said)
        return Claims(str(said.get("email") or said["sub"])[:120], role) if role else None

    def _verified(self, given: str) -> dict[str, Any]:
        key = self.keys.get_signing_key_from_jwt(given)
        required = {"require": ["exp", "iss", "aud", "sub"]}
        return jwt.decode(given, key, _ALGORITHMS, options=required, audience=self.audience, issuer=self.issuer)  # type: ignore[arg-type]

    def _role(self, said: Mapping[str, Any]) -> str | None:
        named = said.get(self.claim) or []
        held = named.split() if isinstance(named, str) else [str(each) for each in named]
        return next((role for role in _ROLES if role in held), None)
