"""The deadline that a receipt would have, and why: decided by the code that decides receipts, and logged nowhere."""

from datetime import datetime

from services.intake.accepting.candidates import Candidate, as_logged
from services.intake.accepting.decide import decide
from services.intake.accepting.units import by_own_codes
from services.intake.http.dossier_messages import dossier_view
from services.intake.log.history import history
from shared.catalogue import Catalogue
from shared.contract.http.dossiers import DossierView
from shared.domain.timeliness import BY_DATE
from shared.language.languages import Language


def preview(candidate: Candidate, catalogue: Catalogue, now: datetime, language: Language) -> DossierView:
    """How the dossier would stand; raises the `Refusal` that its receipt would get."""
    candidate = by_own_codes(candidate, catalogue)
    decision = decide(candidate, None, catalogue, now)
    event = as_logged(candidate, 1, now, decision.computed)
    entries = history(candidate.code, [(event, ",".join(decision.computed))])
    return dossier_view(entries, lambda _: catalogue, now, BY_DATE, language)
