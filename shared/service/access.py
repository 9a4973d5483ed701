"""The one place where a service decides who calls and whether they may: every route names a permission, or says why it
is open."""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from fastapi import Depends, FastAPI, Request, Security
from fastapi.routing import RouteContext, iter_route_contexts
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import SecretStr

from shared.access.roles import EVERYTHING, IN_VIETNAMESE, INDIVISIBLE, Grant, Permission, Principal, Role, Scope
from shared.service.acting import act_as
from shared.service.keyring import ExpiringKeys, KeyRing
from shared.service.metric_catalogue import LAPSED_KEYS, REQUESTS_REFUSED
from shared.service.oidc.provider import Provider, ProviderAway
from shared.service.oidc.tokens import GrantsRefused, TokenRefused, access_token, looks_like_one
from shared.service.problems import Problem
from shared.service.refusals import LapsedKeys, Refusals, WhyRefused
from shared.service.sessions import SAFE_METHODS, Sessions, is_from_own_page, sessions_of
from shared.service.settings import PageSettings, ServiceSettings
from shared.service.wrong_keys import WrongKeys

FROM_SETTINGS = Principal("settings", "the key from the settings", (Grant(Role.ADMIN, EVERYTHING),))
PROVIDER_RETRY_S = "10"
ANYBODY = Principal("anybody", "anybody", ())
_BEARER = HTTPBearer(auto_error=False, description="an API key, or an access token of the OpenID provider")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls a route, and the dossiers that the route's permission covers."""

    principal: Principal
    scope: Scope


class Access:
    """Knows who is who in one service: `app.state.access`. Services without pages have no `sessions`."""

    def __init__(
        self,
        api_key: SecretStr | None,
        sessions: Sessions | None = None,
        keys: KeyRing | None = None,
        provider: Provider | None = None,
    ) -> None:
        self._digest = None if api_key is None else hashlib.sha256(api_key.get_secret_value().encode()).digest()
        self._keys = keys
        self.sessions = sessions
        self.provider = provider
        self.refusals = Refusals(REQUESTS_REFUSED.counter(None), LapsedKeys(LAPSED_KEYS))
        self.expiry = ExpiringKeys(keys)
        self.wrong_keys = WrongKeys()

    @property
    def is_alone(self) -> bool:
        """Whether only the key from the settings is known: then /metrics is open, as before there were others."""
        return self._keys is None and self.provider is None

    @property
    def trouble(self) -> str | None:
        """What is amiss with the keys; None when all is well."""
        return None if self._keys is None else self._keys.trouble

    async def principal_of(self, token: str) -> Principal | None:
        """Whose token it is; None for nobody's, and for one that no longer holds.

        Raises a `Problem` for a token of the provider that can't be taken.
        """
        found = self.of_key(token)
        if found is None and self.provider is not None and looks_like_one(token):
            return await _vouched_for(self.provider, token)
        return found

    def of_key(self, token: str) -> Principal | None:
        """Whose key it is; None for nobody's, and for one that no longer holds."""
        given = hashlib.sha256(token.encode(errors="surrogatepass")).digest()
        if self._digest is not None and hmac.compare_digest(given, self._digest):
            return FROM_SETTINGS
        return None if self._keys is None else self._keys.of_token(token)

    def with_id(self, principal_id: str) -> Principal | None:
        """Who it is whose key has this id; None for a key that no longer holds."""
        if principal_id == FROM_SETTINGS.id:
            return None if self._digest is None else FROM_SETTINGS
        return None if self._keys is None else self._keys.with_id(principal_id)

    def refused(self, token: str) -> tuple[WhyRefused, str, str]:
        """Why a token is nobody's, and what to do about it, in both languages; only who has it learns that it held
        once."""
        key = None if self._keys is None else self._keys.past(token)
        if key is None:
            return (
                WhyRefused.UNKNOWN_KEY,
                "this key is not known here; send one that is as `Authorization: Bearer KEY`",
                "không có khóa này; hãy gửi khóa đúng, `Authorization: Bearer KHÓA`",
            )
        if key.revoked_at is not None:
            return (
                WhyRefused.REVOKED_KEY,
                f"the key {key.id} was revoked; ask for another one",
                f"khóa {key.id} đã bị thu hồi; hãy xin khóa khác",
            )
        return (
            WhyRefused.EXPIRED_KEY,
            f"the key {key.id} has expired ({key.expires_at}); ask for another one",
            f"khóa {key.id} đã hết hạn ({key.expires_at}); hãy xin khóa khác",
        )

    async def of_session(self, request: Request) -> Principal | None:
        """Whose session the request comes with, as its key is now; None for none that holds.

        Here, and so for every route and page: what changes something is taken from pages of this service only, for a
        browser sends the cookie along whoever makes it ask. Raises the `Problem` 403 otherwise.
        """
        session = None if self.sessions is None else self.sessions.held_by(request)
        if session is None:
            return None
        is_of_provider = self.provider is not None and self.provider.oidc.client is not None
        subject = session.subject() if is_of_provider else None
        principal = subject or self.with_id(session.principal)
        if principal is not None and request.method not in SAFE_METHODS and not is_from_own_page(request):
            self.refusals.note(request, WhyRefused.FOREIGN_PAGE, principal.id)
            raise foreign_page()
        return principal

    def permit(self, principal: Principal, permission: Permission, *, everywhere: bool = False) -> Caller:
        """The caller, who acts from now on, where the permission holds; raises the `Problem` 403 where it does not."""
        scope = principal.scope_of(permission)
        if scope.is_nothing:
            raise Problem(
                403,
                "Forbidden",
                f"{principal.name} may not {permission.value}; ask for a key that may",
                vietnamese=f"{principal.name} không có quyền {IN_VIETNAMESE[permission]}; hãy xin khóa có quyền này",
            )
        if (everywhere or permission in INDIVISIBLE) and not scope.is_everything:
            raise Problem(
                403,
                "Forbidden",
                f"{principal.name} may {permission.value} within {scope} only, and this is about all departments; "
                "ask for a key whose grant says @*",
                vietnamese=f"{principal.name} chỉ có quyền {IN_VIETNAMESE[permission]} trong phạm vi {scope}, còn việc "
                "này liên quan đến mọi cơ quan; hãy xin khóa được cấp quyền @*",
            )
        act_as(principal)
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
            access.refusals.note(request, WhyRefused.NOT_PERMITTED, principal.id)
            raise
        request.state.caller = caller
        return caller

    async def still_holds(self, request: Request) -> bool:
        """Whether the caller may go on: while a stream lasts, keys are revoked and sessions end."""
        try:
            await self(request, await _BEARER(request))
        except Problem:
            return False
        return True

    async def _principal(
        self, access: Access, request: Request, credentials: HTTPAuthorizationCredentials | None
    ) -> Principal:
        if credentials is None:
            if self.takes_session:
                principal = await access.of_session(request)
                if principal is not None:
                    return principal
            access.refusals.note(request, WhyRefused.NO_KEY)
            page, trang = (
                (", or open a page of this service first", ", hoặc mở một trang của dịch vụ này trước")
                if self.takes_session
                else ("", "")
            )
            raise _unknown(
                f"send the API key as `Authorization: Bearer KEY`{page}",
                f"hãy gửi kèm khóa API, `Authorization: Bearer KHÓA`{trang}",
            )
        try:
            principal = await access.principal_of(credentials.credentials)
        except Problem:
            access.refusals.note(request, WhyRefused.NOT_VOUCHED_FOR)
            raise
        if principal is None:
            why, detail, vietnamese = access.refused(credentials.credentials)
            access.refusals.note(request, why, token=credentials.credentials)
            raise _unknown(detail, vietnamese)
        return principal


def _unknown(detail: str, vietnamese: str) -> Problem:
    return Problem(401, "Unauthorized", detail, vietnamese=vietnamese, headers={"WWW-Authenticate": "Bearer"})


async def _vouched_for(provider: Provider, token: str) -> Principal:
    """Whom the provider's token speaks for; raises the `Problem` that says why it can't be taken."""
    try:
        return await access_token(provider, token)
    except TokenRefused as refused:
        raise Problem(
            401,
            "Unauthorized",
            f"the token is not taken: {refused}; get a new one from the provider",
            vietnamese="mã truy cập không được chấp nhận (hết hạn, sai chữ ký, sai nơi cấp hoặc sai nơi nhận); hãy lấy "
            "mã mới từ nhà cung cấp danh tính",
            headers={"WWW-Authenticate": f'Bearer error="invalid_token", error_description="{refused}"'},
        ) from None
    except GrantsRefused as refused:
        raise Problem(
            403,
            "Forbidden",
            str(refused),
            code="invalid_grant",
            vietnamese="quyền mà nhà cung cấp danh tính ghi trong mã truy cập thiếu hoặc viết chưa đúng; hãy nhờ người "
            "quản trị sửa ở đó",
        ) from None
    except ProviderAway:
        raise Problem(
            503,
            "Service Unavailable",
            "the provider that has to vouch for this token does not answer; try again shortly",
            vietnamese="nhà cung cấp danh tính tạm thời không trả lời; hãy thử lại sau ít phút",
            headers={"Retry-After": PROVIDER_RETRY_S},
        ) from None


def foreign_page() -> Problem:
    """What was asked for comes with a session, and does not say that it comes from a page of this service."""
    return Problem(
        403,
        "Forbidden",
        "the request did not come from a page of this service, or none of its headers Origin, Referer and "
        "Sec-Fetch-Site is there to say so; open the page again and retry; a program sends a key",
        vietnamese="yêu cầu không đến từ trang này, hoặc không có tiêu đề Origin, Referer hay Sec-Fetch-Site cho biết "
        "điều đó; hãy mở lại trang và thử lần nữa; phần mềm thì gửi kèm khóa",
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


def access_by(service: str, settings: ServiceSettings) -> Access:
    """Who is who in a service, by its settings."""
    provider = None if settings.oidc is None else Provider(settings.oidc)
    if isinstance(settings, PageSettings):
        return access_with_pages(service, settings.api_key, settings.access_dir, settings.public_url, provider)
    return Access(settings.api_key, None, _keys_in(settings.access_dir, service), provider)


def access_with_pages(
    service: str, api_key: SecretStr | None, folder: Path | None, public_url: str | None, provider: Provider | None
) -> Access:
    """Who is who in a service whose pages open sessions."""
    sessions = sessions_of(service, api_key, folder, public_url)
    return Access(api_key, sessions, _keys_in(folder, service), provider)


def _keys_in(folder: Path | None, service: str) -> KeyRing | None:
    return None if folder is None else KeyRing(folder, service)


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
