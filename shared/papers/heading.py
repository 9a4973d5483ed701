"""Whose document a paper is, as Decree 30/2020 names the office."""

from dataclasses import dataclass
from datetime import date, datetime

from shared.domain.localtime import local
from shared.language.languages import Language
from shared.language.papers import BLANK, DATED, DATED_ON
from shared.language.words import in_language

BLANK_PLACE = "……………"


@dataclass(frozen=True, slots=True)
class Heading:
    """The office whose document it is, as Decree 30/2020 names it; what is not set is a dotted line to fill in."""

    superior: str | None = None
    office: str | None = None
    place: str | None = None

    @property
    def lines(self) -> tuple[str, str]:
        """The superior and the office, in capitals."""
        return (self.superior or BLANK).upper(), (self.office or BLANK).upper()

    def dated(self, made_at: datetime, language: Language) -> str:
        """The place, and a date to fill in: a document has the date of its signature."""
        return in_language(DATED, language).format(place=self.place or BLANK_PLACE, year=local(made_at).year)

    def dated_on(self, day: date, language: Language) -> str:
        """The place and the day, for a paper whose day is that of what it tells."""
        return in_language(DATED_ON, language).format(place=self.place or BLANK_PLACE, day=day)


UNNAMED = Heading()
