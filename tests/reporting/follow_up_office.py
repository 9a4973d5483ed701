"""An office whose units are followed up: dossiers that a test delivers, a clock it sets, and what was made of both."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.follow_up import register
from services.reporting.follow_up.metrics import FollowUpMetrics
from services.reporting.follow_up.planning import Planning, Timetable
from services.reporting.follow_up.register import KeptSlip
from services.reporting.follow_up.schedule import WeeklyHour
from services.reporting.follow_up.sending import Sending
from services.reporting.follow_up.ways import Smtp
from services.reporting.intake.calendar import KnownCalendar
from services.reporting.read_model.sums import microseconds
from services.reporting.read_model.tables import follow_up_deliveries, follow_ups
from services.reporting.recipients import Recipient, Recipients, Webhook
from shared.catalogue import Catalogue
from shared.contract.envelope import encode
from shared.contract.follow_up import FollowUpV1, Stage, follow_up_id
from shared.service.sql import writing
from tests.builders.events import Dated, received
from tests.builders.times import at
from tests.reporting.delivery import Topic, statuses

UNIT, OTHER = "H59.15", "H59.02"
MAIL = "mot-cua@stnmt.example"
KEY = b"0123456789abcdef0123456789abcdef"
BEGUN = at("2023-02-06 08:00")  # a Monday
TIMETABLE = Timetable((time(7, 30), time(13, 30)), WeeklyHour(0, time(7, 30)), timedelta(hours=8))
TIMEOUT_S = 5.0
GIVE_UP_AFTER = timedelta(hours=72)


def code(number: int) -> str:
    return f"H59.15-230201-{number:04}"


def waiting(due_at: str, department: str = UNIT, received_at: str = "2023-02-01 08:00") -> tuple[Dated, ...]:
    """A dossier that was received and waits."""
    return (received(at(received_at), due_at=at(due_at), department=department),)


@dataclass
class FollowedOffice:
    """`now` is what the clock says."""

    engine: AsyncEngine
    catalogue: Catalogue
    recipients: Recipients
    now: datetime = BEGUN
    topic: Topic = field(init=False)

    def __post_init__(self) -> None:
        self.topic = Topic(self.engine)

    def clock(self) -> datetime:
        return self.now

    @property
    def planning(self) -> Planning:
        known = KnownCalendar(self.catalogue)
        return Planning(self.engine, lambda: known, self.recipients, TIMETABLE, self.clock, "https://motcua.example")

    def sending(
        self,
        timeout_s: float = TIMEOUT_S,
        smtp: Smtp | None = None,
        give_up_after: timedelta = GIVE_UP_AFTER,
        **more: Any,
    ) -> Sending:
        metrics = FollowUpMetrics(CollectorRegistry())
        return Sending(self.engine, self.recipients, smtp, self.clock, metrics, timeout_s, give_up_after, **more)

    async def deliver(self, *histories: tuple[Dated, ...]) -> None:
        """Dossiers 0, 1, 2 … with all their events."""
        await self.topic.deliver(
            record for number, history in enumerate(histories) for record in statuses(code(number), history)
        )

    async def begin(self) -> None:
        """The units are followed up from now on."""
        await self.planning.look()

    async def look_at(self, instant: str) -> list[KeptSlip]:
        """The clock comes to an instant and what is due is made; all slips there are then, the oldest first."""
        self.now = at(instant)
        await self.planning.look()
        return await self.slips()

    async def slips(self) -> list[KeptSlip]:
        async with self.engine.connect() as connection:
            found = await register.listed(connection, [], 1000)
        return sorted(found, key=lambda kept: (kept.slip.made_at, kept.key))

    async def deliveries(self) -> list[Any]:
        async with self.engine.connect() as connection:
            rows = await connection.execute(select(follow_up_deliveries).order_by(follow_up_deliveries.c.made_at))
            return list(rows.all())

    async def mails(self) -> list[tuple[str, str]]:
        """Subjects and texts, in the order in which they were made."""
        rows = [row for row in await self.deliveries() if row.way == "mail"]
        return [(mail["subject"], mail["text"]) for mail in (msgspec.json.decode(row.body) for row in rows)]

    async def send(self, sending: Sending) -> None:
        """One pass, to its end."""
        await sending.look()
        await sending.settle()
        await sending.look()
        await sending.settle()


def by_mail(*departments: str) -> Recipients:
    return {department: Recipient(department, (MAIL,)) for department in departments or (UNIT,)}


def by_webhook(url: str, *departments: str) -> Recipients:
    return {each: Recipient(each, (), Webhook(url, KEY)) for each in departments or (UNIT,)}


async def a_slip(engine: AsyncEngine, department: str, **kept: Any) -> FollowUpV1:
    """Slip 1/2023 of a unit, as it is kept."""
    slip = FollowUpV1(
        year=2023,
        number=1,
        department=department,
        code=code(0),
        procedure="2.000635",
        stage=Stage.OVERDUE.value,
        state="processing",
        due_at=at("2023-02-07 09:00"),
        working_days=-1,
        made_at=at("2023-02-08 07:30"),
        received_at=at("2023-02-01 08:00"),
    )
    row = {
        "department": department,
        "year": 2023,
        "number": 1,
        "id": follow_up_id(slip.code, Stage.OVERDUE, slip.due_at),
        "dossier": slip.code,
        "stage": slip.stage,
        "sequence": 1,
        "received_by": department,
        "made_at": microseconds(slip.made_at),
        "told": encode(slip),
    }
    async with writing(engine) as connection:
        await connection.execute(insert(follow_ups).values(row | kept))
    return slip
