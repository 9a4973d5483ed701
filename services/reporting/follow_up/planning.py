"""Rounds and digests: slips are made, numbered and put into the outbox in one transaction with their round."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Row, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.figures.attention import DepartmentHorizon
from services.reporting.follow_up import outbox
from services.reporting.follow_up.figures import figures
from services.reporting.follow_up.messages import Week, digest_body, mail_body, webhook_body
from services.reporting.follow_up.outbox import Outgoing, Way
from services.reporting.follow_up.schedule import WeeklyHour, latest_digest, latest_round
from services.reporting.follow_up.slips import Reached, reached, standing
from services.reporting.intake.calendar import KnownCalendar
from services.reporting.read_model.snapshots import dossier_of, due_until, snapshots_where
from services.reporting.read_model.store import OldRules, answering, audit_of
from services.reporting.read_model.sums import instant_of, microseconds
from services.reporting.read_model.tables import dossiers, follow_up_units, follow_ups
from services.reporting.recipients import Recipient, Recipients
from shared.auditing.entries import ITSELF, Act, AuditEntry
from shared.contract.envelope import encode
from shared.contract.follow_up import FollowUpV1
from shared.domain.dossier import Dossier
from shared.domain.localtime import local
from shared.service.clock import Clock
from shared.service.sql import DATABASE_ERRORS, among, take_lock, writing

DIGEST_LOOKS_BACK = timedelta(days=7)
PAGE = "/follow-ups"
_LOCK = 0x6D6F7466  # "motf"
_NAMESPACE = UUID("6d6f7463-7561-5e64-8d00-6d61696c0000")
_UNIT, _SLIP = follow_up_units.c, follow_ups.c
Failing = dict[str, Exception]  # units whose slips or weekly mail can't be made


@dataclass(frozen=True, slots=True)
class Timetable:
    """When a unit is followed up, and how much working time before a deadline a dossier is due soon."""

    rounds: tuple[time, ...]
    digest: WeeklyHour | None
    due_soon: timedelta


@dataclass(frozen=True, slots=True)
class _Unit:
    """Where the follow-up of a unit stands."""

    begun_at: datetime
    round_at: datetime
    digest_at: datetime


@dataclass(frozen=True, slots=True)
class Planning:
    """Makes what is to be sent; whoever looks twice, or at the same time, makes nothing twice."""

    engine: AsyncEngine
    known: Callable[[], KnownCalendar]
    recipients: Recipients
    timetable: Timetable
    clock: Clock
    public_url: str | None = None

    async def look(self) -> Failing:
        """Make what is due by now. A unit for which that fails holds up no other; which these are, and why."""
        units, failing = await self._units(), Failing()
        for department, recipient in self.recipients.items():
            try:
                await self._look_at(recipient, units.get(department))
            except (*DATABASE_ERRORS, TimeoutError, OldRules):
                raise  # nothing of one unit
            except Exception as bug:  # noqa: BLE001 - nobody foresaw it; its unit's data alone decide this
                failing[department] = bug
        await self._note_moves()
        return failing

    async def _look_at(self, recipient: Recipient, unit: _Unit | None) -> None:
        if unit is None:
            await self._begin(recipient.department)
            return
        now = self.clock()
        calendar = self._horizon(recipient.department, now).ruler.calendar
        round_at = latest_round(self.timetable.rounds, calendar, now)
        if round_at is not None and round_at > unit.round_at:
            await self._make_round(recipient, unit, round_at)
        digest = self.timetable.digest
        digest_at = None if digest is None else latest_digest(digest, calendar, now)
        if digest_at is not None and digest_at > unit.digest_at and recipient.mail and recipient.digest:
            await self._make_digest(recipient, digest_at)

    def _horizon(self, department: str, now: datetime) -> DepartmentHorizon:
        return DepartmentHorizon(self.known().catalogue, department, local(now), self.timetable.due_soon)

    async def _units(self) -> dict[str, _Unit]:
        async with self.engine.connect() as connection:
            rows = (await connection.execute(select(follow_up_units))).all()
        return {
            row.department: _Unit(instant_of(row.begun_at), instant_of(row.round_at), instant_of(row.digest_at))
            for row in rows
        }

    async def _begin(self, department: str) -> None:
        """From now on the unit is followed up: what its list has already is told by the digest alone."""
        now = microseconds(self.clock())
        async with writing(self.engine) as connection:
            await take_lock(connection, _LOCK)
            if await _unit_of(connection, department) is None:
                await connection.execute(
                    insert(follow_up_units).values(department=department, begun_at=now, round_at=now, digest_at=now)
                )

    async def _make_round(self, recipient: Recipient, unit: _Unit, round_at: datetime) -> None:
        now = self.clock()
        horizon, beginning = (self._horizon(recipient.department, at) for at in (now, unit.begun_at))
        waiting = await self._due(recipient.department, horizon.reach)
        found = await asyncio.to_thread(reached, waiting, horizon, beginning)
        async with writing(self.engine) as connection:
            await take_lock(connection, _LOCK)
            row = await _unit_of(connection, recipient.department)
            if row is None or row.round_at >= microseconds(round_at):
                return  # another process has made it
            await self._write(connection, recipient, await _new(connection, found), now)
            await _stands(connection, recipient.department, round_at=microseconds(round_at))

    async def _write(
        self, connection: AsyncConnection, recipient: Recipient, new: Sequence[Reached], now: datetime
    ) -> None:
        """Number the slips and put them into the outbox; with the audit's entry, or not at all."""
        if not new:
            return
        department, year = recipient.department, local(now).year
        highest = select(func.max(_SLIP.number)).where(_SLIP.department == department, _SLIP.year == year)
        first = ((await connection.execute(highest)).scalar() or 0) + 1
        slips = [(each, each.slip(year, number, now)) for number, each in enumerate(new, first)]
        mail = str(uuid5(_NAMESPACE, " ".join(each.id for each in new))) if recipient.mail else None
        reaches_nobody = recipient.mail == () and recipient.webhook is None
        await connection.execute(
            insert(follow_ups), [_row(each, slip, mail, now if reaches_nobody else None) for each, slip in slips]
        )
        deliveries = []
        if mail is not None:
            body = mail_body([slip for _, slip in slips], self.known().catalogue, self._page(department))
            deliveries.append(Outgoing(mail, department, Way.MAIL, now, body))
        if recipient.webhook is not None:
            deliveries += [
                Outgoing(each.id, department, Way.WEBHOOK, now, webhook_body(each.id, slip)) for each, slip in slips
            ]
        await outbox.put(connection, deliveries)
        details = {"year": year, "numbers": [first, first + len(slips) - 1]}
        entry = AuditEntry(Act.FOLLOW_UPS_MADE, department, details, by=ITSELF)
        await audit_of(self.engine).write(connection, entry)

    async def _make_digest(self, recipient: Recipient, digest_at: datetime) -> None:
        department, now = recipient.department, self.clock()
        horizon = self._horizon(department, now)
        waiting = await self._due(department, horizon.reach)
        urgent = await asyncio.to_thread(standing, waiting, horizon)
        since = _SLIP.made_at >= microseconds(now - DIGEST_LOOKS_BACK)
        async with writing(self.engine) as connection:
            await take_lock(connection, _LOCK)
            row = await _unit_of(connection, department)
            if row is None or row.digest_at >= microseconds(digest_at):
                return
            of_week = await figures(connection, now, since, _SLIP.department == department)
            week = Week(department, urgent, of_week, now)
            body = digest_body(week, self.known().catalogue, self._page(department))
            id_ = str(uuid5(_NAMESPACE, f"{department}/digest/{digest_at.isoformat()}"))
            await outbox.put(connection, [Outgoing(id_, department, Way.MAIL, now, body)])
            await _stands(connection, department, digest_at=microseconds(digest_at))

    def _page(self, department: str) -> str | None:
        return None if self.public_url is None else f"{self.public_url.rstrip('/')}{PAGE}?department={department}"

    async def _due(self, department: str, reach: datetime) -> list[Dossier]:
        """The unit's dossiers on which somebody is to act by then."""
        found: list[Dossier] = []
        async with answering(self.engine) as connection:
            of_unit = dossiers.c.department == department
            async with aclosing(snapshots_where(connection, due_until(reach), of_unit)) as parts:
                async for part in parts:
                    found += await asyncio.to_thread(lambda rows: [dossier_of(*row) for row in rows], part)
        return found

    async def _note_moves(self) -> None:
        """When something happened first to each dossier since its slip was made."""
        wanted = (
            select(_SLIP.id, dossiers.c.code, dossiers.c.snapshot)
            .join(dossiers, dossiers.c.code == _SLIP.dossier)
            .where(_SLIP.moved_at.is_(None), dossiers.c.sequence > _SLIP.sequence)
        )
        async with answering(self.engine) as connection:
            rows = (await connection.execute(wanted)).all()
        moves = [
            {"slip": row.id, "at": microseconds(dossier_of(row.code, row.snapshot).last_occurred_at)} for row in rows
        ]
        if moves:
            noted = (
                update(follow_ups)
                .where(_SLIP.id == bindparam("slip"), _SLIP.moved_at.is_(None))
                .values(moved_at=bindparam("at"))
            )
            async with writing(self.engine) as connection:
                await connection.execute(noted, moves)


async def _unit_of(connection: AsyncConnection, department: str) -> Row[Any] | None:
    return (await connection.execute(select(follow_up_units).where(_UNIT.department == department))).one_or_none()


async def _stands(connection: AsyncConnection, department: str, **at: int) -> None:
    await connection.execute(update(follow_up_units).where(_UNIT.department == department).values(**at))


async def _new(connection: AsyncConnection, found: Sequence[Reached]) -> list[Reached]:
    """Those of which no slip was made."""
    if not found:
        return []
    made = set(
        (await connection.execute(select(_SLIP.id).where(among(connection, _SLIP.id, [each.id for each in found]))))
        .scalars()
        .all()
    )
    return [each for each in found if each.id not in made]


def _row(each: Reached, slip: FollowUpV1, mail: str | None, sent_at: datetime | None) -> dict[str, object]:
    """A slip as it is kept. One that nobody is sent is handed over as it is made."""
    return {
        "department": slip.department,
        "year": slip.year,
        "number": slip.number,
        "id": each.id,
        "dossier": slip.code,
        "stage": slip.stage,
        "sequence": each.urgent.dossier.sequence,
        "received_by": each.urgent.dossier.place_of_receipt,
        "made_at": microseconds(slip.made_at),
        "mail": mail,
        "sent_at": None if sent_at is None else microseconds(sent_at),
        "told": encode(slip),
    }
