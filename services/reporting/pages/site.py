"""What the pages of reporting are made of, and which failures have words of their own."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from fastapi import Request
from starlette.responses import Response

from services.reporting.http.app import Reporting
from services.reporting.http.figures import FigureRoutes
from services.reporting.http.published_forms import PAGES
from services.reporting.pages.reader import Reader, reader_of
from services.reporting.pages.texts import TEXTS
from services.reporting.read_model.store import OldRules
from shared.pages.look import Look
from shared.pages.site import PASSES, Pages, begun, language_of
from shared.service.problems import Problem

NOT_FOUND = 404
LOOK = Look(
    Path(__file__).parent,
    TEXTS,
    [
        ("/", "report"),
        ("/follow-up", "follow_up"),
        ("/follow-ups", "follow_ups"),
        ("/late", "late"),
        ("/definitions", "definitions"),
        ("/publications", "publications"),
    ],
    back="back",
    styles=["report.css"],
    scripts=["report.js"],
)


@dataclass(frozen=True, kw_only=True)
class Site(Pages):
    """What pages are made of, wired once."""

    reporting: Reporting
    figures: FigureRoutes

    said_of_problems: ClassVar[Mapping[str, str]] = {
        **Pages.said_of_problems,
        "gone": "gone",
        "not_found": "no_token",
        "old_rules": "old_rules",
    }

    def reader(self, request: Request) -> Reader:
        """Who looks at the page."""
        return reader_of(request, self.catalogue)

    def page(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        """As every page, with what its reader is bound to."""
        caller = getattr(request.state, "caller", None)
        bound_to = None if caller is None else self.reader(request).said(language_of(request))
        return super().page(request, template, status, bound_to=bound_to, **values)

    def notice(self, request: Request, status: int, key: str | None, detail: str = "") -> Response:
        """As every notice; a problem's detail stands here as a sentence."""
        return super().notice(request, status, key, begun(detail))

    def failure(self, request: Request, error: Exception) -> Response | None:
        """The page that says what failed; None for a bug."""
        if isinstance(error, OldRules):
            return self.notice(request, PASSES, "old_rules")
        if isinstance(error, Problem) and error.status == NOT_FOUND and request.url.path.startswith(PAGES):
            return self.notice(request, NOT_FOUND, "no_publication")
        return super().failure(request, error)


def site_of(reporting: Reporting) -> Site:
    """The pages of a reporting that is wired."""
    return Site(
        catalogue=reporting.catalogue,
        access=reporting.access,
        look=LOOK,
        office=reporting.heading.office,
        reporting=reporting,
        figures=reporting.figure_routes,
    )
