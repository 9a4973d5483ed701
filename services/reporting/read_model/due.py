"""By when somebody is to act on a dossier: its deadline, the answer to an application, papers that are to be sent."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from shared.domain.dossier import Dossier
from shared.domain.lifecycle import State


class AttentionKind(StrEnum):
    """Why a dossier needs somebody."""

    DUE = "due"
    ACCEPTANCE = "acceptance"
    SUPPLEMENT = "supplement"
    IDLE = "idle"


def all_due(dossier: Dossier) -> Iterator[tuple[AttentionKind, datetime]]:
    """What has an instant of its own: the deadline of an open dossier, and what is waited for."""
    if dossier.is_open and dossier.due_at is not None:
        yield AttentionKind.DUE, dossier.due_at
    if dossier.state is State.SUBMITTED and dossier.watched_due_at is not None:
        yield AttentionKind.ACCEPTANCE, dossier.watched_due_at
    if dossier.state is State.AWAITING_SUPPLEMENT and (papers := dossier.suspensions[-1].due_at) is not None:
        yield AttentionKind.SUPPLEMENT, papers


def first_due(dossier: Dossier) -> datetime | None:
    """The first of them."""
    due = [due_at for _, due_at in all_due(dossier)]
    return min(due) if due else None
