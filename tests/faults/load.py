"""The load: coroutines that own dossiers and post their events until each is answered. What got a 2xx is the truth."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import Any, Self

import httpx

from tests.faults.dossiers import Event, Life
from tests.support.service import HEADERS
from tests.support.wait import wait_until_async

COMPUTES_DEADLINE = frozenset({"received", "supplemented", "payment_settled", "withdrawn", "stopped", "resolved"})
SINGLE, BULK = "application/cloudevents+json", "application/x-ndjson"
NEW_IN_BULK, LINES_TWICE = 8, 4
MOST_OWNED = 25
ANSWER_WITHIN_S = 8.0
AGAIN_AFTER_S = 0.1
REFUSED = range(400, 500)


class Load:
    """Runs until ended; pauses when asked, and then everything sent has been answered.

    `acknowledged`: the events that got a 2xx, each dossier's in their order, with the deadline that intake computed
    where it did. `refused`: what was answered with a 4xx, or wrongly; there should be none.
    """

    def __init__(
        self, urls: Sequence[str], seed: int, *, senders: int = 7, pace: float = 0.06, bulk_events: int = 50
    ) -> None:
        self._urls = urls
        self._seed = seed
        self._senders = senders
        self._pace = pace
        self._bulk_events = bulk_events
        self._number = 0
        self._busy = 0
        self._going = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.acknowledged: list[Event] = []
        self.sent: dict[str, Event] = {}
        self.refused: list[str] = []
        self.answers: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        self._client = httpx.AsyncClient(headers=HEADERS, timeout=ANSWER_WITHIN_S, trust_env=False)
        self._tasks = [asyncio.create_task(self._singly(Random(f"{self._seed}/{n}"))) for n in range(self._senders)]
        self._tasks.append(asyncio.create_task(self._in_bulk(Random(f"{self._seed}/bulk"))))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    def resume(self) -> None:
        self._going.set()

    async def pause(self, within: float) -> None:
        """Send nothing new, and wait until everything sent is answered."""
        self._going.clear()

        async def idle() -> bool:
            for task in self._tasks:
                if task.done():
                    task.result()  # a sender that failed is a fault of ours: raise it
            return self._busy == 0

        await wait_until_async(idle, within, f"every event that was sent is answered; so far {dict(self.answers)}")

    async def tell(self, event: Event) -> None:
        """One event from outside the senders' own; returns when it is acknowledged."""
        answer = await self._deliver(f"/v1/dossiers/{event['subject']}/events", SINGLE, [event], Random(event["id"]))
        assert answer is not None, self.refused[-1]
        self._acknowledge(event, answer["due_at"])

    async def _singly(self, random: Random) -> None:
        """One event at a time; now and then an acknowledged one once more, which must change nothing."""
        lives: list[Life] = []
        while True:
            await self._turn(random, 1)
            try:
                life = (
                    self._new(random, sends_every_deadline=False)
                    if len(lives) < MOST_OWNED
                    else lives.pop(random.randrange(len(lives)))
                )
                event, path = life.next(), f"/v1/dossiers/{life.code}/events"
                answer = await self._deliver(path, SINGLE, [event], random)
                if answer is None:
                    continue
                self._acknowledge(event, answer["due_at"])
                life.due = None if answer["due_at"] is None else datetime.fromisoformat(answer["due_at"])
                if not life.is_over:
                    lives.append(life)
                if random.random() < 0.05:
                    again = await self._deliver(path, SINGLE, [event], random)
                    if again is not None and again["sequence"] != answer["sequence"]:
                        self.refused.append(f"a repeat got another sequence: {answer} then {again}")
            finally:
                self._busy -= 1

    async def _in_bulk(self, random: Random) -> None:
        """Steps of several dossiers, interleaved, some lines twice."""
        lives: list[Life] = []
        while True:
            await self._turn(random, 6)
            try:
                lives = [*lives[-40:], *(self._new(random, sends_every_deadline=True) for _ in range(NEW_IN_BULK))]
                events: list[Event] = []
                while len(events) < self._bulk_events and (going := [life for life in lives if not life.is_over]):
                    events.append(random.choice(going).next())
                lines = list(events)
                for _ in range(LINES_TWICE):
                    place = random.randrange(1, len(lines) + 1)
                    lines.insert(place, lines[random.randrange(place)])
                answer = await self._deliver("/v1/events", BULK, lines, random)
                if answer is None:
                    continue
                self.refused += [f"bulk: {rejection}" for rejection in answer["rejections"]]
                turned_away = {rejection["id"] for rejection in answer["rejections"]}
                for event in events:
                    if event["id"] not in turned_away:
                        self._acknowledge(event, None)
            finally:
                self._busy -= 1

    async def _turn(self, random: Random, length: float) -> None:
        """The sender's pace, and its place in the count of those that are busy."""
        await asyncio.sleep(self._pace * length * random.uniform(0.5, 1.5))
        await self._going.wait()
        self._busy += 1

    def _new(self, random: Random, *, sends_every_deadline: bool) -> Life:
        self._number += 1
        return Life(random, self._number, sends_every_deadline=sends_every_deadline)

    async def _deliver(self, path: str, media: str, events: Sequence[Event], random: Random) -> dict[str, Any] | None:
        """Post until there is an answer; None when it is a refusal."""
        self.sent |= {event["id"]: event for event in events}
        body = "\n".join(json.dumps(event) for event in events)
        while True:
            try:
                response = await self._client.post(
                    random.choice(self._urls) + path, content=body, headers={"Content-Type": media}
                )
            except httpx.TransportError as away:
                self.answers[type(away).__name__] += 1
            else:
                self.answers[str(response.status_code)] += 1
                if response.is_success:
                    answer: dict[str, Any] = response.json()
                    return answer
                if response.status_code in REFUSED:
                    self.refused.append(f"{response.status_code} for {events[0]['id']}: {response.text[:300]}")
                    return None
                if response.status_code != httpx.codes.SERVICE_UNAVAILABLE or "retry-after" not in response.headers:
                    self.refused.append(
                        f"neither 2xx nor 503 with Retry-After: {response.status_code} {response.text[:200]}"
                    )
            await asyncio.sleep(AGAIN_AFTER_S)

    def _acknowledge(self, event: Event, due_at: str | None) -> None:
        if due_at is not None and event["type"].split(".")[3] in COMPUTES_DEADLINE:
            event = event | {"data": event["data"] | {"due_at": due_at}}
        self.acknowledged.append(event)
