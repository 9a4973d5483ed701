"""An office that takes events as intake does, and explains why a dossier is due when it is."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec

from services.intake.accepting.candidates import as_logged
from services.intake.accepting.decide import decide
from services.intake.accepting.parsing import parse
from services.intake.http.dossier_messages import dossier_view
from services.intake.log.history import history
from shared.catalogue import Catalogue, load
from shared.contract.http.dossiers import DossierView, Step
from shared.domain.dossier import Dossier
from shared.domain.timeliness import BY_DATE, DEFINITIONS
from shared.language.languages import Language
from tests.builders.times import at
from tests.intake.sending import APPLICANT_KEY, CODE

SHIPPED = load()

NOW = at("2027-06-01")


@dataclass
class Office:
    """Takes events as intake does, and remembers the log of one dossier."""

    catalogue: Catalogue = SHIPPED
    dossier: Dossier | None = None
    log: list[tuple[bytes, str]] = field(default_factory=list)

    def takes(self, *events: dict[str, Any], recorded_at: datetime = NOW) -> "Office":
        for event in events:
            candidate = parse(msgspec.json.encode(event), APPLICANT_KEY)
            decision = decide(candidate, self.dossier, self.catalogue, NOW)
            self.dossier = decision.dossier
            self.log.append(
                (
                    as_logged(candidate, self.dossier.sequence, recorded_at, decision.computed),
                    ",".join(decision.computed),
                )
            )
        return self

    def view(
        self,
        definition: str = BY_DATE.name,
        catalogue_at: Callable[[datetime], Catalogue] | None = None,
        now: datetime = NOW,
        language: Language = Language.ENGLISH,
    ) -> DossierView:
        catalogue_at = catalogue_at or (lambda _: self.catalogue)
        return dossier_view(history(CODE, self.log), catalogue_at, now, DEFINITIONS[definition], language)


def steps(view: DossierView, *names: str) -> list[Step]:
    return [step for step in view.explanation if step.step in names]


def texts(view: DossierView, *names: str) -> list[str]:
    return [step.text for step in steps(view, *names)]


def with_procedure(**changes: Any) -> Catalogue:
    """The shipped catalogue with another rule for the procedure of the tests."""
    versions = tuple(
        msgspec.structs.replace(found, **changes) if found.code == "2.000635" else found for found in SHIPPED.versions
    )
    return replace(SHIPPED, versions=versions)
