"""The addresses of the counter's pages; what is shown asks for the right to read, what is logged for that to post."""

from functools import partial

from fastapi import FastAPI
from starlette.routing import Route

from services.intake.pages import dossier, finding, printing, receiving, today
from services.intake.pages.site import LOOK, Counter
from shared.access.roles import Permission
from shared.catalogue import Catalogue
from shared.pages.session import session_routes
from shared.service.access import Access


def add_pages(
    application: FastAPI, catalogue: Catalogue, access: Access, unsent_secret: bytes, office: str | None = None
) -> FastAPI:
    """The application with the counter."""
    site = Counter(catalogue=catalogue, access=access, look=LOOK, office=office, unsent_secret=unsent_secret)
    shown = {
        "/": receiving.get_receive,
        "/receive/procedures": receiving.get_procedures,
        "/receive/deadline": receiving.get_deadline,
        "/today": today.get_today,
        "/today/lists": today.get_today,
        "/moved": today.get_moved,
        "/find": finding.get_find,
        "/dossiers/{code}": dossier.get_dossier,
        "/print/07": printing.get_register,
        "/print/{form}/{code}": printing.get_form,
        "/dossiers/{code}/applicant": dossier.get_applicant,
    }
    logged = {"/receive": receiving.post_receive, "/dossiers/{code}/events": dossier.post_event}
    application.router.routes += [
        *(Route(path, site.guarded(partial(answer, site)), methods=["GET"]) for path, answer in shown.items()),
        *(
            Route(path, site.guarded(partial(answer, site), Permission.POST_EVENTS), methods=["POST"])
            for path, answer in logged.items()
        ),
        Route("/find", site.guarded(partial(finding.post_find, site)), methods=["POST"]),
        *session_routes(site),
    ]
    return application
