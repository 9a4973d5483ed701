"""Refusals: what the rules do not allow, each named for the fact, with a reason a clerk can act on."""

from collections.abc import Sequence
from typing import ClassVar, Self


class Refusal(Exception):
    """Something the rules do not allow; `code` is stable for machines, the message is for people.

    `field` is the place of the event that is at fault, as a CloudEvent spells it (`time`, `data.due_at`);
    None when none is.
    """

    code = "refused"
    usual_field: ClassVar[str | None] = None

    def __init__(self, detail: str, field: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field or self.usual_field

    def about(self, field: str) -> Self:
        """The same refusal, which names the field."""
        return type(self)(f"{field}: {self.detail}", field)


class TransitionNotAllowed(Refusal):
    """The event is not allowed from the dossier's state (domain table, §2)."""

    code = "transition_not_allowed"
    usual_field = "type"

    def __init__(self, detail: str, field: str | None = None, allowed: Sequence[str] = ()) -> None:
        super().__init__(detail, field)
        self.allowed = tuple(allowed)


class TimeGoesBack(Refusal):
    """The event happened before the dossier's latest one."""

    code = "time_goes_back"
    usual_field = "time"


class UnknownDossier(Refusal):
    """The event opens no dossier and none is there."""

    code = "unknown_dossier"
    usual_field = "subject"


class CorrectionDoesNotMatch(Refusal):
    """A correction names an old value that the dossier does not have, or a field that can't be corrected."""

    code = "correction_does_not_match"
    usual_field = "data.old_value"


class DeadlineBeforeReceipt(Refusal):
    """A due date earlier than the receipt."""

    code = "deadline_before_receipt"
    usual_field = "data.due_at"


class InstantOutOfRange(Refusal):
    """A time in a year that no office works in: a slip, or a sentinel such as 9999-12-31."""

    code = "instant_out_of_range"


class CalendarNotKnown(Refusal):
    """A date lies in a year whose days off have not been announced to the calendar."""

    code = "calendar_not_known"
    usual_field = "time"


class InvalidTerm(Refusal):
    """A term whose amount or unit makes no sense."""

    code = "invalid_term"
    usual_field = "data.term"


class TooLongAHistory(Refusal):
    """The dossier has as many hops, pauses or deadlines as one dossier may have."""

    code = "too_long_a_history"
    usual_field = "type"


_OUT_OF_PLACE = frozenset(
    {UnknownDossier.code, TransitionNotAllowed.code, TimeGoesBack.code, TooLongAHistory.code, "id_reused"}
)
"""Codes of refusals that no correction of the event's content mends."""


def holds_back(code: str) -> bool:
    """Whether an event refused under the code may come again with other content,
    and then belongs before what follows it."""
    return code not in _OUT_OF_PLACE
