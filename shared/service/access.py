"""The one place where a service decides who calls and whether they may: every route names a permission, or says why it
is open."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import SecretStr

from shared.access.roles import EVERYTHING, Grant, Permission, Principal, Role, Scope
from shared.service.problems import Problem

FROM_SETTINGS = Principal("settings", "the key from the settings", (Grant(Role.ADMIN, EVERYTHING),))
_BEARER = HTTPBearer(auto_error=False, description="an API key")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls a route, and the dossiers that the route's permission covers."""

    principal: Principal
    scope: Scope


class Access:
    """Knows who is who in one service: `app.state.access`."""

    def __init__(self, api_key: SecretStr | None) -> None:
        self._digest = None if api_key is None else hashlib.sha256(api_key.get_secret_value().encode()).digest()

    async def principal_of(self, token: str) -> Principal | None:
        """Whose token it is; None for nobody's, and for one that no longer holds."""
        given = hashlib.sha256(token.encode()).digest()
        if self._digest is not None and hmac.compare_digest(given, self._digest):
            return FROM_SETTINGS
        return None


class Requires:
    """A FastAPI dependency: 401 without a key that holds, 403 for one without the permission.

    `request.state.caller` and the dependency's value are the `Caller`.
    """

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    # async, for FastAPI sends a plain function to a thread, which costs more than the check
    async def __call__(
        self, request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]
    ) -> Caller:
        access = cast("Access", request.app.state.access)
        principal = None if credentials is None else await access.principal_of(credentials.credentials)
        if principal is None:
            raise Problem(
                401,
                "Unauthorized",
                "send the API key as `Authorization: Bearer KEY`",
                headers={"WWW-Authenticate": "Bearer"},
            )
        scope = principal.scope_of(self.permission)
        if scope.is_nothing:
            raise Problem(403, "Forbidden", f"{principal.name} may not {self.permission.value}; ask for a key that may")
        caller = Caller(principal, scope)
        request.state.caller = caller
        return caller


class OpenToAll:
    """A route that needs no key; `why` is what the table of routes says."""

    def __init__(self, why: str) -> None:
        self.why = why

    async def __call__(self) -> None:
        return None


def requires(permission: Permission) -> object:
    """`dependencies=[requires(Permission.READ_FIGURES)]`."""
    return Depends(Requires(permission))
