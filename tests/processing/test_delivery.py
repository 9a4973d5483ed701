"""Sessions follow each other whatever ends one."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.errors import KafkaConnectionError

from services.processing import delivery
from services.processing.delivery import Delivery
from tests.support.wait import wait_until_async


async def test_a_session_that_the_client_cancelled_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen when a broker was killed: the delivery ended without a word and the worker stood still,
    not ready, for good."""
    monkeypatch.setattr(delivery, "FIRST_PAUSE_SECONDS", 0.001)
    endings: list[BaseException] = [asyncio.CancelledError(), KafkaConnectionError(), asyncio.CancelledError()]
    begun: list[int] = []

    async def one_session() -> None:
        begun.append(len(endings))
        if endings:
            raise endings.pop()
        await asyncio.Event().wait()

    counted = SimpleNamespace(sessions_ended=SimpleNamespace(inc=lambda: None))
    bugs: list[BaseException] = []
    delivering = Delivery(cast("Any", SimpleNamespace(metrics=counted)), on_bug=bugs.append)
    monkeypatch.setattr(delivering, "_one_session", one_session)
    await delivering.on_start()
    await wait_until_async(lambda: asyncio.sleep(0, begun == [3, 2, 1, 0]), 10, "the fourth session goes on")
    assert bugs == []
    running = delivering._running
    assert running is not None
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()
