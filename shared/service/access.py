"""The one place where a service decides who calls and whether they may: every route names a permission, or says why it
is open."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, cast

from fastapi import Depends, FastAPI, Request, Security
from fastapi.routing import RouteContext, iter_route_contexts
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import SecretStr

from shared.access.roles import EVERYTHING, INDIVISIBLE, Grant, Permission, Principal, Role, Scope
from shared.service.problems import Problem
from shared.service.refusals import Reason, Refusals

FROM_SETTINGS = Principal("settings", "the key from the settings", (Grant(Role.ADMIN, EVERYTHING),))
ANYBODY = Principal("anybody", "anybody", ())
_BEARER = HTTPBearer(auto_error=False, description="an API key")

OfSession = Callable[[Request], Awaitable[Principal | None]]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls a route, and the dossiers that the route's permission covers."""

    principal: Principal
    scope: Scope


class Access:
    """Knows who is who in one service: `app.state.access`.

    `of_session` tells whose session a request of a page's script comes with, for the services that have pages.
    """

    def __init__(self, api_key: SecretStr | None) -> None:
        self._digest = None if api_key is None else hashlib.sha256(api_key.get_secret_value().encode()).digest()
        self.of_session: OfSession | None = None
        self.refusals = Refusals()

    @property
    def is_alone(self) -> bool:
        """Whether the key from the settings is the only one: then /metrics is open, as before there were others."""
        return True

    async def principal_of(self, token: str) -> Principal | None:
        """Whose token it is; None for nobody's, and for one that no longer holds."""
        given = hashlib.sha256(token.encode()).digest()
        if self._digest is not None and hmac.compare_digest(given, self._digest):
            return FROM_SETTINGS
        return None

    def permit(self, principal: Principal, permission: Permission, *, everywhere: bool = False) -> Caller:
        """The caller, where the permission holds; raises the `Problem` 403 where it does not."""
        scope = principal.scope_of(permission)
        if scope.is_nothing:
            raise Problem(
                403,
                "Forbidden",
                f"{principal.name} may not {permission.value}; ask for a key that may",
                vietnamese=f"{principal.name} không có quyền này ({permission.value}); hãy xin khóa có quyền",
            )
        if (everywhere or permission in INDIVISIBLE) and not scope.is_everything:
            raise Problem(
                403,
                "Forbidden",
                f"{principal.name} may {permission.value} within {scope} only, and this is about all departments; "
                "ask for a key whose grant says @*",
                vietnamese=f"{principal.name} chỉ có quyền trong phạm vi {scope}, còn việc này liên quan đến mọi cơ "
                "quan; hãy xin khóa được cấp quyền @*",
            )
        return Caller(principal, scope)


@dataclass(frozen=True)
class Requires:
    """A FastAPI dependency: 401 without a key that holds, 403 for one without the permission.

    `request.state.caller` and the dependency's value are the `Caller`. `everywhere`: within all departments or not at
    all. `takes_session`: scripts of pages call it too. `open_while_alone`: open to all where the key from the settings
    is the only one.
    """

    permission: Permission
    everywhere: bool = False
    takes_session: bool = False
    open_while_alone: bool = False

    # async, for FastAPI sends a plain function to a thread, which costs more than the check
    async def __call__(
        self, request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]
    ) -> Caller:
        access = access_of(request)
        if self.open_while_alone and access.is_alone:
            return Caller(ANYBODY, EVERYTHING)
        principal = await self._principal(access, request, credentials)
        try:
            caller = access.permit(principal, self.permission, everywhere=self.everywhere)
        except Problem:
            access.refusals.note(request, Reason.NOT_PERMITTED, principal.id)
            raise
        request.state.caller = caller
        return caller

    async def _principal(
        self, access: Access, request: Request, credentials: HTTPAuthorizationCredentials | None
    ) -> Principal:
        if credentials is None:
            if self.takes_session and access.of_session is not None:
                principal = await access.of_session(request)
                if principal is not None:
                    return principal
            access.refusals.note(request, Reason.NO_KEY)
        else:
            principal = await access.principal_of(credentials.credentials)
            if principal is not None:
                return principal
            access.refusals.note(request, Reason.UNKNOWN_KEY, token=credentials.credentials)
        fix = ", or open a page of this service first" if self.takes_session else ""
        raise Problem(
            401,
            "Unauthorized",
            f"send the API key as `Authorization: Bearer KEY`{fix}",
            headers={"WWW-Authenticate": "Bearer"},
        )


@dataclass(frozen=True)
class OpenToAll:
    """A route that needs no key; `why` is what the table of routes says."""

    why: str

    async def __call__(self) -> None:
        return None


Rule = Requires | OpenToAll
RuledT = TypeVar("RuledT")


def access_of(request: Request) -> Access:
    """Who is who in the service that the request came to."""
    return cast("Access", request.app.state.access)


def requires(
    permission: Permission, *, everywhere: bool = False, takes_session: bool = False, open_while_alone: bool = False
) -> Any:
    """`dependencies=[requires(Permission.READ_FIGURES)]`, before all others: who may not call learns nothing else."""
    return Depends(Requires(permission, everywhere, takes_session, open_while_alone))


def open_to_all(why: str) -> Any:
    """`dependencies=[open_to_all("why")]`."""
    return Depends(OpenToAll(why))


def ruled(endpoint: RuledT, rule: Rule) -> RuledT:
    """An endpoint that is no FastAPI route (a page, a mounted folder) with its rule, which it sees to itself."""
    endpoint.rule = rule  # type: ignore[attr-defined]  # any function or application takes it
    return endpoint


def endpoint_of(route: Any) -> Any:
    """What answers at a route: a function, or the application that is mounted there."""
    return getattr(route, "endpoint", None) or getattr(route, "app", None)


@dataclass(frozen=True, slots=True)
class RuledRoute:
    """A route of a service; `rule` is None where it names none, or has something else come before it."""

    path: str
    methods: tuple[str, ...]
    rule: Rule | None


def routes_of(application: FastAPI) -> Iterator[RuledRoute]:
    """Every route of a service with its rule: calls, pages, mounted folders."""
    for route in iter_route_contexts(application.routes):
        yield RuledRoute(route.path or "", tuple(sorted((route.methods or {"GET"}) - {"HEAD"})), _rule_of(route))


def _rule_of(route: RouteContext) -> Rule | None:
    dependant = getattr(route, "dependant", None)
    first = None if dependant is None else next((found.call for found in dependant.dependencies), None)
    if isinstance(first, Requires | OpenToAll):
        return first
    found = getattr(endpoint_of(route), "rule", None)
    # a page sees to its own rule; a call of FastAPI does not, and the attribute alone would guard nothing
    return found if isinstance(found, OpenToAll) or (dependant is None and isinstance(found, Requires)) else None
