"""What all snapshots of a dossier say together, whichever came first, and what may be lost of it."""

from datetime import datetime
from typing import NamedTuple

from msgspec import Struct, field

from motcua.mapping.facts import Fact, encode
from motcua.mapping.losses import LossKind
from motcua.mapping.model import OPENING

Rank = tuple[datetime, int]  # how far a snapshot had come: its latest date, how many it has


class Doubt(NamedTuple):
    """A loss, unless the snapshots together tell more than `told` of `event`."""

    kind: LossKind
    detail: str
    event: str = ""
    told: int = 0


class ToldFact(NamedTuple):
    """A fact as one snapshot tells it, and how far that one had come."""

    rank: Rank
    fact: Fact

    @property
    def order(self) -> tuple[Rank, bytes]:
        """What decides between two versions, whichever came first."""
        return self.rank, self.content

    @property
    def content(self) -> bytes:
        return encode((self.fact.at, self.fact.data))


class Life(Struct):
    """What all snapshots of a dossier say of it."""

    facts: dict[str, ToldFact] = field(default_factory=dict)
    versions: dict[str, set[bytes]] = field(default_factory=dict)
    doubts: dict[Doubt, None] = field(default_factory=dict)
    has_snapshot: bool = False

    def add(self, told: Fact, rank: Rank) -> None:
        """An opening is taken from the snapshot that had come least far, it was sent first; all else from the last."""
        present = self.facts.get(told.key)
        candidate = ToldFact(rank, told)
        if present is None:
            self.facts[told.key] = candidate
            return
        if present.fact.at == told.at and present.fact.data == told.data:
            is_earlier = rank < present.rank
        else:
            self.versions.setdefault(told.key, {present.content}).add(candidate.content)
            is_earlier = candidate.order < present.order
        if is_earlier == (told.event in OPENING):
            self.facts[told.key] = candidate

    def doubts_date_of(self, event: str) -> bool:
        """Whether a snapshot dates the event without being in its state."""
        return any(doubt.kind is LossKind.NO_STATE and doubt.event == event for doubt in self.doubts)

    def count(self, event: str) -> int:
        return sum(told.fact.event == event for told in self.facts.values())
