"""The pages' addresses, and the session that opens them."""

from functools import partial
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from services.reporting.http.app import Reporting
from services.reporting.http.sessions import is_from_own_page
from services.reporting.intake import DossierViews
from services.reporting.pages import charts, dossiers, open_dossiers, report, worklists
from services.reporting.pages.charts import Drawings
from services.reporting.pages.site import HEADERS, Site, language_of, static
from services.reporting.pages.texts import text
from shared.service.access import OpenToAll, ruled

MOST_BYTES = 8 * 1024  # of a form with a key and an address


def add_pages(application: FastAPI, reporting: Reporting, views: DossierViews) -> FastAPI:
    """The application with its pages."""
    site = Site(reporting, reporting.figure_routes, reporting.sessions, views)
    answers = {
        "/": report.get_report,
        "/download": report.get_download,
        "/dossiers": dossiers.get_list,
        "/dossiers/{code:path}": dossiers.get_dossier,
        "/open": open_dossiers.get_open,
        "/follow-up": worklists.get_follow_up,
        "/late": worklists.get_late,
        "/definitions": worklists.get_definitions,
        "/publications": worklists.get_publications,
    }
    pages = {path: partial(answer, site) for path, answer in answers.items()}
    pages["/charts/{name}"] = partial(charts.get_chart, site, Drawings())
    application.router.routes += [
        *(Route(path, site.guarded(answer), methods=["GET"]) for path, answer in pages.items()),
        Route("/static/{name}", ruled(static, OpenToAll("style and scripts, the same for everybody")), methods=["GET"]),
        Route(
            "/session",
            ruled(partial(open_session, site), OpenToAll("who has no session yet gives the key here")),
            methods=["POST"],
        ),
        Route(
            "/session/end",
            ruled(partial(end_session, site), OpenToAll("it ends the session it comes with and does nothing else")),
            methods=["POST"],
        ),
    ]
    return application


async def open_session(site: Site, request: Request) -> Response:
    """The key was given: a session for the right one, the form again for another."""
    language = language_of(request)
    if not is_from_own_page(request):
        return site.sign_in(request, 403, text("foreign_form", language), to="/")
    given = await _form(request)
    to = _own_path(given.get("to", "/"))
    if wait_s := site.sessions.must_wait_s():
        answer = site.sign_in(request, 429, text("too_many_wrong_keys", language, seconds=wait_s), to=to)
        answer.headers["Retry-After"] = str(wait_s)
        return answer
    if not site.sessions.is_key(given.get("key", "")):
        site.sessions.count_wrong_key()
        return site.sign_in(request, 401, text("wrong_key", language), to=to)
    answer = RedirectResponse(to, 303, HEADERS)
    site.sessions.open(request, answer)
    return answer


async def end_session(site: Site, request: Request) -> Response:
    """The reader leaves."""
    if not is_from_own_page(request):
        return site.sign_in(request, 403, text("foreign_form", language_of(request)), to="/")
    answer = RedirectResponse("/", 303, HEADERS)
    site.sessions.close(request, answer)
    return answer


async def _form(request: Request) -> dict[str, str]:
    """The fields of a small form; nothing of one that is larger than any of ours."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            return {}
    fields = parse_qs(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=10)
    return {name: values[0] for name, values in fields.items()}


def _own_path(to: str) -> str:
    """A path of this service: an address elsewhere is not followed."""
    is_own = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable()
    return to if is_own else "/"
