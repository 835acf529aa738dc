"""Sign-in through a proxy that adds a signed OpenID Connect token to each request."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jwt

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]  # no shared secrets, never "none"
_ROLES = ("operator", "moderator", "viewer")  # the highest first
logger = logging.getLogger("feedpulse")


class Claims(NamedTuple):
    """Name and role from a valid token."""

    name: str
    role: str


@dataclass(frozen=True)
class Oidc:
    """Which header carries the token, and what its signature, issuer and audience must be."""

    issuer: str
    audience: str
    keys: jwt.PyJWKClient = field(repr=False)
    header: str = "Authorization"
    claim: str = "roles"

    @classmethod
    def of(cls, setting: Callable[[str], str]) -> "Oidc | None":
        """Reads the settings PANEL_OIDC_…; returns None without PANEL_OIDC_ISSUER.

        Raises:
            ValueError: when another setting is missing or wrong.
        """
        issuer = setting("PANEL_OIDC_ISSUER")
        if not issuer:
            return None
        for name in ("PANEL_OIDC_AUDIENCE", "PANEL_OIDC_KEYS"):
            if not setting(name):
                raise ValueError(f"{name}: required with PANEL_OIDC_ISSUER")
        if not setting("PANEL_OIDC_KEYS").startswith("https://"):
            raise ValueError("PANEL_OIDC_KEYS: not an https address")
        return cls(
            issuer,
            setting("PANEL_OIDC_AUDIENCE"),
            jwt.PyJWKClient(setting("PANEL_OIDC_KEYS"), timeout=5),
            setting("PANEL_OIDC_HEADER") or "Authorization",
            setting("PANEL_OIDC_CLAIM") or "roles",
        )

    def claims(self, headers: Mapping[str, str]) -> Claims | None:
        """Returns name and highest role of a valid token; None without one, or when it has no role of the panel."""
        token = headers.get(self.header, "").removeprefix("Bearer ").strip()
        if not token:
            return None
        try:
            claims = self._verify(token)
        except jwt.PyJWTError as error:
            logger.warning("sign-in refused: %s", type(error).__name__)
            return None
        role = self._highest_role(claims)
        return Claims(str(claims.get("email") or claims["sub"])[:120], role) if role else None

    def _verify(self, token: str) -> dict[str, Any]:
        key = self.keys.get_signing_key_from_jwt(token)
        required = {"require": ["exp", "iss", "aud", "sub"]}
        return jwt.decode(token, key, _ALGORITHMS, options=required, audience=self.audience, issuer=self.issuer)  # type: ignore[arg-type]

    def _highest_role(self, claims: Mapping[str, Any]) -> str | None:
        value = claims.get(self.claim) or []
        roles = value.split() if isinstance(value, str) else [str(role) for role in value]
        return next((role for role in _ROLES if role in roles), None)
