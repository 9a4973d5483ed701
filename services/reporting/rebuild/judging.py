"""What is wrong with one dossier of the live model, judged by the one made from the log; and what of it is to be kept. No I/O."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from msgspec.structs import replace

from services.reporting.instants import SECOND, microseconds
from services.reporting.rebuild.sides import Side
from shared.contract.codec import decode_status, encode
from shared.contract.status import StatusV1, version_of
from shared.service.dead_letters import Unusable, usable_status

OF_TICKS = {"version", "alerted", "timeliness"}  # what announcing a threshold changes, with no event in the log
COUNTED = ("department", "procedure", "channel", "received_day", "closed_day", "returned_day", "flags", "contributions")


@dataclass(frozen=True, slots=True)
class Finding:
    """What was wrong with a dossier in the live model."""

    code: str
    detail: str


@dataclass(slots=True)
class Judged:
    """What the looks at all suspects come to.

    `kept` are versions and snapshots that only a threshold's announcement made newer: (version, snapshot, code). `moving` are dossiers on
    their way, in no fault: (live, new). `carried` are those of them that the live model has events of that come after the log as read.
    """

    findings: list[Finding] = field(default_factory=list)
    kept: list[tuple[int, bytes, str]] = field(default_factory=list)
    moving: list[tuple[Side | None, Side | None]] = field(default_factory=list)
    carried: list[tuple[Side, Side | None]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Judge:
    """`settled`: the live model has had time to see what was recorded by then (microseconds). `noted`: events it had beyond the log as
    read then, by dossier; the log has been read to its end since."""

    settled: int
    noted: dict[str, int]

    def look(self, code: str, live: Side | None, new: Side | None, judged: Judged) -> None:
        """Judge one dossier."""
        seen, logged = (0 if side is None else side.current.sequence for side in (live, new))
        if live is not None and seen > logged:
            if logged >= self.noted.get(code, 0):
                judged.carried.append((live, new))
                judged.moving.append((live, new))
            else:
                judged.findings.append(Finding(code, f"held with {seen} events, the log has {logged}" if logged else "is not in the log"))
        elif new is not None and seen < logged:
            if microseconds(decode_status(new.snapshot).recordedtime) > self.settled:
                judged.moving.append((live, new))
            else:
                judged.findings.append(Finding(code, f"had seen {seen} of its {logged} events" if seen else "was missing"))
        elif live is not None and new is not None:
            self._compare(code, live, new, judged)

    def _compare(self, code: str, live: Side, new: Side, judged: Judged) -> None:
        try:
            said = usable_status(live.snapshot)
        except Unusable:  # damaged bytes: nothing of them is kept
            judged.findings.append(Finding(code, "its snapshot could not be read"))
            return
        faults = [*row_faults(live, new, said), *_past_faults(live, new)]
        if faults:
            judged.findings.append(Finding(code, "; ".join(faults)))
        version = version_of(said.sequence, said.alerted, said.due_at)  # an earlier release counted versions otherwise
        if version > new.current.version and not _other_facts(said, decode_status(new.snapshot)):
            judged.kept.append((version, encode(replace(said, version=version)), code))


def row_faults(live: Side, new: Side, said: StatusV1) -> Iterator[str]:
    """What is wrong with a dossier's present row in the live model, whose snapshot says `said`, when `new` is right."""
    counted = [name for name in COUNTED if getattr(live.current, name) != getattr(new.current, name)]
    if counted:
        yield f"counted otherwise ({', '.join(counted)})"
    facts = _other_facts(said, decode_status(new.snapshot))
    if facts:
        yield f"its snapshot said other {', '.join(facts)}"
    if (live.current.listed, live.due_at) != (new.current.listed, new.due_at):
        yield "was listed otherwise"


def _past_faults(live: Side, new: Side) -> Iterator[str]:
    if _knowledge(live) != _knowledge(new):
        yield "what was known of it before differed"


def _other_facts(one: StatusV1, other: StatusV1) -> list[str]:
    names = (name for name in StatusV1.__struct_fields__ if name not in OF_TICKS)
    return [name for name in names if getattr(one, name) != getattr(other, name)]


def _knowledge(side: Side) -> list[tuple[int, bytes]]:
    """Since which second what was counted: of several within a second the last, and only what then differed."""
    versions = [version for version, _ in side.past] + [side.current]
    told = [(version.known_at // SECOND, version.contributions) for version in versions if version.flags]
    by_second = [list(within)[-1] for _, within in groupby(told, key=lambda one: one[0])]
    return [next(same) for _, same in groupby(by_second, key=lambda one: one[1])]
