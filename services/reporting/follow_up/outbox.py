"""The outbox: deliveries are taken one try at a time, and settled as sent, to be tried again, or given up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Update, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.read_model.sums import instant_of, microseconds
from services.reporting.read_model.tables import GIVEN_UP, follow_up_deliveries, follow_ups
from shared.service.sql import writing

AT_ONCE = 100
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)
LONGEST_PROBLEM = 300
TAKEN = 250
_OF = follow_up_deliveries.c
_answers = msgspec.json.Decoder(dict[str, int]).decode


class Way(StrEnum):
    MAIL = "mail"
    WEBHOOK = "webhook"


Lane = tuple[str, Way]  # a unit, and one of its ways


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Something to be sent; `body` is the same at every attempt, and so is `id`, by which receivers know a repeat.

    `tried_since`: when somebody had it tried again after it was given up. `answers`: what the mail server said of each
    address at earlier tries, `TAKEN` or its code; none where it was asked of none. `held_until`: of a try that somebody
    has claimed, `attempts` with it, when it is anybody's again.
    """

    id: str
    department: str
    way: Way
    made_at: datetime
    body: bytes
    attempts: int = 0
    tried_since: datetime | None = None
    answers: Mapping[str, int] = field(default_factory=dict)
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outstanding:
    """How many deliveries of a way wait, since when the oldest does, and how many were given up."""

    waiting: int = 0
    oldest: datetime | None = None
    given_up: int = 0


async def put(connection: AsyncConnection, deliveries: Sequence[Outgoing]) -> None:
    """Into the outbox, within the transaction of what they tell."""
    if deliveries:
        rows = [
            {
                "id": one.id,
                "department": one.department,
                "way": one.way.value,
                "made_at": microseconds(one.made_at),
                "attempts": 0,
                "next_try_at": microseconds(one.made_at),
                "body": one.body,
            }
            for one in deliveries
        ]
        await connection.execute(insert(follow_up_deliveries), rows)


async def lanes(engine: AsyncEngine, now: datetime) -> list[Lane]:
    """Of which units and ways something is to be tried."""
    wanted = select(_OF.department, _OF.way).where(_OF.next_try_at <= microseconds(now)).distinct()
    async with engine.connect() as connection:
        return [(row.department, Way(row.way)) for row in (await connection.execute(wanted)).all()]


async def due(engine: AsyncEngine, lane: Lane, now: datetime) -> list[Outgoing]:
    """What is to be tried of a lane, the oldest first, some at a time."""
    wanted = (
        select(follow_up_deliveries)
        .where(_OF.next_try_at <= microseconds(now), _OF.department == lane[0], _OF.way == lane[1].value)
        .order_by(_OF.next_try_at, _OF.made_at, _OF.id)
        .limit(AT_ONCE)
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(wanted)).all()
    return [_outgoing(row) for row in rows]


def _outgoing(row: Any) -> Outgoing:
    tried_since = None if row.tried_since is None else instant_of(row.tried_since)
    answers = {} if row.answers is None else _answers(row.answers)
    way, made_at = Way(row.way), instant_of(row.made_at)
    return Outgoing(row.id, row.department, way, made_at, row.body, row.attempts, tried_since, answers)


async def claim(engine: AsyncEngine, delivery: Outgoing, now: datetime, held_for: timedelta) -> Outgoing | None:
    """Take the next try for oneself; None where another process, or another pass, has it.

    It is written before anything is sent: who dies in between leaves it to be tried again when `held_for` is over.
    """
    held_until = now + held_for
    taken = (
        update(follow_up_deliveries)
        .where(_OF.id == delivery.id, _OF.attempts == delivery.attempts, _OF.next_try_at <= microseconds(now))
        .values(attempts=delivery.attempts + 1, next_try_at=microseconds(held_until))
    )
    async with writing(engine) as connection:
        is_ours = (await connection.execute(taken)).rowcount == 1
    return replace(delivery, attempts=delivery.attempts + 1, held_until=held_until) if is_ours else None


async def sent(engine: AsyncEngine, delivery: Outgoing, now: datetime) -> None:
    """It was taken, by all whom it was sent to; whoever tries it beside this one."""
    settled = (
        update(follow_up_deliveries)
        .where(_OF.id == delivery.id, _OF.sent_at.is_(None))
        .values(sent_at=microseconds(now), next_try_at=None, problem=None, answers=None)
    )
    async with writing(engine) as connection:
        await connection.execute(settled)
        await connection.execute(_slips_are_sent(delivery, now))


@dataclass(frozen=True, slots=True)
class NotSent:
    """Why a try failed, when the next one is (None: it is given up), and what the mail server said of each address."""

    problem: str
    next_try: datetime | None
    answers: Mapping[str, int]


async def failed(engine: AsyncEngine, delivery: Outgoing, failure: NotSent, now: datetime) -> bool:
    """It was not taken, or not by all: it is tried again, or given up. Its slips are sent once somebody has them.

    Of what was given up it is kept who has it: whoever has it tried again does not mean those, and means all others.
    False where the try took longer than it was held for (its process was frozen), and somebody else's decides.
    """
    gives_up = failure.next_try is None
    answers = {each: code for each, code in failure.answers.items() if code == TAKEN or not gives_up}
    held_until = None if delivery.held_until is None else microseconds(delivery.held_until)
    settled = (
        update(follow_up_deliveries)
        .where(_OF.id == delivery.id, _OF.attempts == delivery.attempts, _OF.next_try_at == held_until)
        .values(
            next_try_at=None if failure.next_try is None else microseconds(failure.next_try),
            problem=failure.problem[:LONGEST_PROBLEM],
            answers=msgspec.json.encode(answers) if answers else None,
        )
    )
    async with writing(engine) as connection:
        is_ours = (await connection.execute(settled)).rowcount == 1
        if TAKEN in answers.values():
            await connection.execute(_slips_are_sent(delivery, now))
    return is_ours


def _slips_are_sent(delivery: Outgoing, now: datetime) -> Update:
    """They count as sent since the first way, and the first address, took them."""
    told = or_(follow_ups.c.mail == delivery.id, follow_ups.c.id == delivery.id)
    return update(follow_ups).where(told, follow_ups.c.sent_at.is_(None)).values(sent_at=microseconds(now))


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts: each pause twice as long as the one before, up to an hour."""
    return min(FIRST_PAUSE * (1 << min(attempts, 20)), LONGEST_PAUSE)


async def waiting(engine: AsyncEngine) -> dict[Way, Outstanding]:
    """What there is of each way; two small indexes know it."""
    waits = select(_OF.way, func.count(), func.min(_OF.made_at)).where(_OF.next_try_at.is_not(None)).group_by(_OF.way)
    given_up = select(_OF.way, func.count()).where(GIVEN_UP).group_by(_OF.way)
    async with engine.connect() as connection:
        lost: dict[str, int] = {row[0]: row[1] for row in (await connection.execute(given_up)).all()}
        found = {row[0]: row for row in (await connection.execute(waits)).all()}
    return {
        way: Outstanding(
            found[way][1] if way in found else 0,
            instant_of(found[way][2]) if way in found else None,
            lost.get(way, 0),
        )
        for way in Way
    }
