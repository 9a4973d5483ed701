"""What is wrong with the live model, judged by the one made from the log: dossier by dossier, and sum by sum."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace
from sqlalchemy import Select, Table, except_, or_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.read_model.contributions import add_to, decode_contributions
from services.reporting.read_model.sums import (
    CHANNELS,
    MEANINGS,
    MEASURE_CODES,
    SECOND,
    Amounts,
    Cell,
    Group,
    microseconds,
    rolled_up,
    span_text,
)
from services.reporting.read_model.tables import ReadModel
from services.reporting.read_model.versions import Version, by_second
from shared.contract.envelope import encode
from shared.contract.http.rebuilds import DossierDifference, SumDifference
from shared.contract.status import StatusV1, decode_status, version_of
from shared.domain.timeliness import DEFINITIONS
from shared.service.dead_letters import Unusable, usable_status
from shared.service.sql import among

OF_TICKS = {"version", "alerted", "timeliness"}  # what announcing a threshold changes, with no event in the log
COUNTED = (
    *("department", "procedure", "channel", "received_day", "closed_day", "returned_day", "received_by"),
    *("submitted_day", "answered_day", "waited_until_day", "flags", "contributions"),
)
_WIDTH = len(Version._fields)


@dataclass(frozen=True, slots=True)
class HeldDossier:
    """A dossier in one model; `past` are its superseded versions, oldest first."""

    current: Version
    due_at: int | None
    snapshot: bytes
    past: Sequence[Version] = ()

    @classmethod
    def of_row(cls, row: Any, past: Sequence[Version] = ()) -> "HeldDossier":
        """The dossier of a row of `dossiers`."""
        return cls(Version(*row[:_WIDTH]), row.due_at, row.snapshot, past)


async def held_dossiers(connection: AsyncConnection, tables: ReadModel, codes: Sequence[str]) -> dict[str, HeldDossier]:
    """The dossiers of these codes, as the model holds them."""
    dossiers, history = tables.dossiers, tables.history
    older = (
        select(history).where(among(connection, history.c.code, codes)).order_by(history.c.sequence, history.c.version)
    )
    past: dict[str, list[Version]] = defaultdict(list)
    for row in (await connection.execute(older)).all():
        past[row.code].append(Version(*row[:_WIDTH]))
    rows = await connection.execute(select(dossiers).where(among(connection, dossiers.c.code, codes)))
    return {row.code: HeldDossier.of_row(row, past[row.code]) for row in rows}


async def suspects(connection: AsyncConnection, live: ReadModel, new: ReadModel) -> list[str]:
    """The dossiers that are worth a look, by code: their rows differ in any way."""
    one, other = live.dossiers, new.dossiers
    same_code = one.c.code == other.c.code
    lacking_or_other = (
        select(other.c.code).select_from(other.outerjoin(one, same_code)).where(_not_the_same(one, other))
    )
    unexpected = select(one.c.code).select_from(one.outerjoin(other, same_code)).where(other.c.code.is_(None))
    forgotten = select(except_(_past(live.history), _past(new.history)).subquery().c.code)
    unheard_of = select(except_(_past(new.history), _past(live.history)).subquery().c.code)
    codes = await connection.execute(union(lacking_or_other, unexpected, forgotten, unheard_of))
    return sorted(codes.scalars())


def _not_the_same(live: Table, new: Table) -> Any:
    """Knowledge is compared by the second, as the projector keeps it; revisions are each model's own."""
    own = {"code", "since_revision", "known_at"}
    different = [live.c[name].is_distinct_from(new.c[name]) for name in live.c.keys() if name not in own]  # noqa: SIM118 - columns, not a dict
    return or_(
        new.c.code.is_(None), live.c.code.is_(None), live.c.known_at // SECOND != new.c.known_at // SECOND, *different
    )


def _past(table: Table) -> Select[Any]:
    since, until = table.c.known_at // SECOND, table.c.known_until // SECOND
    return select(table.c.code, since.label("since"), until.label("until"), table.c.contributions).where(since != until)


@dataclass(slots=True)
class Comparison:
    """What the looks at all suspects come to.

    `settled`: the live model has had time to see what was recorded by then (microseconds). `noted`: events it
    had beyond the log as read then, by dossier; the log has been read to its end since. `kept` are versions and
    snapshots that only a threshold's announcement made newer: (version, snapshot, code). `moving` are dossiers
    on their way, in no fault: (live, new). `carried` are those of them of which the live model has events that
    come after the log as read.
    """

    settled: int
    noted: dict[str, int]
    differences: list[DossierDifference] = field(default_factory=list)
    kept: list[tuple[int, bytes, str]] = field(default_factory=list)
    moving: list[tuple[HeldDossier | None, HeldDossier | None]] = field(default_factory=list)
    carried: list[tuple[HeldDossier, HeldDossier | None]] = field(default_factory=list)

    def look(self, code: str, live: HeldDossier | None, new: HeldDossier | None) -> None:
        """Judge one dossier."""
        seen, logged = (0 if held is None else held.current.sequence for held in (live, new))
        if live is not None and seen > logged:
            if logged >= self.noted.get(code, 0):
                self.carried.append((live, new))
                self.moving.append((live, new))
            else:
                self._differs(code, f"held with {seen} events, the log has {logged}" if logged else "is not in the log")
        elif new is not None and seen < logged:
            if microseconds(decode_status(new.snapshot).recordedtime) > self.settled:
                self.moving.append((live, new))
            else:
                self._differs(code, f"had seen {seen} of its {logged} events" if seen else "was missing")
        elif live is not None and new is not None:
            self._compare(code, live, new)

    def _compare(self, code: str, live: HeldDossier, new: HeldDossier) -> None:
        try:
            said = usable_status(live.snapshot)
        except Unusable:  # damaged bytes: nothing of them is kept
            self._differs(code, "its snapshot could not be read")
            return
        differences = list(row_differences(live, new, said))
        if _knowledge(live) != _knowledge(new):
            differences.append("what was known of it before differed")
        if differences:
            self._differs(code, "; ".join(differences))
        version = version_of(
            said.sequence, said.alerted, said.watched_due_at
        )  # an earlier release counted versions otherwise
        if version > new.current.version and not _other_facts(said, decode_status(new.snapshot)):
            self.kept.append((version, encode(replace(said, version=version)), code))

    def _differs(self, code: str, detail: str) -> None:
        self.differences.append(DossierDifference(code=code, detail=detail))


def row_differences(live: HeldDossier, right: HeldDossier, said: StatusV1) -> Iterator[str]:
    """What is wrong with a dossier's present row in the live model, whose snapshot says `said`."""
    counted = [name for name in COUNTED if getattr(live.current, name) != getattr(right.current, name)]
    if counted:
        yield f"counted otherwise ({', '.join(counted)})"
    facts = _other_facts(said, decode_status(right.snapshot))
    if facts:
        yield f"its snapshot said other {', '.join(facts)}"
    if (live.current.listed, live.due_at) != (right.current.listed, right.due_at):
        yield "was listed otherwise"


def _other_facts(one: StatusV1, other: StatusV1) -> list[str]:
    names = (name for name in StatusV1.__struct_fields__ if name not in OF_TICKS)
    return [name for name in names if getattr(one, name) != getattr(other, name)]


def _knowledge(held: HeldDossier) -> list[tuple[int, bytes]]:
    """The seconds in which the dossier began to count otherwise, each with what it adds since then."""
    seconds = by_second([*held.past, held.current], lambda version: version.known_at)
    newest = [second[-1] for second in seconds]
    return [
        (next(versions).known_at // SECOND, contributions)
        for contributions, versions in groupby(newest, key=lambda version: version.contributions)
    ]


def sum_difference(cell: Cell, off_by: int) -> SumDifference:
    """A sum and by how much it was too high. A number that means nothing stands as it is."""
    span, procedure, department, channel, code, place = cell
    judged = (
        None if code in MEASURE_CODES.values() else next((name for name in DEFINITIONS if code in MEANINGS[name]), None)
    )
    return SumDifference(
        span=span_text(span),
        department=department or None,
        procedure=procedure or None,
        channel=CHANNELS[channel].value if channel in CHANNELS else str(channel),
        measure=next((str(meanings[code].value) for meanings in MEANINGS.values() if code in meanings), str(code)),
        definition=judged,
        off_by=off_by,
        received_by=place or UNSET,
    )


async def sum_differences(
    connection: AsyncConnection,
    live: ReadModel,
    new: ReadModel,
    moving: Iterable[tuple[HeldDossier | None, HeldDossier | None]],
) -> list[SumDifference]:
    """Sums of the live model that are not those of the log, dossiers on their way set aside."""
    off: dict[Cell, int] = defaultdict(int)
    for one, other, sign in ((live.sums, new.sums, 1), (new.sums, live.sums, -1)):
        for *key, amount in await connection.execute(except_(select(one), select(other))):
            off[tuple(key)] += sign * amount
    on_the_way: dict[Group, Amounts] = {}
    for of_live, of_new in moving:
        for held, sign in ((of_live, -1), (of_new, 1)):
            if held is not None:
                add_to(on_the_way, decode_contributions(held.current.contributions), sign)
    for *key, amount in rolled_up(on_the_way):
        off[tuple(key)] += amount
    return [sum_difference(cell, amount) for cell, amount in sorted(off.items()) if amount]
