"""Who may call: HS256 bearer tokens whose list claim `roles` names what the caller is."""

from __future__ import annotations

import jwt
from fastapi import Request
from jwt.types import Options

from app.problems import Problem
from app.settings import Settings, SettingsError

# Only signature and expiry are this service's business; other claims are the issuer's.
_CHECKS: Options = {"verify_aud": False, "verify_iss": False, "verify_sub": False, "verify_iat": False}


def secret(settings: Settings) -> str:
    """Return the key of the tokens, or raise SettingsError: no key must not mean no guard."""
    if settings.jwt_secret is None:
        raise SettingsError(
            "AUTH_JWT_SECRET is not set, and some operations ask for a role. "
            "Set it to the secret that signs the bearer tokens (HS256)."
        )
    return settings.jwt_secret


class AnyOf:
    """A dependency that lets a request pass whose token carries one of the roles."""

    def __init__(self, *roles: str) -> None:
        self.roles = frozenset(roles)

    async def __call__(self, request: Request) -> None:
        """Raise 401 without a good token, 403 without a role."""
        claims = _claims(request.headers.get("authorization"), request.app.state.jwt_secret)
        held = claims.get("roles")
        if not isinstance(held, list) or not any(
            isinstance(role, str) and role in self.roles for role in held
        ):
            raise Problem(403, f"This needs one of the roles: {', '.join(sorted(self.roles))}.")


def _claims(header: str | None, key: str) -> dict[str, object]:
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        challenge = {"WWW-Authenticate": "Bearer"}
        raise Problem(401, "This needs a bearer token.", headers=challenge)
    try:
        claims: dict[str, object] = jwt.decode(
            token.strip(), key, algorithms=["HS256"], options=_CHECKS
        )
    except (jwt.PyJWTError, ValueError, TypeError, ArithmeticError, RecursionError) as error:
        challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        raise Problem(401, "The bearer token is bad or expired.", headers=challenge) from error
    return claims
