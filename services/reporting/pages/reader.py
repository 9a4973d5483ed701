"""What pages ask for a reader who is bound to some departments, offer to them, and say of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from fastapi import Request

from services.reporting.figures.query import NOW
from services.reporting.http.bounds import scope_of
from services.reporting.pages.texts import text
from shared.access.roles import Scope
from shared.catalogue import Catalogue
from shared.language.languages import Language

Named = list[tuple[str, str]]  # codes with their names


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks at a page, by what they are bound to."""

    scope: Scope
    catalogue: Catalogue

    @property
    def departments(self) -> Named:
        """The departments to choose from: all, or the reader's own."""
        own = self.scope.departments
        return self._named(self.catalogue.departments if own is None else own)

    @property
    def places(self) -> Named:
        """The places of receipt to choose from, for a reader who is bound to some."""
        return self._named(self.scope.received_by)

    def filters(self, typed: Mapping[str, str], today: date) -> dict[str, list[str]]:
        """`department` and `received_by` of a question as they were chosen.

        Where that leaves it open whose dossiers are meant, it is the reader's own: all of their departments, or else
        what their units received.
        """
        chosen = {name: [typed[name]] for name in ("department", "received_by") if typed[name]}
        is_said = "department" in chosen or typed["received_by"] in self.scope.received_by
        if self.scope.is_everything or is_said:
            return chosen
        is_there = self._is_there(today) if typed.get("organised") == NOW else lambda _code: True
        departments = [code for code, _ in self.departments if is_there(code)]
        places = [code for code, _ in self.places if is_there(code)]
        if departments:
            return {"department": departments} | chosen
        return chosen if chosen or not places else {"received_by": places}

    def _is_there(self, today: date) -> Callable[[str], bool]:
        organised = self.catalogue.organised_on(today)
        return lambda code: code in organised.heirs_of(code)

    def _named(self, codes: Iterable[str]) -> Named:
        wanted = set(codes)
        return [(code, one.name) for code, one in self.catalogue.departments.items() if code in wanted]

    def said(self, language: Language) -> str | None:
        """Whose dossiers they see; None for everybody's."""
        if self.scope.is_everything:
            return None
        names = [f"{name} ({code})" for code, name in self.departments]
        names += [text("taken_in_by", language, name=f"{name} ({code})") for code, name in self.places]
        return text("bound_to", language, names="; ".join(names) or str(self.scope))


def reader_of(request: Request, catalogue: Catalogue) -> Reader:
    """The page's reader."""
    return Reader(scope_of(request), catalogue)
