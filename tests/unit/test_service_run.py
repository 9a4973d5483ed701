"""The kit of a service: tries are spaced out, waiting ends with its event,
and a part that breaks ends the whole run."""

import asyncio
import contextlib
from typing import Any, cast

import pytest

from shared.service.pacing import Backoff, wait_until
from shared.service.run import ENDED_BY_BUG, NOT_STARTED, Server, ServiceRun, cancelled


class StandIn:
    """A server that serves nothing until it is told to end."""

    def __init__(self, *, started: bool = True) -> None:
        self.started = started
        self._ended = asyncio.Event()

    @property
    def should_exit(self) -> bool:
        return self._ended.is_set()

    @should_exit.setter
    def should_exit(self, value: bool) -> None:
        if value:
            self._ended.set()

    async def serve(self) -> None:
        await self._ended.wait()


def serving(run: ServiceRun, server: StandIn) -> "asyncio.Task[int]":
    return asyncio.create_task(run.serve(cast("Server", server)))


def test_each_pause_is_twice_the_one_before_until_the_longest_and_a_success_begins_anew() -> None:
    backoff = Backoff(0.1, 0.5)
    assert [backoff.next_s() for _ in range(5)] == [0.1, 0.2, 0.4, 0.5, 0.5]
    backoff.reset()
    assert backoff.next_s() == 0.1


async def test_waiting_ends_with_the_event_or_with_the_time() -> None:
    event = asyncio.Event()
    await wait_until(event, 0.001)
    assert not event.is_set()
    asyncio.get_running_loop().call_later(0.001, event.set)
    async with asyncio.timeout(10):
        await wait_until(event, 60)


async def test_a_part_that_breaks_ends_the_server_and_the_other_parts() -> None:
    run, ended = ServiceRun(), list[str]()

    async def breaks() -> None:
        raise ZeroDivisionError

    async def lasts() -> None:
        await run.stopping.wait()
        ended.append("the other part")

    run.start("lasts", lasts())
    run.start("breaks", breaks())
    async with asyncio.timeout(10):
        assert await serving(run, StandIn()) == ENDED_BY_BUG
    assert ended == ["the other part"]


@pytest.mark.parametrize(("started", "code"), [(True, 0), (False, NOT_STARTED)])
async def test_a_run_that_is_stopped_ends_well_if_it_had_begun(*, started: bool, code: int) -> None:
    run = ServiceRun()
    running = serving(run, StandIn(started=started))
    run.stop()
    async with asyncio.timeout(10):
        assert await running == code


async def test_a_part_that_is_cancelled_has_not_failed() -> None:
    run = ServiceRun()
    part: asyncio.Task[Any] = run.start("moving", asyncio.sleep(60))
    running = serving(run, StandIn())
    part.cancel()
    await asyncio.sleep(0)
    assert not run.stopping.is_set()
    run.stop()
    assert await running == 0


async def test_a_task_that_loses_a_cancellation_is_asked_again() -> None:
    begun = asyncio.Event()

    async def deaf_once() -> None:
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    task = asyncio.create_task(deaf_once())
    await begun.wait()
    async with asyncio.timeout(30):
        await cancelled([task], ask_again_after_s=0.01)
    assert task.cancelled()
