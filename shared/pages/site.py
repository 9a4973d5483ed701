"""What every page has: its reader's session and language, a strict content policy, and failures as pages that say
what to do."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode

import structlog
from fastapi import Request
from starlette.responses import HTMLResponse, Response

from shared.access.roles import Permission, Principal
from shared.auditing.entries import Act, AuditEntry
from shared.catalogue import Catalogue
from shared.language import numbers, words
from shared.language.languages import Language
from shared.pages.look import A_YEAR_S, Look
from shared.pages.texts import said
from shared.service.access import Access, Caller, Requires, ruled
from shared.service.acting import acting
from shared.service.audit_routes import audit_of_service
from shared.service.problems import Problem
from shared.service.refusals import WhyRefused
from shared.service.sql import DATABASE_ERRORS, is_transient

LOG_IN = "/session/login"
_ONCE = "/session"  # what stands under it is not opened a second time
LANGUAGE_COOKIE = "motcua_language"
_OWN = ("script-src", "style-src", "img-src", "connect-src", "form-action")
_NOBODY = ("default-src", "base-uri", "frame-ancestors")
POLICY = "; ".join([f"{each} 'none'" for each in _NOBODY] + [f"{each} 'self'" for each in _OWN])
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",  # with none at all a browser does not say where a form stood
    "Cache-Control": "no-store",
    "Vary": "Cookie, HX-Request",
    "Cross-Origin-Opener-Policy": "same-origin",
}
PASSES = 503  # what passes by itself: the page tries again

Answer = Callable[[Request], Awaitable[Response]]
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Pages:
    """The pages of a service, wired once; a service's own class adds what its pages are made of."""

    catalogue: Catalogue
    access: Access
    look: Look
    office: str | None = None

    said_of_problems: ClassVar[Mapping[str, str]] = {"busy": "busy"}
    """The code of a problem -> the key of what the page says in its place."""

    permission: ClassVar[Permission] = Permission.READ_FIGURES
    """What a page asks for, where it does not say otherwise."""

    def guarded(self, answer: Answer, permission: Permission | None = None) -> Answer:
        """The page for those who may see it, whom `request.state.caller` names; others are asked for the key, and what
        fails says so in words."""
        rule = Requires(permission or self.permission, takes_session=True)

        async def guard(request: Request) -> Response:
            principal = await self.access.of_session(request)
            if principal is None:
                return self.sign_in(request)
            request.state.principal = principal
            request.state.caller = self.permitted(request, principal, rule.permission)
            return await answer(request)

        return ruled(self.in_words(guard), rule)

    def in_words(self, answer: Answer) -> Answer:
        """The page; what fails says so in words."""

        async def answer_in_words(request: Request) -> Response:
            try:
                return await answer(request)
            except Exception as error:
                failed = self.failure(request, error)
                if failed is None:
                    raise
                return failed

        return answer_in_words

    def permitted(self, request: Request, principal: Principal, permission: Permission) -> Caller:
        """The caller; raises the `Problem` 403, which leaves a trace."""
        try:
            return self.access.permit(principal, permission)
        except Problem:
            self.access.refusals.note(request, WhyRefused.NOT_PERMITTED, principal.id)
            raise

    def failure(self, request: Request, error: Exception) -> Response | None:
        """The page that says what failed; None for a bug."""
        if isinstance(error, Problem):
            key = self.said_of_problems.get(error.details.code)
            english = language_of(request) is Language.ENGLISH
            detail = error.details.detail if english else error.vietnamese
            return self.notice(request, error.status, key, detail)
        if isinstance(error, DATABASE_ERRORS) and is_transient(error):
            return self.notice(request, PASSES, "away")
        return None

    async def noted(self, request: Request, act: Act, principal: Principal, answer: Response) -> Response:
        """The answer, once the audit says who signed in or out. Nobody is kept from leaving by what fails."""
        entry = AuditEntry(act, principal.id, by=acting().as_principal(principal))
        try:
            await audit_of_service(request).write_alone(entry)
        except Exception as error:
            if (failed := self.failure(request, error)) is None:
                raise
            if act is Act.SIGNED_IN:
                return failed
            log.warning("audit_not_written", act=act.value, who=principal.id, error=repr(error))
        return answer

    def text(self, request: Request, key: str, **values: object) -> str:
        """A text in the reader's language."""
        return said(self.look.texts, key, language_of(request), **values)

    def page(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        """A template filled in, in the reader's language."""
        language = language_of(request)
        content = self.look.templates.get_template(template).render(
            language=language.value,
            t=lambda key, **given: said(self.look.texts, key, language, **given),
            count=lambda number: numbers.count(number, language),
            signed=lambda number: numbers.signed(number, language),
            percent=lambda share: numbers.percent(share, language),
            day=lambda given: "–" if given is None else numbers.day(given, language),
            minute=lambda given: "–" if given is None else numbers.short_minute(given, language),
            word=lambda of, value: begun(words.word(getattr(words, of), value, language)),
            department_name=self.department_name,
            procedure_name=self.procedure_name,
            switch=_switch(request, language),
            path=request.url.path,
            look=self.look,
            office=self.office,
            reader=getattr(request.state, "principal", None),
            **self.of_every_page(request),
            **values,
        )
        answer = HTMLResponse(content, status, HEADERS)
        if "lang" in request.query_params:
            answer.set_cookie(LANGUAGE_COOKIE, language.value, max_age=A_YEAR_S, httponly=True, samesite="lax")
        return answer

    def of_every_page(self, request: Request) -> Mapping[str, Any]:
        """What a service's own part of the frame is made of (`bar.html`, above the content)."""
        del request
        return {}

    def sign_in(
        self, request: Request, status: int = 401, mistake: str | None = None, to: str | None = None
    ) -> Response:
        """The form that asks for the key, and leads back to where the reader was going."""
        if "hx-request" in request.headers:  # a part of a page whose session is over: the whole page asks
            return Response(status_code=status, headers=HEADERS | {"HX-Refresh": "true"})
        to = to or _target(request)
        provider = self.access.provider
        is_known = provider is not None and provider.oidc.client is not None
        return self.page(
            request,
            "sign_in.html",
            status,
            mistake=mistake,
            to=to,
            provider=provider.oidc.called if provider is not None and is_known else None,
            log_in=path_with(LOG_IN, to=to),
        )

    def notice(self, request: Request, status: int, key: str | None, detail: str = "") -> Response:
        """What went wrong, and what to do."""
        message = detail if key is None else self.text(request, key)
        template = "part_notice.html" if "hx-request" in request.headers else "notice.html"
        return self.page(request, template, status, said=message, retries=status == PASSES)

    def department_name(self, code: str) -> str:
        """Its name; the code of one that the catalogue does not have."""
        found = self.catalogue.departments.get(code)
        return code if found is None else found.name

    def procedure_name(self, code: str) -> str:
        """Likewise of a procedure."""
        found = self.catalogue.procedures.get(code)
        return code if found is None else found.name


def language_of(request: Request) -> Language:
    """As the switch says, now or earlier; Vietnamese otherwise."""
    asked = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    return Language.ENGLISH if asked == Language.ENGLISH else Language.VIETNAMESE


def begun(sentence: str) -> str:
    """The words as a sentence begins."""
    return sentence[:1].upper() + sentence[1:]


def path_with(path: str, **parameters: str | int | None) -> str:
    """A path with its query; parameters that are None are left out."""
    given = {name: value for name, value in parameters.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


def own_path(to: str) -> str:
    """A path of this service: an address elsewhere is not followed."""
    is_own = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable()
    return to if is_own else "/"


def _switch(request: Request, language: Language) -> str:
    """The same page in the other language."""
    other = Language.ENGLISH if language is Language.VIETNAMESE else Language.VIETNAMESE
    given = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    path = request.url.path
    if request.method != "GET" or path.startswith(_ONCE):
        path, given = "/", []
    return f"{path}?{urlencode([*given, ('lang', other.value)])}"


def _target(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
