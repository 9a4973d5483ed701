"""The faults: each damages a stack under load and leaves it to recover by itself. How long one lasts is part of it."""

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from tests.faults import poison, topics
from tests.faults.judge import ANSWERED_WITHIN_S, Judge
from tests.faults.load import Load
from tests.faults.rig import WORKERS, Part, Rig
from tests.support.postgres import PackagedServer

POISON_CODES = "H59.15-260101-"


@dataclass(slots=True)
class World:
    """A stack under load, and what a fault did to it."""

    rig: Rig
    load: Load
    judge: Judge
    random: Random
    rebalances: int = 0
    freezes: int = 0
    postgres: PackagedServer | None = None

    async def go_on(self, shortest: float, longest: float) -> None:
        """Load for a while."""
        self.load.resume()
        await asyncio.sleep(self.random.uniform(shortest, longest))

    async def freeze(self, *parts: Part, sessions: tuple[float, float] = (1.3, 2.5)) -> None:
        """Frozen past the session and woken, as a suspended machine:
        the group gives its partitions away and has it back later."""
        for part in parts:
            part.freeze()
        await asyncio.sleep(self.rig.session_seconds * self.random.uniform(*sessions))
        for part in reversed(parts):
            part.wake()
        self.freezes += 1

    async def join(self, part: Part) -> None:
        """A worker that comes to the others."""
        part.start()
        await self.rig.ready(part)
        self.rebalances += 1

    async def leave(self, part: Part) -> None:
        """A worker that goes, in order or not."""
        if self.random.random() < 0.5:
            part.kill(restart=False)
        else:
            await part.stop()
        self.rebalances += 1


@dataclass(frozen=True, slots=True)
class Fault:
    """`settled_within`: how long figures may take to be right again once the load has stopped."""

    name: str
    strike: Callable[[World], Awaitable[None]]
    settled_within: float = 60.0
    on_postgres: bool = False  # two intakes and two reportings on a PostgreSQL server, instead of one of each on SQLite


async def nothing(world: World) -> None:
    await world.go_on(2, 4)


def killed(*names: str) -> Fault:
    """kill -9 of some parts, close together, in any order."""

    async def strike(world: World) -> None:
        await world.go_on(1, 3)
        for name in world.random.sample(names, len(names)):
            world.rig.parts[name].kill()
        world.rebalances += "worker1" in names

    return Fault(f"kill -9 {' + '.join(names)}", strike, 90.0)


def frozen(*names: str, times: int = 3) -> Fault:
    """Frozen several times, each past the session."""

    async def strike(world: World) -> None:
        for _ in range(times):
            await world.go_on(0.5, 2)
            await world.freeze(*(world.rig.parts[name] for name in names))
            world.rebalances += 2 * ("worker1" in names)

    return Fault(f"freeze {' + '.join(names)}", strike)


async def zombie(world: World) -> None:
    """One worker frozen while another takes over, woken, and then both killed:
    whoever comes next lives on what both have written."""
    rig, random = world.rig, world.random
    old, new = random.sample([rig.parts[name] for name in WORKERS[:2]], 2)
    await world.join(old)
    if random.random() < 0.5:
        await world.join(new)
    await world.go_on(1, 2)
    old.freeze()
    await asyncio.sleep(rig.session_seconds * random.uniform(0.5, 1.5))
    new.start()
    await world.go_on(2, 3)
    if random.random() < 0.7:  # else it wakes while the other is still starting
        await rig.ready(new)
        await world.go_on(1, 2)
    old.wake()
    world.freezes += 1
    world.rebalances += 2
    await world.go_on(1, 2)
    for part in random.sample([old, new], 2):
        part.kill(restart=part is new)
    world.rebalances += 2
    await world.go_on(0.5, 1.5)


async def second_worker(world: World) -> None:
    """A second worker joins and leaves again; nothing is killed, nothing frozen."""
    second = world.rig.parts["worker2"]
    await world.go_on(1, 2)
    await world.join(second)
    await world.go_on(1.5, 3)
    await second.stop()
    world.rebalances += 1
    await world.go_on(1, 2)


async def churn(world: World) -> None:
    """Workers joining and leaving about every second."""
    rig, random = world.rig, world.random
    for _ in range(10):
        await world.go_on(0.3, 1.2)
        part = random.choice([rig.parts[name] for name in WORKERS])
        if part.is_running:
            part.wake()
            await world.leave(part)
        else:
            part.start()
            world.rebalances += 1
    if not rig.running_workers:
        rig.parts["worker1"].start()


async def churn_of_the_frozen(world: World) -> None:
    """Three workers, of which one or two are always frozen past their session."""
    rig, random = world.rig, world.random
    workers = [rig.parts[name] for name in WORKERS]
    for part in workers:
        if not part.is_running:
            await world.join(part)
    for _ in range(5):
        await world.go_on(0.3, 1)
        await world.freeze(*random.sample(workers, random.randint(1, 2)), sessions=(1.1, 2.0))
        world.rebalances += 2


def broker_away(seconds: float) -> Fault:
    async def strike(world: World) -> None:
        await world.go_on(1, 2)
        world.rig.broker.kill(restart=False)
        await world.go_on(seconds, seconds)
        world.rig.broker.start()
        await world.rig.serves()

    return Fault(f"broker gone {seconds:.0f} s", strike, 120.0)


async def broker_wiped(world: World) -> None:
    """An empty broker appears under everything that runs."""
    await world.go_on(1, 2)
    await world.rig.wipe_broker()
    world.judge.forget_letters()
    await world.go_on(3, 5)


async def broker_wiped_while_all_is_down(world: World) -> None:
    await world.go_on(1, 2)
    _kill_services(world.rig)
    await world.rig.wipe_broker()
    world.judge.forget_letters()
    await world.rig.rest()
    await world.go_on(3, 5)


async def broker_and_reporting_wiped(world: World) -> None:
    await world.go_on(1, 2)
    world.rig.wipe_reporting()
    await broker_wiped(world)


async def reporting_wiped(world: World) -> None:
    await world.go_on(1, 2)
    world.rig.wipe_reporting()
    await world.go_on(2, 3)


def remade(*names: str, reporting_too: bool = False) -> Fault:
    """Topics deleted and made again under everything that runs."""

    async def strike(world: World) -> None:
        await world.go_on(1, 2)
        for topic in names:
            await topics.remake(world.rig.bootstrap, topic)
        if topics.EVENTS in names or topics.STATUS in names:
            world.judge.may_be_planted |= (
                world.judge.planted
            )  # offsets begin anew: a letter's place may now mean another record
        if reporting_too:
            world.rig.wipe_reporting()
        await world.go_on(3, 5)

    what = " + ".join(name.split(".")[2] for name in names) + " remade"
    return Fault(what + (", reporting wiped" if reporting_too else ""), strike, 120.0)


def committed(*, at_the_end: bool) -> Fault:
    """What the processor's group has committed is lost, or points past what it has read."""

    async def strike(world: World) -> None:
        rig = world.rig
        await world.go_on(1, 2)
        _kill_workers(rig)
        await world.go_on(1, 2)
        for topic in (topics.EVENTS, topics.TICKS):
            await topics.commit(rig.bootstrap, topics.GROUP, topic, at_the_end=at_the_end)
        rig.parts["worker1"].start()
        world.rebalances += 1
        await world.go_on(1, 2)

    return Fault(f"committed offsets moved to the {'end' if at_the_end else 'beginning'}", strike)


async def events_again(world: World) -> None:
    """Every event once more, in the old order: a relay that lost its place."""
    await world.go_on(1, 2)
    records = await topics.read(world.rig.bootstrap, topics.EVENTS)
    again = [
        topics.Record(topics.EVENTS, r.value, r.key, r.partition, tuple(r.headers))
        for r in records
        if _is_ours(r.value)
    ]
    await topics.write(world.rig.bootstrap, again)
    await world.go_on(1, 2)


async def late_statuses(world: World) -> None:
    """Old statuses written once more, as a zombie would; then the worker is killed and lives on what is there."""
    rig, random = world.rig, world.random
    await world.go_on(1, 2)
    records = [r for r in await topics.read(rig.bootstrap, topics.STATUS) if _is_ours(r.value)]
    old = [topics.Record(topics.STATUS, r.value, r.key, r.partition, tuple(r.headers)) for r in records]
    await topics.write(rig.bootstrap, random.sample(old, min(len(old), 200)))
    await world.go_on(0.5, 1)
    _kill_workers(rig)
    rig.parts["worker1"].start()
    world.rebalances += 1
    await topics.write(rig.bootstrap, random.sample(old, min(len(old), 200)))
    await world.go_on(1, 2)


async def sent_again(world: World) -> None:
    """`motcua resend` under load."""
    await world.go_on(1, 2)
    code, said = await world.rig.motcua("resend")
    assert code == 0, said
    await world.go_on(2, 3)


async def backup_put_back(world: World) -> None:
    """Intake's log as it was a while ago: intake must refuse until `motcua restore` has brought back what the
    events' topic still holds."""
    rig, load = world.rig, world.load
    backup = rig.folder / "backup"
    await world.go_on(1, 2)
    rig.intake.kill(restart=False)
    rig.copy_log(backup)
    rig.intake.start()
    await rig.ready(rig.intake)
    await world.go_on(2, 3)
    await load.pause(ANSWERED_WITHIN_S)
    await world.judge.all_relayed()
    rig.intake.kill(restart=False)
    rig.put_log_back(backup)
    world.judge.forget_log()
    rig.intake.start()
    load.resume()
    await world.judge.refused("motcua restore")
    code, said = await rig.motcua("restore")
    assert code == 0, said
    await rig.ready(rig.intake)
    await world.go_on(2, 3)


def one_of_two_frozen(name: str) -> Fault:
    """One of two instances on one database frozen for a while:
    it may hold locks and leases, and must not hold up the other."""

    async def strike(world: World) -> None:
        await world.go_on(1, 2)
        part = world.rig.parts[name]
        part.freeze()
        await world.go_on(8, 12)
        part.wake()
        world.freezes += 1
        await world.go_on(1, 2)

    return Fault(f"{name} of two frozen", strike, 90.0, on_postgres=True)


def postgres_away(how: str) -> Fault:
    """PostgreSQL frozen, or stopped in one of its ways and started again."""

    async def strike(world: World) -> None:
        server = world.postgres
        assert server is not None
        await world.go_on(1, 2)
        if how == "frozen":
            server.signal(signal.SIGSTOP)
            await world.go_on(6, 10)
            server.signal(signal.SIGCONT)
        else:
            await asyncio.to_thread(server.stop, how)
            await world.go_on(3, 6)
            await asyncio.to_thread(server.start)
        await world.go_on(1, 2)

    return Fault(f"PostgreSQL {how}", strike, 90.0, on_postgres=True)


def poisoned(name: str, make: Callable[[Random], list[topics.Record]]) -> Fault:
    """Poison under load; then processing and reporting start again and meet it once more."""

    async def strike(world: World) -> None:
        rig = world.rig
        await world.go_on(0.5, 1)
        records = make(world.random)
        for record, place in zip(records, await topics.write(rig.bootstrap, records), strict=True):
            is_tombstone = (
                record.topic == topics.STATUS and record.value is None
            )  # it changes nothing, with or without a letter
            (world.judge.may_be_planted if is_tombstone else world.judge.planted).add(place)
        await world.go_on(3, 4)
        rig.reporting.kill()
        _kill_workers(rig)
        rig.parts["worker1"].start()
        world.rebalances += 1
        await world.go_on(2, 3)

    return Fault(f"poison: {name}", strike, 120.0)


def _all_poison(random: Random) -> list[topics.Record]:
    mixed = [*poison.events(random), *poison.ticks(random), *poison.statuses(random), *poison.long_keys(topics.EVENTS)]
    random.shuffle(mixed)
    return mixed


def at_once(*faults: Fault) -> Fault:
    """Several faults at the same time."""

    async def strike(world: World) -> None:
        await asyncio.gather(*(fault.strike(world) for fault in faults))

    return Fault(" & ".join(fault.name for fault in faults), strike, 150.0)


def _kill_workers(rig: Rig) -> None:
    for name in WORKERS:
        rig.parts[name].kill(restart=False)


def _kill_services(rig: Rig) -> None:
    _kill_workers(rig)
    for part in (rig.intake, rig.reporting):
        part.kill(restart=False)


def _is_ours(value: bytes | None) -> bool:
    """Whether a record is one that the services wrote, and not poison."""
    try:
        read = json.loads(value or b"")
    except (ValueError, RecursionError):
        return False
    if not isinstance(read, dict) or read.get("source", "/faults") != "/faults":
        return False
    code = read.get("code") or read.get("subject")
    return isinstance(code, str) and POISON_CODES not in code


NAMES = ("intake", "worker1", "reporting", "broker")
PAIRS = [(one, other) for index, one in enumerate(NAMES) for other in NAMES[index + 1 :]]
KILLS = [*(killed(name) for name in NAMES), *(killed(*pair) for pair in PAIRS), killed(*NAMES)]
FREEZES = [
    frozen("worker1"),
    frozen("worker1", "broker", times=1),
    frozen("broker", times=1),
    frozen("intake", times=1),
    frozen("reporting", times=1),
    frozen("worker1", "reporting", times=2),
]
REBALANCES = [
    Fault("zombie wakes after another took over", zombie),
    Fault("second worker joins and leaves", second_worker),
    Fault("workers join and leave every second", churn),
    Fault("three workers, always some frozen", churn_of_the_frozen),
]
BROKER = [
    broker_away(20),
    Fault("broker wiped", broker_wiped, 150.0),
    Fault("broker wiped while all is down", broker_wiped_while_all_is_down, 150.0),
    Fault("broker and reporting wiped", broker_and_reporting_wiped, 150.0),
]
STORES = [
    Fault("reporting wiped", reporting_wiped, 90.0),
    remade(topics.EVENTS),
    remade(topics.STATUS),
    remade(topics.TICKS),
    remade(topics.EVENTS, topics.STATUS),
    remade(topics.STATUS, reporting_too=True),
    committed(at_the_end=False),
    committed(at_the_end=True),
    Fault("every event sent again", events_again, 90.0),
    Fault("late statuses of a zombie", late_statuses),
    Fault("motcua resend", sent_again, 90.0),
    Fault("intake's backup put back", backup_put_back, 90.0),
]
POISON = [
    poisoned("events", poison.events),
    poisoned("ticks", poison.ticks),
    poisoned("statuses", poison.statuses),
    poisoned("long keys in events", lambda _: poison.long_keys(topics.EVENTS)),
    poisoned("long keys in statuses", lambda _: poison.long_keys(topics.STATUS)),
    poisoned("flood of 500 events", lambda random: poison.flood(topics.EVENTS, 500, random)),
    poisoned("flood of 500 statuses", lambda random: poison.flood(topics.STATUS, 500, random)),
    poisoned("all kinds at once", _all_poison),
]
POSTGRES = [
    Fault("no fault, two of each on PostgreSQL", nothing, on_postgres=True),
    *(one_of_two_frozen(name) for name in ("intake", "intake2", "reporting", "reporting2")),
    *(postgres_away(how) for how in ("frozen", "fast", "immediate")),
    Fault("kill -9 intake2 + reporting", killed("intake2", "reporting").strike, 90.0, on_postgres=True),
]
COMBINED = [
    at_once(frozen("worker1", times=1), Fault("reporting wiped", reporting_wiped)),
    at_once(killed("broker"), Fault("churn", churn)),
    at_once(remade(topics.STATUS), killed("worker1"), killed("reporting")),
    at_once(poisoned("events", poison.events), Fault("churn", churn)),
    at_once(killed("intake"), frozen("worker1", times=2)),
]
NOTHING = Fault("no fault", nothing)
ALL = (NOTHING, *KILLS, *FREEZES, *REBALANCES, *BROKER, *STORES, *POISON, *COMBINED, *POSTGRES)
