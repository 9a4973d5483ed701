"""Refusals: what the rules do not allow, each named for the fact, with a reason a clerk can act on."""


class Refusal(Exception):
    """Something the rules do not allow; `code` is stable for machines, the message is for people."""

    code = "refused"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class TransitionNotAllowed(Refusal):
    """The event is not allowed from the dossier's state (domain table, §2)."""

    code = "transition_not_allowed"


class TimeGoesBack(Refusal):
    """The event happened before the dossier's latest one."""

    code = "time_goes_back"


class UnknownDossier(Refusal):
    """The event opens no dossier and none is there."""

    code = "unknown_dossier"


class CorrectionDoesNotMatch(Refusal):
    """A correction names an old value that the dossier does not have, or a field that can't be corrected."""

    code = "correction_does_not_match"


class DeadlineBeforeReceipt(Refusal):
    """A due date earlier than the receipt."""

    code = "deadline_before_receipt"


class InstantOutOfRange(Refusal):
    """A time in a year that no office works in: a slip, or a sentinel such as 9999-12-31."""

    code = "instant_out_of_range"


class CalendarNotKnown(Refusal):
    """A date lies in a year whose days off have not been announced to the calendar."""

    code = "calendar_not_known"


class InvalidTerm(Refusal):
    """A term whose amount or unit makes no sense."""

    code = "invalid_term"
