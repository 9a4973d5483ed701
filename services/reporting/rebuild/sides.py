"""One dossier as each of the two models holds it, and the dossiers that are worth a look: where their rows are not the same."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Table, except_, or_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.instants import SECOND
from services.reporting.projecting.versions import Version
from services.reporting.store import among
from services.reporting.tables import ReadModel

Past = Sequence[tuple[Version, int]]  # versions that were superseded, oldest first, each with what it was known until


@dataclass(frozen=True, slots=True)
class Side:
    """A dossier in one model."""

    current: Version
    due_at: int | None
    snapshot: bytes
    past: Past


def _not_the_same(live: Table, new: Table) -> Any:
    """Knowledge is compared by the second, as the projector keeps it; revisions are each model's own."""
    own = {"code", "since_revision", "known_at"}
    different = [live.c[name].is_distinct_from(new.c[name]) for name in live.c.keys() if name not in own]  # noqa: SIM118 - columns, not a dict
    return or_(new.c.code.is_(None), live.c.code.is_(None), live.c.known_at // SECOND != new.c.known_at // SECOND, *different)


def _past(table: Table) -> Select[Any]:
    of = table.c
    since, until = of.known_at // SECOND, of.known_until // SECOND
    return select(of.code, since.label("since"), until.label("until"), of.contributions).where(since != until)


async def suspects(connection: AsyncConnection, live: ReadModel, new: ReadModel) -> list[str]:
    """The dossiers whose rows differ in any way, by code."""
    one, other = live.dossiers, new.dossiers
    same_code = one.c.code == other.c.code
    lacking_or_other = select(other.c.code).select_from(other.outerjoin(one, same_code)).where(_not_the_same(one, other))
    unexpected = select(one.c.code).select_from(one.outerjoin(other, same_code)).where(other.c.code.is_(None))
    forgotten = select(except_(_past(live.history), _past(new.history)).subquery().c.code)
    unheard_of = select(except_(_past(new.history), _past(live.history)).subquery().c.code)
    found = await connection.execute(union(lacking_or_other, unexpected, forgotten, unheard_of))
    return sorted(found.scalars())


async def sides(connection: AsyncConnection, tables: ReadModel, codes: Sequence[str]) -> dict[str, Side]:
    """The dossiers of these codes, as the model holds them."""
    of, before = tables.dossiers.c, tables.history.c
    rows = (await connection.execute(select(tables.dossiers).where(among(connection, of.code, codes)))).all()
    older = select(tables.history).where(among(connection, before.code, codes)).order_by(before.sequence, before.version)
    past: dict[str, list[tuple[Version, int]]] = defaultdict(list)
    width = len(Version._fields)
    for row in (await connection.execute(older)).all():
        past[row.code].append((Version(*row[:width]), row.known_until))
    return {row.code: Side(Version(*row[:width]), row.due_at, row.snapshot, past[row.code]) for row in rows}
