"""What stands around the form in a file that an office hands in, and is no figure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from services.reporting.documents.charts.chart import Links
from shared.language.languages import Language
from shared.language.numbers import minute
from shared.language.papers import PUBLISHED
from shared.language.words import in_language
from shared.papers.heading import UNNAMED, Heading
from shared.publishing.traces import Published


@dataclass(frozen=True, slots=True)
class Frame:
    """Around a form: whose it is, when it was made, and where the dossiers of its numbers are listed.

    `links` are the paths to those lists, made when they are asked for: of many rows that takes a while.
    """

    made_at: datetime
    heading: Heading = UNNAMED
    published: Published | None = None
    address: str | None = None
    links: Callable[[], Links] = dict

    def publication(self, language: Language) -> str | None:
        """Which publication the figures are of, for the foot of a page."""
        if self.published is None:
            return None
        said = minute(self.published.published_at, language)
        number, sha256 = self.published.number, self.published.sha256
        return in_language(PUBLISHED, language).format(number=number, minute=said, sha256=sha256)

    def lists(self) -> Callable[[int | None, str], str | None]:
        """Where the dossiers of a row's column are listed; the row by its place in the report, None for the total."""
        if self.address is None:
            return lambda _row, _column: None
        start, links = self.address.rstrip("/"), self.links()

        def of(row: int | None, column: str) -> str | None:
            path = links.get((row, column))
            return None if path is None else start + path

        return of
