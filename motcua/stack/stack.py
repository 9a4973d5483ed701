"""The local stack: broker and services started in order, kept running in the foreground, stopped in order."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Self

import msgspec

from motcua.client import RunningStack
from motcua.failure import Failure
from motcua.files import writing
from motcua.stack.broker import NodeConfig, prepare
from motcua.stack.child import Child
from motcua.stack.data_folder import (
    HOST,
    SERVICES,
    StackLayout,
    claim_ports,
    keep_key,
    keep_master_key,
    lock_folder,
    make_access_folder,
    make_private,
)
from motcua.stack.failures import BrokerDidNotStart
from motcua.stack.supervision import Interrupted, Readiness, Say, Supervisor, first_of, last_words
from shared.service.secret_files import UnusableSettings
from shared.service.settings import ServiceSettings, settings_of

PROGRAM = Path(__file__).parents[2]
GIVEN_MASTER_KEYS = {"MOTCUA_INTAKE_APPLICANTS_KEY", "MOTCUA_INTAKE_APPLICANTS_KEY_FILE"}
STOP_WITHIN_S = ({"intake": 45.0}, {"processing": 35.0, "reporting": 35.0}, {"broker": 20.0})


def say_on_stderr(line: str) -> None:
    """Everything but the ready line goes to stderr."""
    print(line, file=sys.stderr, flush=True)


class Stack:
    """One stack on one data folder; start it from the main thread, for its children die with the thread."""

    def __init__(
        self,
        data_dir: Path,
        port_base: int = 8000,
        clock: str = "system",
        year: int | None = None,
        *,
        restart: bool = True,
        say: Say = say_on_stderr,
    ) -> None:
        self.layout = StackLayout(data_dir.expanduser().absolute(), port_base)
        self.hurry = asyncio.Event()
        self.say = say
        self._clock, self._year = clock, year
        self._bootstrap = os.environ.get("MOTCUA_KAFKA_BOOTSTRAP")
        self._restart = restart
        self._supervisor = Supervisor(say, restart=restart)
        self._held = ExitStack()
        self._running: RunningStack | None = None
        self._following: asyncio.Task[None] | None = None

    @property
    def running(self) -> RunningStack:
        """Where it is reached; known once it has started."""
        if self._running is None:
            raise RuntimeError("the stack has not started")
        return self._running

    @property
    def children(self) -> dict[str, Child]:
        """The running parts by name, for those who measure or kill them."""
        return self._supervisor.children

    async def start(self) -> None:
        """Start everything; returns when all three services are ready, however long that takes."""
        layout = self.layout
        self._held.enter_context(lock_folder(layout.lock_file))
        make_private(layout.data_dir)
        await claim_ports(layout.ports | ({} if self._bootstrap else layout.broker_ports))
        key = keep_key(layout.key_file)
        if not GIVEN_MASTER_KEYS & os.environ.keys():
            keep_master_key(layout.applicants_key_file)
        port, controller_port = layout.broker_ports.values()
        broker = NodeConfig(layout.broker_dir, port, controller_port)
        bootstrap = self._bootstrap or broker.bootstrap
        services = service_children(layout, key=key, bootstrap=bootstrap, clock=self._clock, year=self._year)
        if self._bootstrap is None:
            await self._start_broker(broker)
        self.say("starting intake, processing and reporting")
        for service in services:
            self._supervisor.add(service)
            self._supervisor.watch(service)
        readiness = Readiness(layout.urls, self.children, self.say)
        self._following = asyncio.create_task(readiness.follow())
        await self._supervisor.or_failure(readiness.all_ready.wait())
        self._running = RunningStack(os.getpid(), **layout.urls, broker=bootstrap, key=key)
        self._held.callback(layout.stack_file.unlink, missing_ok=True)
        with writing(layout.stack_file, private=True) as file:
            file.write(msgspec.json.encode(self._running))

    async def failure(self) -> None:
        """Wait, for ever if all goes well; raises when a part keeps dying."""
        await self._supervisor.failure()

    async def stop(self) -> None:
        """Intake first (it relays what it logged), then both that read, then the broker; `hurry` kills what is left."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        await self._supervisor.stop(STOP_WITHIN_S, self.hurry)
        self._held.close()

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _start_broker(self, config: NodeConfig) -> None:
        self.say("starting Apache Kafka (the first start fetches it)")
        ready = partial(prepare, config, self.layout.log("broker"))
        node = await asyncio.to_thread(ready)
        self._supervisor.add(node.child)
        try:
            await node.wait_until_serving()
        except BrokerDidNotStart as failure:
            if not self._restart:
                raise
            self.say(
                f"{str(failure).splitlines()[0]}; going on without it, it is started again. {last_words(node.child)}"
            )
        self._supervisor.watch(node.child, ready)


def service_children(layout: StackLayout, *, key: str, bootstrap: str, clock: str, year: int | None) -> list[Child]:
    """The services, ready to be started. A Failure names the variables that a service could not use."""
    make_access_folder(layout.access_dir)  # services do not start without
    common = {"API_KEY": key, "ACCESS_DIR": str(layout.access_dir), "KAFKA_BOOTSTRAP": bootstrap, "CLOCK": clock}
    own: dict[str, dict[str, str]] = {
        "intake": {"DATABASE_URL": layout.database_url("intake"), **_applicants(layout)},
        "processing": {"INSTANCE": "local"},
        "reporting": {"DATABASE_URL": layout.database_url("reporting"), "INTAKE_URL": layout.urls["intake"]}
        | ({"YEAR": str(year)} if year else {}),
    }
    return [_service_child(layout, service, common | own[service]) for service in SERVICES]


def _applicants(layout: StackLayout) -> dict[str, str]:
    """The stack's own master key and file of erasures, unless the environment names others."""
    settings = {"ERASURES_FILE": os.environ.get("MOTCUA_INTAKE_ERASURES_FILE", str(layout.erasures_file))}
    if not GIVEN_MASTER_KEYS & os.environ.keys() and layout.applicants_key_file.exists():
        settings["APPLICANTS_KEY_FILE"] = str(layout.applicants_key_file)
    return settings


def _service_child(layout: StackLayout, service: str, settings: dict[str, str]) -> Child:
    settings |= {"HOST": HOST, "PORT": str(layout.ports[service])}
    try:
        settings_of(settings_class(service), **{name.lower(): value for name, value in settings.items()})
    except UnusableSettings as wrong:
        raise Failure(f"{service} cannot start like this: {wrong}") from wrong
    environment = {f"MOTCUA_{service.upper()}_{name}": value for name, value in settings.items()}
    for name in ("CATALOGUE", "APPLICANTS_KEY_FILE", "ERASURES_FILE"):
        if (path := os.environ.get(f"MOTCUA_{service.upper()}_{name}")) is not None:  # as it was meant where we started
            environment[f"MOTCUA_{service.upper()}_{name}"] = str(Path(path).absolute())
    path = os.pathsep.join(
        filter(None, (str(PROGRAM), os.environ.get("PYTHONPATH")))
    )  # found from whatever folder it runs in
    command = [sys.executable, "-m", f"services.{service}"]
    return Child(service, command, layout.log(service), environment | {"PYTHONPATH": path}, layout.run_dir(service))


def settings_class(service: str) -> type[ServiceSettings]:
    """The class that a service reads its environment with."""
    members = vars(import_module(f"services.{service}.settings")).values()
    (found,) = [
        member
        for member in members
        if isinstance(member, type) and issubclass(member, ServiceSettings) and member.model_config.get("env_prefix")
    ]
    return found


def run_in_foreground(make_stack: Callable[[], Stack], when_ready: Callable[[Stack], Awaitable[None]]) -> int:
    """Start, work, stay until SIGINT or SIGTERM, stop; 0, or 1 when a part keeps dying or the stack cannot start."""

    async def start_and_stay(stack: Stack) -> None:
        await stack.start()
        await first_of(work_and_stay(stack), stack.failure())

    async def work_and_stay(stack: Stack) -> None:
        await when_ready(stack)
        await asyncio.Event().wait()

    async def foreground() -> int:
        stack, stop = make_stack(), asyncio.Event()

        def on_signal() -> None:
            if stop.is_set():
                stack.hurry.set()
            stop.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, on_signal)
        try:
            await first_of(start_and_stay(stack), stop.wait())
        except Interrupted:
            stack.say("stopping (once more to hurry)")
        except Failure as failure:
            stack.say(f"motcua: {failure}")
            return failure.exit_code
        finally:
            await stack.stop()
        return 0

    return asyncio.run(foreground())
