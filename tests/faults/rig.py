"""A stack as an operator runs it: processes, each started again when it ends,
and everything that one can do to them."""

import asyncio
import contextlib
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from motcua.stack.broker import Node, NodeConfig, prepare
from motcua.stack.child import Child
from tests.support.ports import free_port_base
from tests.support.service import HEADERS, KEY
from tests.support.stack import MOTCUA
from tests.support.wait import wait_until_async

WORKERS = (
    "worker1",
    "worker2",
    "worker3",
)  # the first has a name in its group, as shipped; the others have none and are stopped at rest
PORTS = 18
SPARE = 9  # the ports of a second intake and a second reporting
READY_WITHIN_S = 90.0
STOPS_WITHIN_S = 60.0
COMMAND_WITHIN_S = 300.0
LOOK_S = 0.05
FIRST_PAUSE_S, LONGEST_PAUSE_S, REMEMBERED_S = 0.2, 5.0, 60.0


@dataclass(slots=True)
class Part:
    """A process that is started again when it ends, as `restart: unless-stopped` would;
    later each time within a minute."""

    name: str
    child: Child
    port: int
    wanted: bool = False
    ended: list[int | None] = field(default_factory=list)  # exit codes of those ends that were its own doing
    _told_to: bool = False
    _starts: list[float] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        return self.child.is_running()

    def start(self) -> None:
        if not self.child.is_running():
            self.child.start()
        self.wanted, self._told_to = True, False

    def kill(self, *, restart: bool = True) -> None:
        """SIGKILL: what a power cut or the kernel's memory killer does."""
        self.wanted, self._told_to = restart, True
        if self.child.is_running():
            self.child.kill()

    async def stop(self) -> int | None:
        """SIGTERM, and stay down; its exit code."""
        self.wanted, self._told_to = False, True
        return await asyncio.to_thread(self.child.stop, STOPS_WITHIN_S)

    def freeze(self) -> None:
        self.child.signal(signal.SIGSTOP)

    def wake(self) -> None:
        self.child.signal(signal.SIGCONT)

    def look_after(self) -> None:
        """Start it again if it ended and should not have, and its time has come."""
        if not self.wanted or self.child.is_running():
            return
        if not self._told_to:
            self.ended.append(self.child.exit_code)
            self._told_to = True
        now = time.monotonic()
        self._starts = [start for start in self._starts if start > now - REMEMBERED_S]
        pause = min(FIRST_PAUSE_S * 2 ** len(self._starts), LONGEST_PAUSE_S)
        if not self._starts or now - self._starts[-1] >= pause:
            self._starts.append(now)
            self.start()


class Rig:
    """The parts by name: broker, intake, worker1..3, reporting, and whatever a fault adds."""

    def __init__(self, folder: Path, *, session_seconds: float, databases: Mapping[str, str] | None = None) -> None:
        """`databases`: the URL of intake's and of reporting's; files of their own when there are none."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.session_seconds = session_seconds
        self.port_base = free_port_base(PORTS)
        self.bootstrap = f"127.0.0.1:{self.port_base + 4}"
        self._databases = databases or {
            name: f"sqlite+aiosqlite:///{folder}/{name}.db" for name in ("intake", "reporting")
        }
        self._node = self._prepare_broker()
        self.parts: dict[str, Part] = {"broker": Part("broker", self._node.child, self.port_base + 4)}
        self.add("intake", "intake", self.port_base + 1)
        self.add("reporting", "reporting", self.port_base + 3)
        for number, name in enumerate(WORKERS):
            self.add(name, "processing", self.port_base + 6 + number, {"INSTANCE": "first"} if number == 0 else {})
        self._task: asyncio.Task[None] | None = None

    def add(self, name: str, service: str, port: int, settings: Mapping[str, str] | None = None) -> Part:
        """One more part; it is not started yet."""
        own = {"API_KEY": KEY, "KAFKA_BOOTSTRAP": self.bootstrap, "PORT": str(port), **(settings or {})}
        if service == "processing":
            own |= {"SESSION_TIMEOUT_SECONDS": str(self.session_seconds), "ALERT_GRACE_SECONDS": "1"}
        else:
            own["DATABASE_URL"] = self._databases[service]
        if service == "reporting":
            own["INTAKE_URL"] = f"http://127.0.0.1:{self.port_base + 1}"
        environment = {f"MOTCUA_{service.upper()}_{key}": value for key, value in own.items()}
        child = Child(name, [sys.executable, "-m", f"services.{service}"], self.folder / f"{name}.log", environment)
        self.parts[name] = Part(name, child, port)
        return self.parts[name]

    def add_intake2(self) -> Part:
        """A second intake on the same log; it is started with the others."""
        return self.add("intake2", "intake", self.port_base + SPARE)

    def add_reporting2(self) -> Part:
        """A second reporting on the same read model."""
        return self.add("reporting2", "reporting", self.port_base + SPARE + 1)

    @property
    def doors(self) -> list[Part]:
        """The intakes and reportings."""
        return [part for name, part in self.parts.items() if name.startswith(("intake", "reporting"))]

    @property
    def intake(self) -> Part:
        return self.parts["intake"]

    @property
    def reporting(self) -> Part:
        return self.parts["reporting"]

    @property
    def broker(self) -> Part:
        return self.parts["broker"]

    @property
    def running_workers(self) -> list[Part]:
        return [part for name, part in self.parts.items() if name in WORKERS and part.is_running]

    @property
    def ended(self) -> dict[str, list[int | None]]:
        """Who ended by itself, and with which exit codes."""
        return {name: list(part.ended) for name, part in self.parts.items() if part.ended}

    def forgive(self) -> None:
        """Forget who ended by itself."""
        for part in self.parts.values():
            part.ended.clear()

    async def start(self) -> None:
        """Broker, services and one worker, ready."""
        self._task = asyncio.create_task(self._look_after_all())
        self.broker.start()
        await self.serves()
        await self.rest()

    async def rest(self) -> None:
        """Everything awake and running that should: one intake, one worker at least, one reporting."""
        for part in self.parts.values():
            part.wake()
        for part in (self.broker, *self.doors, *([] if self.running_workers else [self.parts["worker1"]])):
            part.start()
        await self.serves()
        for part in (*self.doors, *self.running_workers):
            await self.ready(part)

    async def serves(self) -> None:
        """Wait until the broker answers."""
        await self._node.wait_until_serving()

    async def ready(self, part: Part, within: float = READY_WITHIN_S) -> None:
        """Wait until a service says that it is ready."""
        async with httpx.AsyncClient(timeout=2, trust_env=False, verify=False, headers=HEADERS) as client:

            async def says_so() -> bool:
                with contextlib.suppress(httpx.TransportError):
                    return (await client.get(f"{part.url}/healthz/ready")).is_success
                return False

            await wait_until_async(
                says_so,
                within,
                f"{part.name} is ready; ended before with {part.ended}; its log ends:\n{part.child.tail()}",
            )

    async def wipe_broker(self) -> None:
        """Another, empty broker in the place of the old one."""
        self.broker.kill(restart=False)
        shutil.rmtree(self._node.config.log_dir)
        self._node = await asyncio.to_thread(self._prepare_broker)
        self.broker.child = self._node.child
        self.broker.start()
        await self.serves()

    def wipe_reporting(self) -> None:
        """Reporting's database gone; reporting comes back."""
        self.reporting.kill(restart=False)
        for path in self.folder.glob("reporting.db*"):
            path.unlink()
        self.reporting.start()

    def copy_log(self, folder: Path) -> None:
        """A copy of intake's database, which nobody has open now."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for path in self.folder.glob("intake.db*"):
            shutil.copy(path, folder)

    def put_log_back(self, folder: Path) -> None:
        """Intake's database as it was when it was copied."""
        for path in self.folder.glob("intake.db*"):
            path.unlink()
        for path in folder.iterdir():
            shutil.copy(path, self.folder)

    async def motcua(self, command: str, *arguments: str) -> tuple[int | None, str]:
        """`motcua COMMAND` on this stack: its exit code and what it said."""
        whole = (str(MOTCUA), command, "--intake", self.intake.url, "--key", KEY, *arguments)
        process = await asyncio.create_subprocess_exec(
            *whole, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output, _ = await asyncio.wait_for(process.communicate(), COMMAND_WITHIN_S)
        return process.returncode, output.decode()

    def _prepare_broker(self) -> Node:
        config = NodeConfig(self.folder / "kafka", self.port_base + 4, self.port_base + 5)
        return prepare(config, self.folder / "broker.log")

    async def _look_after_all(self) -> None:
        while True:
            for part in list(self.parts.values()):
                part.look_after()
            await asyncio.sleep(LOOK_S)

    async def close(self) -> None:
        """Everything ended, at once."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for part in sorted(self.parts.values(), key=lambda part: part.name == "broker"):
            part.kill(restart=False)


@contextlib.asynccontextmanager
async def started(rig: Rig) -> AsyncIterator[Rig]:
    """A rig that runs, and is gone at the end."""
    try:
        await rig.start()
        yield rig
    finally:
        await rig.close()
