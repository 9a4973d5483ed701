"""The pages' addresses."""

from functools import partial

from fastapi import FastAPI
from starlette.routing import Route

from services.reporting.http.app import Reporting
from services.reporting.pages import charts, dossiers, follow_ups, open_dossiers, publications, report, worklists
from services.reporting.pages.charts import Drawings
from services.reporting.pages.site import site_of
from shared.access.roles import Permission
from shared.pages.session import session_routes


def add_pages(application: FastAPI, reporting: Reporting) -> FastAPI:
    """The application with its pages."""
    site = site_of(reporting)
    answers = {
        "/": report.get_report,
        "/download": report.get_download,
        "/dossiers": dossiers.get_list,
        "/dossiers/{code:path}": dossiers.get_dossier,
        "/open": open_dossiers.get_open,
        "/follow-up": worklists.get_follow_up,
        "/follow-ups": follow_ups.get_list,
        "/follow-ups/{department}/{year}/{number}": follow_ups.get_one,
        "/follow-ups/{department}/{year}/{number}/slip": follow_ups.get_slip,
        "/late": worklists.get_late,
        "/late/file": worklists.get_late_file,
        "/definitions": worklists.get_definitions,
        "/publications": publications.get_list,
        "/publications/{number}": publications.get_one,
        "/publications/{number}/since": publications.get_since,
        "/publications/{number}/dossiers": publications.get_dossiers,
        "/publications/{number}/download": publications.get_download,
    }
    pages = {path: partial(answer, site) for path, answer in answers.items()}
    pages["/charts/{name}"] = partial(charts.get_chart, site, Drawings())
    application.router.routes += [
        *(Route(path, site.guarded(answer), methods=["GET"]) for path, answer in pages.items()),
        Route(
            "/follow-ups/{department}/{year}/{number}/answer",
            site.guarded(partial(follow_ups.post_answer, site), Permission.ANSWER_FOLLOW_UPS),
            methods=["POST"],
        ),
        *session_routes(site),
    ]
    return application
