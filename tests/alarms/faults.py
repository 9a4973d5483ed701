"""Each way to break a stack that an alert is for: how, what it must raise, and what may follow from it."""

import asyncio
import contextlib
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from itertools import count

import httpx
import psutil
from aiokafka import AIOKafkaProducer

from shared.contract.topics import EVENTS
from tests.support.alarms import Alarms
from tests.support.stack import RunningStack
from tests.support.wait import wait_until

HERE = timezone(timedelta(hours=7))
numbers = count(1)


@dataclass(slots=True)
class Scene:
    """A stack and its alarms."""

    stack: RunningStack
    alarms: Alarms

    def process(self, part: str) -> psutil.Process:
        """The process of a service, or of the broker."""
        wanted = "kafka.Kafka" if part == "broker" else f"services.{part}"
        (found,) = [
            child for child in psutil.Process(self.stack.process.pid).children(recursive=True) if _is(child, wanted)
        ]
        return found

    def post(self, *, times: int = 1, data: dict[str, str] | None = None, **attributes: str) -> httpx.Response:
        """Events of new dossiers, in one bulk call."""
        today = datetime.now(HERE)
        lines = []
        for _ in range(times):
            number = next(numbers)
            event = {
                "specversion": "1.0",
                "id": f"alarm-{number}",
                "source": "/tests",
                "type": "vn.motcua.dossier.received.v1",
                "subject": f"H59.15-{today:%y%m%d}-{number:04d}",
                "time": (today - timedelta(minutes=1)).isoformat(timespec="seconds"),
                "datacontenttype": "application/json",
                "data": {"department": "H59.15", "procedure": "2.000635", "channel": "in_person"} | (data or {}),
            } | attributes
            lines.append(event)
        return httpx.post(
            f"{self.stack.intake}/v1/events",
            json=lines,
            headers=self.stack.headers | {"Content-Type": "application/cloudevents-batch+json"},
            timeout=60,
        )


def _is(process: psutil.Process, wanted: str) -> bool:
    with contextlib.suppress(psutil.Error):
        return wanted in process.cmdline()
    return False


@dataclass(frozen=True, slots=True)
class Fault:
    """`broken` breaks the stack while it is entered, and mends it when it is left."""

    name: str
    alert: str
    labels: dict[str, str]
    broken: Callable[[Scene], contextlib.AbstractContextManager[None]]
    follows: frozenset[str] = field(default_factory=frozenset)


@contextmanager
def frozen(scene: Scene, part: str) -> Iterator[None]:
    process = scene.process(part)
    process.suspend()
    try:
        yield
    finally:
        process.resume()


@contextmanager
def crash_loop(scene: Scene, part: str) -> Iterator[None]:
    """It is killed as soon as it has answered Prometheus, three times over."""
    for _ in range(3):
        process = scene.process(part)
        _until_scraped(scene, part, process.create_time())
        process.send_signal(signal.SIGKILL)
        wait_until(partial(_started_again, scene, part, process.pid), 90, f"{part} is started again")
    yield


def _until_scraped(scene: Scene, part: str, started: float) -> None:
    seen = f'process_start_time_seconds{{service="{part}"}} > {started - 2}'
    wait_until(lambda: scene.alarms.query(seen), 120, f"{part} answers Prometheus")


def _started_again(scene: Scene, part: str, before: int) -> bool:
    with contextlib.suppress(ValueError):  # it is not there
        return scene.process(part).pid != before
    return False


@contextmanager
def broker_away_with_an_event(scene: Scene) -> Iterator[None]:
    with frozen(scene, "broker"):
        assert scene.post().status_code == httpx.codes.OK
        yield


@contextmanager
def two_at_once(scene: Scene) -> Iterator[None]:
    """A service that is down hides no dead broker."""
    with frozen(scene, "reporting"), frozen(scene, "broker"):
        yield


@contextmanager
def read_model_locked(scene: Scene) -> Iterator[None]:
    """By somebody who writes into it and does not end; an event waits."""
    with locked(scene, "reporting"):
        assert scene.post().status_code == httpx.codes.OK
        yield


@contextmanager
def locked(scene: Scene, service: str) -> Iterator[None]:
    (file,) = scene.stack.data_dir.rglob(f"{service}.db")
    connection = sqlite3.connect(file, isolation_level=None, timeout=30)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()


@contextmanager
def a_sum_is_wrong(scene: Scene) -> Iterator[None]:
    """Somebody changes a count in the read model, and changes it back."""
    assert scene.post().status_code == httpx.codes.OK
    with contextlib.closing(sqlite3.connect(_read_model(scene), timeout=30)) as connection:
        wait_until(lambda: connection.execute("select count(*) from sums").fetchone()[0], 30, "there are sums")
        with connection:
            connection.execute("update sums set amount = amount + 1")
        yield
        with connection:
            connection.execute("update sums set amount = amount - 1")


def _read_model(scene: Scene) -> str:
    (file,) = scene.stack.data_dir.rglob("reporting.db")
    return str(file)


async def _write(bootstrap: str, records: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        for _ in range(records):
            await producer.send(EVENTS.name, b"not an event", key=b"H59.15-000000-0001", partition=0)
    finally:
        await producer.stop()


@contextmanager
def a_stranger_writes(scene: Scene, records: int) -> Iterator[None]:
    """Garbage in the events topic; an operator marks the letters as done."""
    asyncio.run(_write(scene.stack.broker, records))
    yield
    assert scene.post().status_code == httpx.codes.OK  # a usable record ends the row
    wait_until(lambda: _all_letters_done(scene), 60, "no letter is open")


def _all_letters_done(scene: Scene) -> bool:
    with httpx.Client(base_url=scene.stack.intake, headers=scene.stack.headers, timeout=30) as client:
        found = client.get("/v1/dead-letters", params={"state": "open", "limit": 1000}).raise_for_status().json()
        ids = [one["id"] for one in found["letters"]]
        if ids:
            client.post("/v1/dead-letters/done", json={"letters": ids}).raise_for_status()
        return not ids


@contextmanager
def refused_events(scene: Scene) -> Iterator[None]:
    answer = scene.post(times=150, data={"procedure": "0.000000", "department": "X00"})
    assert answer.json()["rejected"] == 150, answer.text
    yield


@contextmanager
def a_wrong_key(scene: Scene) -> Iterator[None]:
    with httpx.Client(base_url=scene.stack.reporting, headers={"Authorization": "Bearer wrong"}, timeout=30) as client:
        for _ in range(120):
            assert client.get("/v1/figures").status_code in (401, 429)
    yield


@contextmanager
def nobody_assigned(scene: Scene) -> Iterator[None]:
    """Four dossiers that are overdue, of nobody; then they are resolved."""
    due = datetime.now(HERE) - timedelta(days=3)
    before = next(numbers)
    assert (
        scene.post(
            times=4,
            data={"due_at": due.isoformat(timespec="seconds")},
            time=(due - timedelta(days=20)).isoformat(timespec="seconds"),
        ).status_code
        == httpx.codes.OK
    )
    yield
    today = datetime.now(HERE)
    for number in range(before + 1, before + 5):
        answer = httpx.post(
            f"{scene.stack.intake}/v1/dossiers/H59.15-{today:%y%m%d}-{number:04d}/events",
            json={"event": "resolved", "occurred_at": (today - timedelta(seconds=5)).isoformat(timespec="seconds")},
            headers=scene.stack.headers,
        )
        assert answer.status_code == httpx.codes.CREATED, answer.text


@contextmanager
def webhook_refuses(scene: Scene) -> Iterator[None]:
    """The receiver answers 500, also to this alert: it arrives with the first that is taken."""
    scene.alarms.refuses.set()
    wait_until(
        lambda: scene.alarms.query('ALERTS{alertname="MotcuaAlertsNotDelivered", alertstate="firing"}'), 300, "seen"
    )
    scene.alarms.refuses.clear()
    yield


@contextmanager
def bad_configuration(scene: Scene) -> Iterator[None]:
    file = scene.alarms.folder / "prometheus.yml"
    good = file.read_text()
    file.write_text("nonsense: [")
    scene.alarms.processes["prometheus"].send_signal(signal.SIGHUP)
    yield
    file.write_text(good)
    scene.alarms.processes["prometheus"].send_signal(signal.SIGHUP)


@contextmanager
def disk_fills(scene: Scene) -> Iterator[None]:
    """A file that leaves less than the rules want, on a disk of the stack's own."""
    file = scene.stack.data_dir / "filling"
    with file.open("wb") as filling:
        os.posix_fallocate(filling.fileno(), 0, shutil.disk_usage(scene.stack.data_dir).free - LEFT_FREE)
    try:
        yield
    finally:
        file.unlink()


LEFT_FREE = 1 << 30
DISK_BYTES = 7 << 29  # of the stack's own disk: 3.5 GiB

FAULTS = (
    Fault("processing frozen", "MotcuaServiceDown", {"service": "processing"}, lambda s: frozen(s, "processing")),
    Fault("reporting frozen", "MotcuaServiceDown", {"service": "reporting"}, lambda s: frozen(s, "reporting")),
    Fault("intake frozen", "MotcuaServiceDown", {"service": "intake"}, lambda s: frozen(s, "intake")),
    Fault(
        "reporting in a crash loop", "MotcuaCrashLoop", {"service": "reporting"}, lambda s: crash_loop(s, "reporting")
    ),
    Fault("broker frozen, nobody posts", "MotcuaBrokerAway", {}, lambda s: frozen(s, "broker")),
    Fault("broker frozen, an event waits", "MotcuaBrokerAway", {}, broker_away_with_an_event),
    Fault("broker and reporting frozen", "MotcuaBrokerAway", {}, two_at_once, frozenset({"MotcuaServiceDown"})),
    Fault(
        "read model locked, an event waits",
        "MotcuaPipelineStalled",
        {"stage": "figures"},
        read_model_locked,
        frozenset({"MotcuaNotReady"}),  # it comes first where only its duration is shortened
    ),
    Fault("a sum of the read model changed", "MotcuaReconciliationDifference", {"stage": "sums"}, a_sum_is_wrong),
    Fault("garbage in the events topic", "MotcuaDeadLetters", {}, lambda s: a_stranger_writes(s, 3)),
    Fault(
        "a flood of garbage",
        "MotcuaPoison",
        {"service": "processing"},
        lambda s: a_stranger_writes(s, 300),
        frozenset({"MotcuaDeadLetters"}),
    ),
    Fault("150 events refused", "MotcuaRejections", {"reason": "unknown_department"}, refused_events),
    Fault("120 calls with a wrong key", "MotcuaRequestsRefused", {"service": "reporting"}, a_wrong_key),
    Fault(
        "overdue dossiers of nobody",
        "MotcuaDueUnassigned",
        {"department": "H59.15"},
        nobody_assigned,
        frozenset({"MotcuaOverdueRising"}),
    ),
    Fault("disk filling", "MotcuaDiskFull", {}, disk_fills),
    Fault("receiver answers 500", "MotcuaAlertsNotDelivered", {"integration": "webhook"}, webhook_refuses),
    Fault("Prometheus given a bad configuration", "MotcuaMonitoringConfig", {"job": "prometheus"}, bad_configuration),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """How long it took, in seconds from the break and from the mending, and what else was told."""

    fault: Fault
    fired: float
    resolved: float
    others: frozenset[str]


def seen(scene: Scene, fault: Fault, *, within: float) -> Seen:
    """Break, wait for the word, mend, wait for the end of it."""
    began = time.monotonic()
    with fault.broken(scene):
        told = scene.alarms.until_told(fault.alert, fault.labels, firing=True, since=began, within=within)
        mended = time.monotonic()
    ended = scene.alarms.until_told(fault.alert, fault.labels, firing=False, since=mended, within=within)
    others = scene.alarms.names(began) - {fault.alert} - fault.follows
    return Seen(fault, told.at - began, ended.at - mended, frozenset(others))


def watchdog_silent(scene: Scene, *, within: float) -> Seen:
    """Alertmanager is killed. It can't say so itself: the watchdog stops, until it is started again."""
    began = time.monotonic()
    scene.alarms.stop("alertmanager")
    down = 'ALERTS{alertname="MotcuaMonitoringDown", job="alertmanager", alertstate="firing"}'
    wait_until(lambda: scene.alarms.query(down), within, "Prometheus knows that Alertmanager is away")
    known = time.monotonic()
    assert not any(one.at > began + 1 for one in scene.alarms.told), "somebody was told by an Alertmanager that is dead"
    scene.alarms.start("alertmanager")
    back = scene.alarms.until_told("MotcuaWatchdog", {}, firing=True, since=known, within=within)
    return Seen(WATCHDOG, known - began, back.at - known, frozenset())


WATCHDOG = Fault(
    "Alertmanager killed: the watchdog stops, and is back",
    "MotcuaMonitoringDown",
    {"job": "alertmanager"},
    lambda _: nullcontext(),
)
