"""What a fuzz found: how much was tried, and what went wrong."""

from collections.abc import Iterable
from dataclasses import dataclass, field

MOST_TOLD = 20


@dataclass(slots=True)
class Tally:
    """Of one kind of attempts. `faults` are 5xx and what nobody foresaw, `undocumented` answers that the API documents
    do not tell, `lost` good neighbours of bad lines that were not taken."""

    name: str
    tried: int = 0
    faults: list[str] = field(default_factory=list)
    undocumented: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        return [*self.faults, *self.undocumented, *self.lost]

    def add(self, other: "Tally") -> None:
        self.tried += other.tried
        self.faults += other.faults
        self.undocumented += other.undocumented
        self.lost += other.lost


def table(tallies: Iterable[Tally]) -> str:
    """As docs/security.md has it, and the first of what was wrong."""
    rows = ["| what | tried | 5xx | undocumented | neighbours lost |", "|---|---|---|---|---|"]
    told = []
    for tally in tallies:
        wrong = (tally.faults, tally.undocumented, tally.lost)
        rows.append(f"| {tally.name} | {tally.tried:,} | {' | '.join(str(len(found)) for found in wrong)} |")
        told += sorted(set(tally.wrong))[:MOST_TOLD]
    return "\n".join([*rows, *told])
