"""The local stack: broker and services started in order, kept running, stopped in order."""

import asyncio
import json
import os
import sys
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from motcua.broker import BrokerDidNotStart, NodeConfig, prepare
from motcua.child import Child
from motcua.stack.claims import claim_ports, keep_key, lock_folder, make_private, write_private
from motcua.stack.crew import Crew
from motcua.stack.layout import Layout
from motcua.stack.readiness import Readiness
from motcua.stack.services import service_children
from motcua.stack.supervision import Say, last_words

STOP_WITHIN_S = ({"intake": 45.0}, {"processing": 35.0, "reporting": 35.0}, {"broker": 20.0})


def say_on_stderr(line: str) -> None:
    """Everything but the ready line goes to stderr."""
    print(line, file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a running stack is reached, and with which key."""

    intake: str
    processing: str
    reporting: str
    broker: str
    key: str

    @property
    def ready_line(self) -> str:
        """What `motcua up` prints when all is ready."""
        return "ready " + " ".join(f"{name}={value}" for name, value in asdict(self).items())


class Stack:
    """One stack on one data folder; start it from the main thread, for its children die with the thread that started them."""

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
        self.layout = Layout(data_dir.expanduser().absolute(), port_base)
        self.hurry = asyncio.Event()
        self.say = say
        self._clock, self._year = clock, year
        self._bootstrap = os.environ.get("MOTCUA_KAFKA_BOOTSTRAP")
        self._restart = restart
        self._crew = Crew(say, restart=restart)
        self._held = ExitStack()
        self._endpoints: Endpoints | None = None
        self._following: asyncio.Task[None] | None = None

    @property
    def endpoints(self) -> Endpoints:
        """Where it is reached; known once it has started."""
        if self._endpoints is None:
            message = "the stack has not started"
            raise RuntimeError(message)
        return self._endpoints

    @property
    def children(self) -> dict[str, Child]:
        """The running parts by name, for those who measure or kill them."""
        return self._crew.children

    async def start(self) -> Endpoints:
        """Start everything; returns when all three services are ready, however long that takes."""
        layout = self.layout
        self._held.enter_context(lock_folder(layout.lock_file))
        make_private(layout.data_dir)
        await claim_ports(layout.ports | ({} if self._bootstrap else layout.broker_ports))
        key = keep_key(layout.key_file)
        port, controller_port = layout.broker_ports.values()
        broker = NodeConfig(layout.broker_dir, port, controller_port)
        bootstrap = self._bootstrap or broker.bootstrap
        children = service_children(layout, key=key, bootstrap=bootstrap, clock=self._clock, year=self._year)
        if self._bootstrap is None:
            await self._start_broker(broker)
        self.say("starting intake, processing and reporting")
        for child in children:
            self._crew.add(child)
            self._crew.watch(child)
        readiness = Readiness(layout.urls, self._crew.children, self.say)
        self._following = asyncio.create_task(readiness.follow())
        await self._crew.or_failure(readiness.all_ready.wait())
        self._endpoints = Endpoints(**layout.urls, broker=bootstrap, key=key)
        self._held.callback(layout.stack_file.unlink, missing_ok=True)
        write_private(layout.stack_file, json.dumps({"pid": os.getpid(), **asdict(self._endpoints)}))
        return self._endpoints

    async def failure(self) -> None:
        """Wait, for ever if all goes well; raises when a part keeps dying."""
        await self._crew.failure()

    async def stop(self) -> None:
        """Intake first (it relays what it logged), then both that read, the broker last; once `hurry` is set, what is left is killed."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        await self._crew.stop(STOP_WITHIN_S, self.hurry)
        self._held.close()

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    async def _start_broker(self, config: NodeConfig) -> None:
        self.say("starting Apache Kafka (the first start fetches it)")
        ready = partial(prepare, config, self.layout.log("broker"))
        node = await asyncio.to_thread(ready)
        self._crew.add(node.child)
        try:
            await node.wait_until_serving()
        except BrokerDidNotStart as failure:
            if not self._restart:
                raise
            self.say(f"{str(failure).splitlines()[0]}; going on without it, it is started again. {last_words(node.child)}")
        self._crew.watch(node.child, ready)
