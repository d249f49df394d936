"""Whose a resource is: the claim `sub` of the bearer token names the caller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from app import auth
from app.problems import Problem


@dataclass(frozen=True)
class Caller:
    """Who sent a request, as the token says."""

    subject: object
    roles: frozenset[str]

    def must_own(self, owner: object, *roles: str) -> None:
        """Raise 403 unless the resource is the caller's or the caller has one of the roles."""
        owned = owner is not None and isinstance(self.subject, str) and self.subject == str(owner)
        if not owned and self.roles.isdisjoint(roles):
            others = f", or the role {' or '.join(roles)}" if roles else ""
            raise Problem(403, f"This needs the owner of the resource{others}.")


async def caller(request: Request) -> Caller:
    """Return the caller, or raise 401 without a good token."""
    claims = auth._claims(request.headers.get("authorization"), request.app.state.jwt_secret)
    held = claims.get("roles")
    roles = held if isinstance(held, list) else []
    return Caller(claims.get("sub"), frozenset(each for each in roles if isinstance(each, str)))


Who = Annotated[Caller, Depends(caller)]
