"""Sends what waits in the outbox: units and ways side by side, so that a slow receiver holds up nobody else."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.follow_up import outbox
from services.reporting.follow_up.metrics import FollowUpMetrics
from services.reporting.follow_up.outbox import Lane, NotSent, Outgoing, Way, pause_after
from services.reporting.follow_up.ways import NotTaken, Smtp, mail, post
from services.reporting.recipients import Recipients
from shared.service.clock import Clock

AT_ONCE = {Way.MAIL: 4, Way.WEBHOOK: 64}  # all mails go to one server
HELD_LONGER = timedelta(seconds=2)  # than a try may take: settling it takes a moment
LONGEST_REST = timedelta(minutes=1)  # of a lane: what an operator has sent again waits no longer for its turn
log = structlog.get_logger()


def _turns() -> dict[Way, asyncio.Semaphore]:
    return {way: asyncio.Semaphore(most) for way, most in AT_ONCE.items()}


@dataclass(slots=True)
class Sending:
    """One lane for each unit and way; a lane sends one thing after the other, and rests when it gets no answer."""

    engine: AsyncEngine
    recipients: Recipients
    smtp: Smtp | None
    clock: Clock
    metrics: FollowUpMetrics
    timeout_s: float
    give_up_after: timedelta
    transport: httpx.AsyncBaseTransport | None = None
    _lanes: dict[Lane, "asyncio.Task[None]"] = field(default_factory=dict, init=False)
    _silences: dict[Lane, int] = field(default_factory=dict, init=False)  # in a row
    _rests_until: dict[Lane, datetime] = field(default_factory=dict, init=False)
    _is_ending: bool = field(default=False, init=False)
    _turns: dict[Way, asyncio.Semaphore] = field(default_factory=_turns, init=False)

    async def look(self) -> None:
        """Begin to send what is due; lanes that are at work go on. Raises what a lane that has ended raised."""
        for lane, task in list(self._lanes.items()):
            if task.done():
                del self._lanes[lane]
                task.result()
        now = self.clock()
        for lane in await outbox.lanes(self.engine, now):
            if lane not in self._lanes and self._rests_until.get(lane, now) <= now:
                self._lanes[lane] = asyncio.create_task(self._send_all(lane))
        self.metrics.stands(await outbox.waiting(self.engine), now)

    async def settle(self) -> None:
        """Until no lane is at work."""
        if self._lanes:
            await asyncio.wait(self._lanes.values())

    async def end(self) -> None:
        """What is being sent is waited for; what else waits is sent by whoever runs next."""
        self._is_ending = True
        await self.settle()

    async def _send_all(self, lane: Lane) -> None:
        for delivery in await outbox.due(self.engine, lane, self.clock()):
            async with self._turns[lane[1]]:
                if self._is_ending:
                    return
                if not await self._send(delivery):
                    self._rest(lane)
                    return
                self._silences.pop(lane, None)

    def _rest(self, lane: Lane) -> None:
        """One that does not answer is not asked for each of the others."""
        silences = self._silences[lane] = self._silences.get(lane, 0) + 1
        self._rests_until[lane] = self.clock() + min(pause_after(silences), LONGEST_REST)

    async def _send(self, due: Outgoing) -> bool:
        """One try; whether the lane goes on."""
        held_for = timedelta(seconds=self.timeout_s) + HELD_LONGER
        delivery = await outbox.claim(self.engine, due, self.clock(), held_for)
        if delivery is None:
            return True
        try:
            await self._try(delivery)
        except NotTaken as wrong:
            await self._not_taken(delivery, wrong)
            return wrong.is_final or bool(wrong.answers)  # one that refuses addresses answers
        except Exception as bug:  # what is in one delivery must not end figures and pages
            log.exception("follow_up_cannot_be_sent", **_named(delivery))
            await self._not_taken(delivery, NotTaken(f"it can't be sent ({type(bug).__name__})", is_final=False))
            return True
        await outbox.sent(self.engine, delivery, self.clock())
        self.metrics.sent.labels(delivery.way.value).inc()
        return True

    async def _try(self, delivery: Outgoing) -> None:
        recipient = self.recipients.get(delivery.department)
        try:
            async with asyncio.timeout(self.timeout_s):
                if delivery.way is Way.MAIL and recipient is not None and recipient.mail and self.smtp:
                    await mail(self.smtp, recipient.mail, delivery, self.timeout_s)
                elif delivery.way is Way.WEBHOOK and recipient is not None and recipient.webhook is not None:
                    async with httpx.AsyncClient(
                        timeout=self.timeout_s, trust_env=False, transport=self.transport
                    ) as client:
                        await post(client, recipient.webhook, delivery, self.clock())
                else:
                    raise NotTaken("the unit has no such address in the file of recipients any more", is_final=True)
        except TimeoutError as late:
            raise NotTaken(f"no answer within {self.timeout_s:g} s", is_final=False) from late

    async def _not_taken(self, delivery: Outgoing, wrong: NotTaken) -> None:
        now = self.clock()
        pause, since = pause_after(delivery.attempts), delivery.tried_since or delivery.made_at
        gives_up = wrong.is_final or now + pause - since > self.give_up_after
        next_try = None if gives_up else now + max(pause, wrong.retry_after)
        failure = NotSent(str(wrong), next_try, wrong.answers or delivery.answers)
        gives_up &= await outbox.failed(self.engine, delivery, failure, now)
        self.metrics.failures.labels(delivery.way.value).inc()
        said = log.error if gives_up else log.warning
        said(
            "follow_up_not_taken",
            **_named(delivery),
            problem=str(wrong),
            attempts=delivery.attempts,
            given_up=gives_up,
        )


def _named(delivery: Outgoing) -> dict[str, str]:
    return {"delivery": delivery.id, "department": delivery.department, "way": delivery.way.value}
