"""How a paper names what a dossier has: its unit, procedure, channel, term, and who handles it."""

from collections.abc import Sequence
from datetime import datetime

from services.intake.explanation.speaking import speaking
from services.intake.explanation.steps import of
from services.intake.log.history import HistoryEntry
from services.intake.papers.paper import Applicant, PaperLine
from shared.catalogue import Catalogue
from shared.domain import events as domain
from shared.domain.dossier import Dossier
from shared.domain.terms import Term
from shared.language.languages import Language
from shared.language.numbers import minute_in_full
from shared.language.words import CHANNELS, word

VIETNAMESE = Language.VIETNAMESE
CODE = "Mã hồ sơ"


def unit(code: str, catalogue: Catalogue) -> str:
    """The unit's name; the code of one that the catalogue does not have."""
    found = catalogue.departments.get(code)
    return code if found is None else found.name


def procedure(dossier: Dossier, catalogue: Catalogue) -> str:
    """The procedure's name with its code."""
    found = catalogue.procedures.get(dossier.procedure)
    code = f"mã thủ tục {dossier.procedure}"
    return code if found is None else f"{found.name} ({code})"


def channel(code: str, catalogue: Catalogue) -> str:
    """The channel as the catalogue names it."""
    found = catalogue.channels.get(code)
    said = word(CHANNELS, code, VIETNAMESE) if found is None else found.name
    return said[:1].upper() + said[1:]


def term(given: Term | None) -> str | None:
    """`5 ngày làm việc`."""
    if given is None:
        return None
    with speaking(VIETNAMESE):
        return of(given)


def full_minute(instant: datetime | None) -> str | None:
    """`08 giờ 30 phút, ngày 25 tháng 11 năm 2026`."""
    return None if instant is None else minute_in_full(instant, VIETNAMESE)


def handler(history: Sequence[HistoryEntry]) -> str | None:
    """Who had the dossier last: the officer and the unit, as far as they were named."""
    for entry in reversed(history):
        if isinstance(entry.event, (domain.Assigned, domain.ProcessingStarted)):
            named = [name for name in (entry.event.officer, entry.event.unit) if name]
            if named:
                return ", ".join(named)
    return None


def of_applicant(applicant: Applicant) -> tuple[PaperLine, ...]:
    """Who applied, on every paper in the same lines."""
    return (
        PaperLine("Họ tên cá nhân/Tên tổ chức", applicant.name),
        PaperLine("Địa chỉ", applicant.address),
        PaperLine("Số điện thoại", applicant.phone),
        PaperLine("Email", applicant.email),
    )
