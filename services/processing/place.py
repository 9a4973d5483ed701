"""Where a partition of the ledger stands: in the events it has read, and in the changelog that it is the fold of."""

from dataclasses import dataclass

from shared.contract.marks import LedgerMark
from shared.domain.rules import RULES_VERSION


@dataclass(slots=True)
class Place:
    """A position in the events that is bound to the ledger's content: `events` is the sum of its dossiers' sequences.

    `number` is the highest number of an event read since the reading last began, `quarantined` how many numbered events became dead letters
    in it; `next_offset` and `next_tick` are the offsets to go on from.
    """

    events: int = 0
    number: int = 0
    quarantined: int = 0
    next_offset: int = 0
    next_tick: int = 0

    @property
    def has_gaps(self) -> bool:
        """Whether numbered events up to `number` are not in the ledger: missing in the topic when it was read, or put aside."""
        return self.events < self.number

    def mark(self) -> LedgerMark:
        """What a status decided here says of it."""
        return LedgerMark(self.events, self.number, self.quarantined, self.next_offset, RULES_VERSION)

    def go_on_from(self, mark: LedgerMark) -> None:
        """Take over where the writer of the mark stood; only right for a ledger that holds as many events."""
        assert mark.events == self.events, "a position belongs to a content"
        self.number, self.quarantined, self.next_offset = mark.number, mark.quarantined, mark.next_offset

    def begin_again(self) -> None:
        """Read the events from their beginning; what the ledger holds already is recognised by its sequences."""
        self.number = self.quarantined = self.next_offset = 0
