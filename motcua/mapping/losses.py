"""What could not be carried over, named dossier by dossier, so that nobody takes a figure for more than it is."""

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct


class LossKind(StrEnum):
    """The kinds of losses, in the words that the terminal sums them up in."""

    NO_RECEIPT = "no date of receipt or submission"
    NO_DATE = "a state without its date"
    NO_STATE = "a date without its state"
    UNKNOWN_STATE = "unknown state"
    NO_SUPPLEMENTS = "waits for supplements, their list empty"
    NO_PAYMENT_DATES = "waits for a payment without dates"
    NO_SUSPENSION_DATES = "suspended without dates"
    FINISHED_WHILE_PAUSED = "sent as finished while paused"
    REOPENED = "finished, but it went on later"
    NO_DEADLINE_BEFORE = "deadline before a pause not given"
    NO_DEADLINE_AFTER = "deadline after a pause not given"
    CHANGED = "told otherwise in another snapshot"
    FEES = "fees unreadable"
    STEP = "a step without event"
    ORDER = "does not fit what was before"
    FUTURE = "lies in the future"
    LOGGED = "intake's log has gone on, or says otherwise"


class Loss(Struct, frozen=True, order=True):
    """Something that a dossier's snapshots say, or leave out, and the events do not carry."""

    dossier: str
    kind: LossKind
    detail: str


class Losses:
    """Losses, each once."""

    def __init__(self) -> None:
        self._found: dict[Loss, None] = {}

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Loss]:
        return iter(sorted(self._found))

    def add(self, dossier: str, kind: LossKind, detail: str) -> None:
        self._found[Loss(dossier, kind, detail)] = None

    @property
    def dossiers(self) -> int:
        return len({loss.dossier for loss in self._found})

    def by_kind(self) -> list[tuple[LossKind, int]]:
        """How many of each kind, the most frequent first."""
        return Counter(loss.kind for loss in self._found).most_common()
