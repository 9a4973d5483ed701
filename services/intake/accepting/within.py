"""Whether an event stays within what its sender's key is for: the departments and units of receipt. Pure.

What the log knows of a dossier decides, never what the event says of it; only a new dossier is what its event says.
"""

from collections.abc import Callable, Iterator

from services.intake.accepting.candidates import Candidate
from services.intake.accepting.refusals import Forbidden
from shared.access.roles import Scope
from shared.domain import events as domain
from shared.domain.dossier import Dossier
from shared.domain.transitions import OPENING

DossierOf = Callable[[str], Dossier | None]


def named_dossiers(candidate: Candidate) -> Iterator[tuple[str, str]]:
    """The other dossiers that the event names, each with the field."""
    event = candidate.event
    if isinstance(event, OPENING) and event.follows is not None:
        yield "data.follows", event.follows
    elif isinstance(event, domain.Voided) and event.duplicate_of is not None:
        yield "data.duplicate_of", event.duplicate_of


def check_before(candidate: Candidate, dossier: Dossier | None, dossier_of: DossierOf) -> None:
    """Refuses an event of a dossier outside, a new dossier outside, and one that names a dossier outside."""
    scope, event = candidate.scope, candidate.event
    if dossier is not None:
        _check_dossier(scope, dossier, "subject")
    elif isinstance(event, OPENING):
        _check(scope, event.department, event.received_by, "data.department")
    for field, code in named_dossiers(candidate):
        if (other := dossier_of(code)) is not None:
            _check_dossier(scope, other, field)


def check_after(candidate: Candidate, dossier: Dossier) -> None:
    """Refuses an event that takes the dossier outside, as a corrected department does."""
    field = "data.new_value" if isinstance(candidate.event, domain.Corrected) else "data.department"
    _check(candidate.scope, dossier.department, dossier.received_by, field)


def check_logged(scope: Scope, dossier: Dossier | None, field: str) -> None:
    """Refuses a repeat of what somebody else sent about a dossier outside, and tells nothing of it."""
    if dossier is None or not scope.covers(dossier.department, dossier.received_by):
        raise Forbidden(
            f"this {field} was used before, for a dossier that this key is not for; give a new request a new one",
            field,
            vietnamese=f"{field} này đã được dùng cho hồ sơ ngoài phạm vi của khóa; yêu cầu mới cần {field} mới",
        )


def _check_dossier(scope: Scope, dossier: Dossier, field: str) -> None:
    if not scope.covers(dossier.department, dossier.received_by):
        raise outside(scope, dossier.department, field, of=dossier.code)


def _check(scope: Scope, department: str, received_by: str | None, field: str) -> None:
    """Of what the event itself says."""
    if not scope.covers(department, received_by):
        raise outside(scope, department, field, received_by=received_by)


def outside(
    scope: Scope, department: str, field: str | None = None, *, of: str | None = None, received_by: str | None = None
) -> Forbidden:
    """Names the department and the fix; of a dossier that is there no more than that."""
    dossier, ho_so = ("", "") if of is None else (f"dossier {of} is of ", f"hồ sơ {of} thuộc ")
    unit, don_vi = ("", "") if received_by is None else (f" received by {received_by}", f" do {received_by} tiếp nhận")
    return Forbidden(
        f"{dossier}department {department}{unit}, and this key is for {scope} only; use a key whose grant names "
        f"{department}",
        field,
        vietnamese=f"{ho_so}cơ quan {department}{don_vi}, còn khóa này chỉ dùng cho {scope}; hãy dùng khóa được cấp "
        f"quyền cho {department}",
    )
