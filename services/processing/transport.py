"""Faust's Kafka transport with two changes: short fetch waits, and no four tasks for each record.

Both touch what Faust does not promise to keep, so its version is pinned, the second is a setting, and the kill tests run through it.
"""

import functools
import types
from collections.abc import Coroutine, Generator
from typing import Any

import aiokafka
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from mode.services import WaitResults

FETCH_MAX_WAIT_MS = 20


class PromptConsumerThread(AIOKafkaConsumerThread):
    """Faust lets a fetch wait 1.5 s, during which a partition that was just drained is not asked again."""

    def _create_worker_consumer(self, transport: Transport) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_MAX_WAIT_MS  # noqa: SLF001 - no setting reaches it
        return consumer


class PromptConsumer(Consumer):
    """Reads soon after a record is there."""

    def _new_consumer_thread(self) -> PromptConsumerThread:
        return PromptConsumerThread(self, loop=self.loop, beacon=self.beacon)


class FastConsumer(PromptConsumer):
    """Delivers a record without making tasks when nothing blocks, which is nearly always."""

    async def wait_first(self, *coros: Any, timeout: Any = None) -> WaitResults:  # noqa: ASYNC109 - mode's own signature
        """As mode's, but a first coroutine that ends without waiting is simply run to its end."""
        first, *others = coros
        if not others or timeout is not None or not isinstance(first, Coroutine):
            return await super().wait_first(*coros, timeout=timeout)
        try:
            waits_for = first.send(None)
        except StopIteration as ended:
            for other in others:
                if isinstance(other, Coroutine):
                    other.close()
            return WaitResults([first], [ended.value], False)
        return await super().wait_first(_rest(first, waits_for), *others)


async def _rest(started: Coroutine[Any, Any, Any], waits_for: Any) -> Any:
    return await _resume(started, waits_for)


@types.coroutine
def _resume(started: Coroutine[Any, Any, Any], waits_for: Any) -> Generator[Any, Any, Any]:
    while True:
        try:
            sent = yield waits_for
        except BaseException as error:  # noqa: BLE001 - handed on into the coroutine, as `yield from` would
            advance = functools.partial(started.throw, error)
        else:
            advance = functools.partial(started.send, sent)
        try:
            waits_for = advance()
        except StopIteration as stop:
            return stop.value


class PromptTransport(Transport):
    Consumer = PromptConsumer


class FastTransport(Transport):
    Consumer = FastConsumer
