"""The register of slips: lists of them, one of them, and what a unit answers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Row, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.follow_up.figures import MOVES_WITHIN
from services.reporting.read_model.store import audit_of
from services.reporting.read_model.sums import day_number, instant_of, microseconds
from services.reporting.read_model.tables import follow_up_deliveries, follow_ups
from shared.access.roles import Scope
from shared.auditing.entries import Act, AuditEntry
from shared.contract.follow_up import FollowUpV1, UnitAnswer
from shared.domain.localtime import LOCAL, ONE_DAY
from shared.service.sql import writing

_OF = follow_ups.c
_DELIVERY = follow_up_deliveries.c
_decode = msgspec.json.Decoder(FollowUpV1).decode
_FAILING = (
    select(_DELIVERY.problem)
    .where(_DELIVERY.sent_at.is_(None), _DELIVERY.id.in_((_OF.id, _OF.mail)), _DELIVERY.problem.is_not(None))
    .limit(1)
    .scalar_subquery()
)


class SlipKey(NamedTuple):
    """A slip by what is printed on it."""

    department: str
    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.department}/{self.year}/{self.number}"


@dataclass(frozen=True, slots=True)
class KeptSlip:
    """A slip and what became of it; `problem` is why it has not reached a receiver."""

    id: str
    slip: FollowUpV1
    sent_at: datetime | None
    moved_at: datetime | None
    answer: UnitAnswer | None
    promised_on: date | None
    answered_at: datetime | None
    problem: str | None

    @property
    def key(self) -> SlipKey:
        return SlipKey(self.slip.department, self.slip.year, self.slip.number)

    def moved_in_time(self, now: datetime) -> bool | None:
        """Whether something happened within 24 hours after it was sent; None before they are over."""
        if self.sent_at is None or now < self.sent_at + MOVES_WITHIN:
            return None
        return self.moved_at is not None and self.moved_at <= self.sent_at + MOVES_WITHIN


class SlipPlace(NamedTuple):
    """Where a page of the list ended, the newest first."""

    made_us: int
    department: str
    number: int


def within(scope: Scope) -> Iterator[ColumnElement[bool]]:
    """The slips of the dossiers that somebody may see."""
    if not scope.is_everything:
        departments = _OF.department.in_(sorted(scope.departments or ()))
        yield or_(departments, _OF.received_by.in_(sorted(scope.received_by)))


def made_between(first: date, last: date) -> Iterator[ColumnElement[bool]]:
    """Those made on the local days, both included."""
    yield _OF.made_at >= _start(first)
    yield _OF.made_at < _start(last + ONE_DAY)


def _start(day: date) -> int:
    return microseconds(datetime(day.year, day.month, day.day, tzinfo=LOCAL))


async def listed(
    connection: AsyncConnection, conditions: Sequence[ColumnElement[bool]], limit: int, after: SlipPlace | None = None
) -> list[KeptSlip]:
    """Some of the slips, the newest first."""
    wanted = select(follow_ups, _FAILING.label("problem")).where(*conditions)
    if after is not None:
        further = or_(
            _OF.department > after.department, and_(_OF.department == after.department, _OF.number < after.number)
        )
        wanted = wanted.where(or_(_OF.made_at < after.made_us, and_(_OF.made_at == after.made_us, further)))
    in_order = wanted.order_by(_OF.made_at.desc(), _OF.department, _OF.number.desc())
    rows = await connection.execute(in_order.limit(limit))
    return [_kept(row) for row in rows.all()]


async def one(connection: AsyncConnection, key: SlipKey) -> KeptSlip | None:
    """The slip; None where there is none."""
    found = await listed(connection, list(_is(key)), 1)
    return found[0] if found else None


async def answer(engine: AsyncEngine, key: SlipKey, given: UnitAnswer, promised_on: date | None, now: datetime) -> None:
    """Keep what the unit answers, with an entry of the audit; a later answer takes its place."""
    promised_day = None if promised_on is None else day_number(promised_on)
    answered = (
        update(follow_ups)
        .where(*_is(key))
        .values(answer=given.value, promised_day=promised_day, answered_at=microseconds(now))
    )
    details = {"answer": given.value, "promised_on": None if promised_on is None else promised_on.isoformat()}
    async with writing(engine) as connection:
        await connection.execute(answered)
        await audit_of(engine).write(connection, AuditEntry(Act.FOLLOW_UP_ANSWERED, f"follow-up {key}", details))


def _is(key: SlipKey) -> Iterator[ColumnElement[bool]]:
    yield _OF.department == key.department
    yield _OF.year == key.year
    yield _OF.number == key.number


def _kept(row: Row[Any]) -> KeptSlip:
    return KeptSlip(
        id=row.id,
        slip=_decode(row.told),
        sent_at=_instant(row.sent_at),
        moved_at=_instant(row.moved_at),
        answer=None if row.answer is None else UnitAnswer(row.answer),
        promised_on=None if row.promised_day is None else _day(row.promised_day),
        answered_at=_instant(row.answered_at),
        problem=row.problem,
    )


def _instant(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else instant_of(microseconds)


def _day(number: int) -> date:
    return date(number // 10_000, number // 100 % 100, number % 100)
