"""What every page has: its reader's session and language, a strict content policy, and failures as pages that say
what to do."""

import hashlib
import mimetypes
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from services.reporting.http.app import Reporting
from services.reporting.http.figures import FigureRoutes
from services.reporting.http.sessions import Sessions
from services.reporting.intake import DossierViews
from services.reporting.pages.texts import text
from services.reporting.read_model.store import OldRules
from shared.access.roles import Permission
from shared.catalogue import Catalogue
from shared.language import numbers, words
from shared.language.languages import Language
from shared.service.access import Requires, ruled
from shared.service.problems import Problem
from shared.service.sql import DATABASE_ERRORS, is_transient

HERE = Path(__file__).parent
LANGUAGE_COOKIE = "motcua_language"
A_YEAR_S = 365 * 24 * 3600
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
STATIC = {path.name: path.read_bytes() for path in (HERE / "static").iterdir()}
VERSION = hashlib.sha256(b"".join(STATIC[name] for name in sorted(STATIC))).hexdigest()[:12]
_OF_PROBLEMS = {"gone": "gone", "not_found": "no_token", "busy": "busy", "old_rules": "old_rules"}
_PASSES = 503

Answer = Callable[[Request], Awaitable[Response]]


def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["pair"] = lambda value: (value, value)
    return environment


@dataclass(frozen=True, slots=True)
class Site:
    """What pages are made of, wired once."""

    reporting: Reporting
    figures: FigureRoutes
    sessions: Sessions
    views: DossierViews
    templates: Environment = field(default_factory=_templates)

    @property
    def catalogue(self) -> Catalogue:
        """The office's units, procedures and calendar."""
        return self.reporting.catalogue

    def guarded(self, answer: Answer) -> Answer:
        """The page for readers; others are asked for the key, and what fails says so in words."""

        async def guard(request: Request) -> Response:
            if not self.sessions.may_read(request):
                return self.sign_in(request)
            try:
                return await answer(request)
            except Problem as problem:
                key = _OF_PROBLEMS.get(problem.details.code)
                english = language_of(request) is Language.ENGLISH
                detail = problem.details.detail if english else problem.vietnamese
                return self.notice(request, problem.status, key, detail)
            except OldRules:
                return self.notice(request, _PASSES, "old_rules")
            except DATABASE_ERRORS as error:
                if not is_transient(error):
                    raise
                return self.notice(request, _PASSES, "away")

        return ruled(guard, Requires(Permission.READ_FIGURES, takes_session=True))

    def page(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        """A template filled in, in the reader's language."""
        language = language_of(request)
        content = self.templates.get_template(template).render(
            language=language.value,
            t=lambda key, **given: text(key, language, **given),
            count=lambda number: numbers.count(number, language),
            signed=lambda number: numbers.signed(number, language),
            percent=lambda share: numbers.percent(share, language),
            day=lambda given: "–" if given is None else numbers.day(given, language),
            minute=lambda given: "–" if given is None else numbers.short_minute(given, language),
            word=lambda of, value: begun(words.word(getattr(words, of), value, language)),
            department_name=self.department_name,
            procedure_name=self.procedure_name,
            switch=self._switch(request, language),
            path=request.url.path,
            version=VERSION,
            office=self.reporting.heading.office,
            signed_in=self.sessions.may_read(request),
            **values,
        )
        answer = HTMLResponse(content, status, HEADERS)
        if "lang" in request.query_params:
            answer.set_cookie(LANGUAGE_COOKIE, language.value, max_age=A_YEAR_S, httponly=True, samesite="lax")
        return answer

    def sign_in(
        self, request: Request, status: int = 401, mistake: str | None = None, to: str | None = None
    ) -> Response:
        """The form that asks for the key, and leads back to where the reader was going."""
        if "hx-request" in request.headers:  # a part of a page whose session is over: the whole page asks
            return Response(status_code=status, headers=HEADERS | {"HX-Refresh": "true"})
        return self.page(request, "sign_in.html", status, mistake=mistake, to=to or _target(request))

    def notice(self, request: Request, status: int, key: str | None, detail: str = "") -> Response:
        """What went wrong, and what to do."""
        language = language_of(request)
        said = detail if key is None else text(key, language)
        template = "part_notice.html" if "hx-request" in request.headers else "notice.html"
        return self.page(request, template, status, said=said, retries=status == _PASSES)

    def department_name(self, code: str) -> str:
        """Its name; the code of one that the catalogue does not have."""
        found = self.catalogue.departments.get(code)
        return code if found is None else found.name

    def procedure_name(self, code: str) -> str:
        """Likewise of a procedure."""
        found = self.catalogue.procedures.get(code)
        return code if found is None else found.name

    def _switch(self, request: Request, language: Language) -> str:
        """The same page in the other language."""
        other = Language.ENGLISH if language is Language.VIETNAMESE else Language.VIETNAMESE
        given = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
        path = request.url.path if request.method == "GET" else "/"
        return f"{path}?{urlencode([*given, ('lang', other.value)])}"


def language_of(request: Request) -> Language:
    """As the switch says, now or earlier; Vietnamese otherwise."""
    asked = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    return Language.ENGLISH if asked == Language.ENGLISH else Language.VIETNAMESE


def begun(said: str) -> str:
    """The words as a sentence begins."""
    return said[:1].upper() + said[1:]


def path_with(path: str, **parameters: str | int | None) -> str:
    """A path with its query; parameters that are None are left out."""
    given = {name: value for name, value in parameters.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


async def static(request: Request) -> Response:
    """A style, script or picture; its address changes with its content."""
    name = request.path_params["name"]
    if name not in STATIC:
        raise Problem(404, "Not Found", "there is no such file")
    kind = mimetypes.guess_type(name)[0] or "text/plain"
    return Response(STATIC[name], 200, {"Cache-Control": f"public, max-age={A_YEAR_S}, immutable"}, kind)


def _target(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
