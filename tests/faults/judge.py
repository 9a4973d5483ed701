"""The judge: holds what the stack says against what the oracle expects, and writes down every difference."""

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import httpx

from tests.faults import topics
from tests.faults.dossiers import HERE, Event, now, said
from tests.faults.expected import Alert, Expected, lag
from tests.faults.load import Load
from tests.faults.rig import Rig
from tests.support.service import HEADERS
from tests.support.wait import wait_until_async

CANARY_DEPARTMENT = "H59.04"  # no dossier of the load is there, so its figure counts canaries alone
ANSWERED_WITHIN_S = 120.0
SETTLED_WITHIN_S = 60.0
RECOVERED_WITHIN_S = 180.0
ALERTED_WITHIN_S = 30.0
LOOK_S = 0.3
SHOWN = 4
DAY = timedelta(days=1)


@dataclass(slots=True)
class Verdict:
    """What one round showed. Lists hold examples of what was wrong, all of it; empty ones are what is promised."""

    lost_from_log: list[str] = field(default_factory=list)
    twice_in_log: list[str] = field(default_factory=list)
    never_sent: list[str] = field(default_factory=list)
    out_of_sequence: list[str] = field(default_factory=list)
    lost_from_figures: list[str] = field(default_factory=list)
    ahead: list[str] = field(default_factory=list)
    wrong_states: list[str] = field(default_factory=list)
    wrong_figures: list[str] = field(default_factory=list)
    letters_missing: list[str] = field(default_factory=list)
    letters_of_ours: list[str] = field(default_factory=list)
    alerts_wrong: list[str] = field(default_factory=list)
    alerts_missing: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    verify: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    events_lost: int = 0
    alerts_repeated: int = 0
    acknowledged: int = 0
    settled_s: float = 0.0

    @property
    def is_exact(self) -> bool:
        return not self.wrong

    @property
    def wrong(self) -> dict[str, list[str]]:
        """By kind, what is not as promised."""
        lists = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return {name: value for name, value in lists.items() if isinstance(value, list) and value}

    def summary(self) -> str:
        """One line: how many of each kind, with a few of them."""
        return (
            "; ".join(f"{name} {len(found)}: {', '.join(found[:SHOWN])}" for name, found in self.wrong.items())
            or "exact"
        )


class Judge:
    """Remembers what it saw of one rig: alerts and the log only grow,
    and what a wiped broker forgets has still been told."""

    def __init__(self, rig: Rig, load: Load, seed: int) -> None:
        self._rig = rig
        self._load = load
        self._random = Random(f"{seed}/judge")
        self._canaries = count(1)
        self._log: list[Event] = []
        self._log_position = 0
        self._alerts: dict[str, Alert] = {}
        self._told: Counter[str] = Counter()  # alerts on the topic, by id
        self._closed: frozenset[str] = frozenset()
        self.planted: set[topics.Place] = set()
        self.may_be_planted: set[topics.Place] = set()

    def forget_letters(self) -> None:
        """The broker that kept the dead letters is gone."""
        self.planted.clear()
        self.may_be_planted.clear()

    def forget_log(self) -> None:
        """Read intake's log from its beginning again."""
        self._log, self._log_position = [], 0

    async def all_relayed(self) -> None:
        """Wait until everything in intake's log is in Kafka."""

        async def none_left() -> bool:
            head = (await client.get(f"{self._rig.intake.url}/v1/log/head")).raise_for_status().json()
            return bool(head["relayed"] == head["position"])

        async with self._client() as client:
            await self._until(none_left, SETTLED_WITHIN_S, "intake has relayed its log")

    async def refused(self, remedy: str) -> None:
        """Wait until intake is not ready, for it accepts nothing, and names the remedy."""

        async def says_so() -> bool:
            answer = await client.get(f"{self._rig.intake.url}/healthz/ready")
            return answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and remedy in answer.text

        async with self._client() as client:
            await self._until(says_so, SETTLED_WITHIN_S, f"intake refuses and says {remedy}")

    async def recovery(self, within: float = RECOVERED_WITHIN_S) -> float | None:
        """Seconds from now until a new dossier is in the figures; None when it never is."""
        number, began = next(self._canaries), time.monotonic()
        at = now()
        code = f"{CANARY_DEPARTMENT}-{at:%y%m%d}-{number:05d}"
        data = {
            "department": CANARY_DEPARTMENT,
            "procedure": "9.002311",
            "channel": "postal",
            "due_at": said(at + 9 * DAY),
        }
        kind = "vn.motcua.dossier.received.v1"
        event = {
            "specversion": "1.0",
            "id": f"canary/{code}",
            "source": "/faults",
            "type": kind,
            "subject": code,
            "time": said(at),
            "data": data,
        }
        today = at.date()

        async def is_counted() -> bool:
            row = (await self._figures(client, today, today)).get(CANARY_DEPARTMENT, {})
            return bool(row.get("received_postal", 0) >= number)

        async with self._client() as client:
            try:
                await asyncio.wait_for(self._load.tell(event), within)
                await self._until(is_counted, within, "a new dossier is in the figures")
            except (AssertionError, TimeoutError):
                return None
        return time.monotonic() - began

    async def judge(self, *, settled_within: float = SETTLED_WITHIN_S, verify: bool = False) -> Verdict:
        """Pause the load, let everything settle, and compare all there is to compare."""
        verdict = Verdict()
        try:
            await self._load.pause(ANSWERED_WITHIN_S)
        except AssertionError as unanswered:
            verdict.stuck.append(str(unanswered)[:300])
        verdict.refused, self._load.refused = self._load.refused, []
        expected = Expected(self._load.acknowledged)
        verdict.acknowledged = len(self._load.acknowledged)
        async with self._client() as client:
            await self._judge_figures(verdict, client, expected, settled_within)
            await self._judge_log(verdict, client)
        await self._judge_letters(verdict)
        await self._judge_alerts(verdict, expected)
        if verify:
            verdict.verify = await self._verify()
        return verdict

    async def _judge_figures(
        self, verdict: Verdict, client: httpx.AsyncClient, expected: Expected, within: float
    ) -> None:
        """Snapshots and figures, waited for: what is asynchronous may take its time, but has to end right."""
        began, periods = time.monotonic(), self._periods()
        seen: list[str] = []

        async def agrees() -> bool:
            counted = await self._snapshots(client)
            behind, states = lag(expected, counted), _wrong_states(expected, counted)
            differences = [] if behind or states else await self._differences(client, expected, periods)
            seen[:] = [str(behind)[:200], *states[:SHOWN], *differences[:SHOWN]]
            return not behind and not states and not differences

        try:
            await self._until(agrees, within, f"figures agree; last seen {seen}")
        except AssertionError:
            await self._tell_differences(verdict, client, expected, periods)
        verdict.settled_s = time.monotonic() - began

    async def _tell_differences(
        self, verdict: Verdict, client: httpx.AsyncClient, expected: Expected, periods: Iterable[tuple[date, date]]
    ) -> None:
        try:
            counted = await self._snapshots(client)
            for code, (acknowledged, known) in sorted(lag(expected, counted).items()):
                (verdict.lost_from_figures if known < acknowledged else verdict.ahead).append(
                    f"{code} {known} of {acknowledged}"
                )
                verdict.events_lost += max(acknowledged - known, 0)
            verdict.wrong_states = _wrong_states(expected, counted)
            verdict.wrong_figures = await self._differences(client, expected, periods)
        except httpx.HTTPError as no_answer:
            verdict.stuck.append(f"reporting: {no_answer!r}")

    async def _judge_log(self, verdict: Verdict, client: httpx.AsyncClient) -> None:
        """Acknowledged exactly: every event once, numbered without gaps, and nothing else."""
        try:
            await self._read_log(client)
        except httpx.HTTPError as no_answer:
            verdict.stuck.append(f"intake: {no_answer!r}")
            return
        times = Counter(event["id"] for event in self._log)
        acknowledged = {event["id"] for event in self._load.acknowledged}
        verdict.lost_from_log = sorted(acknowledged - times.keys())
        verdict.twice_in_log = sorted(name for name, number in times.items() if number > 1)
        verdict.never_sent = sorted(times.keys() - acknowledged)
        numbers: Counter[str] = Counter()
        for event in self._log:
            numbers[event["subject"]] += 1
            if int(event["sequence"]) != numbers[event["subject"]]:
                verdict.out_of_sequence.append(
                    f"{event['id']} has {event['sequence']}, not {numbers[event['subject']]}"
                )
            sent = self._load.sent.get(event["id"])
            if sent is not None and not _says(event, sent):
                verdict.out_of_sequence.append(f"{event['id']} is not what was sent")

    async def _judge_letters(self, verdict: Verdict) -> None:
        """Dead letters: exactly what was planted."""
        found: set[topics.Place] = set()
        reasons: dict[topics.Place, str] = {}

        async def all_there() -> bool:
            for record in await topics.read(self._rig.bootstrap, topics.DEAD_LETTERS):
                letter = json.loads(record.value)
                place = (letter["topic"], letter["partition"], letter["offset"])
                found.add(place)
                reasons[place] = f"{letter['reason']}: {letter['detail'][:100]}"
            return found >= self.planted

        with contextlib.suppress(AssertionError):
            await self._until(all_there, SETTLED_WITHIN_S, "every planted record has its dead letter")
        verdict.letters_missing = [str(place) for place in sorted(self.planted - found)]
        verdict.letters_of_ours = [
            f"{place} {reasons[place]}" for place in sorted(found - self.planted - self.may_be_planted)
        ]

    async def _judge_alerts(self, verdict: Verdict, expected: Expected) -> None:
        """None before its time, for what never was or had closed before this round; none missing.
        Repeats, of the same id, are counted."""
        missing: set[Alert] = set()

        async def none_missing() -> bool:
            await self._read_alerts()
            missing.clear()
            missing.update(expected.alerts_due(now()) - set(self._alerts.values()))
            return not missing

        before = self._told
        with contextlib.suppress(AssertionError):
            await self._until(none_missing, ALERTED_WITHIN_S, "every alert that is due was given")
        verdict.alerts_missing = [f"{code} {threshold}" for code, threshold, _ in sorted(missing)]
        verdict.alerts_wrong = [str(alert) for alert in self._alerts.values() if not expected.was_right(alert, now())]
        if before.keys() - self._told.keys():
            before = Counter()  # the topic was lost with its broker
        new = self._told - before
        verdict.alerts_wrong += [
            f"{announced} of one that had closed" for announced in new if announced.split("/")[0] in self._closed
        ]
        verdict.alerts_repeated = sum(new.values()) - sum(1 for announced in new if announced not in before)
        self._closed = expected.closed

    async def _read_alerts(self) -> None:
        alerts = [json.loads(record.value) for record in await topics.read(self._rig.bootstrap, topics.ALERTS)]
        for alert in alerts:
            announced = (alert["code"], alert["threshold"], datetime.fromisoformat(alert["due_at"]).astimezone(HERE))
            self._alerts[alert["id"]] = announced
        self._told = Counter(alert["id"] for alert in alerts)

    async def _read_log(self, client: httpx.AsyncClient) -> None:
        while True:
            answer = await client.get(
                f"{self._rig.intake.url}/v1/log", params={"after": self._log_position, "limit": 10_000}
            )
            lines = [json.loads(line) for line in answer.raise_for_status().text.splitlines() if line]
            if not lines:
                return
            self._log += [line["event"] for line in lines]
            self._log_position = lines[-1]["position"]

    async def _snapshots(self, client: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
        answer = await client.get(f"{self._rig.reporting.url}/v1/dossiers")
        return {snapshot["code"]: snapshot for snapshot in map(json.loads, answer.raise_for_status().text.splitlines())}

    async def _figures(self, client: httpx.AsyncClient, first: date, last: date) -> dict[str, dict[str, int]]:
        asked = {"from": str(first), "to": str(last), "by": "department", "tokens": "none"}
        answer = await client.get(f"{self._rig.reporting.url}/v1/figures", params=asked)
        return {row["key"]["department"]: row for row in answer.raise_for_status().json()["rows"]}

    async def _differences(
        self, client: httpx.AsyncClient, expected: Expected, periods: Iterable[tuple[date, date]]
    ) -> list[str]:
        """Every cell of every period that is not what it should be."""
        found = []
        for first, last in periods:
            wanted, got = expected.figures(first, last), await self._figures(client, first, last)
            for department in sorted(wanted.keys() | got.keys()):
                columns = wanted.get(department) or dict.fromkeys(next(iter(wanted.values()), {}), 0)
                row = got.get(department, {})
                found += [
                    f"{first}..{last} {department} {name}: {row.get(name, 0)}, expected {number}"
                    for name, number in columns.items()
                    if row.get(name, 0) != number
                ]
        return found

    def _periods(self) -> list[tuple[date, date]]:
        today, length, end = now().date(), self._random.randint(0, 9), self._random.randint(1, 80)
        back = [(120, 0), (60, 31), (30, 8), (7, 1), (0, 0), (end + length, end)]
        return [(today - first * DAY, today - last * DAY) for first, last in back]

    async def _verify(self) -> list[str]:
        """What `motcua verify` finds; nothing when it is clean."""
        workers = [argument for part in self._rig.running_workers for argument in ("--processing", part.url)]
        drawn = ("--wait", "30", "--sample", "10", "--seed", str(self._random.randint(1, 999)))
        code, output = await self._rig.motcua("verify", "--reporting", self._rig.reporting.url, *workers, *drawn)
        if code == 0:
            return []
        return [f"exit {code}", *(line.strip()[:200] for line in output.splitlines()[-12:])]

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(headers=HEADERS, timeout=30, trust_env=False, verify=False)

    async def _until(self, condition: Any, within: float, what: str) -> None:
        """Wait for a condition that asks services: one that does not answer yet is asked again."""

        async def answered() -> bool:
            await asyncio.sleep(LOOK_S)
            with contextlib.suppress(httpx.HTTPError):
                return bool(await condition())
            return False

        await wait_until_async(answered, within, what)


def _says(logged: Event, sent: Event) -> bool:
    """Whether the log's event says all that its sender said, in the same words."""
    same = all(logged[name] == sent[name] for name in ("type", "subject", "source"))
    return same and all(
        logged["data"].get(name) == value or name.endswith("_at") for name, value in sent["data"].items()
    )


def _wrong_states(expected: Expected, counted: dict[str, dict[str, Any]]) -> list[str]:
    found = ((code, counted[code]["state"], state) for code, state in expected.states.items() if code in counted)
    return [f"{code} is {counted_as}, not {state}" for code, counted_as, state in found if counted_as != state]
