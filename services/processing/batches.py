"""Taking what a Faust stream has in batches, acknowledged only once a whole batch is done.

Faust's own `take` acknowledges a batch even when its body failed, and pays a task and three loop turns for each event.
"""

import asyncio
from typing import Any

from faust.types import EventT, StreamT


class Batches:
    """Batches of events of one stream, in order per partition; events of an earlier assignment are dropped (they come again)."""

    def __init__(self, stream: StreamT[bytes], *, max_events: int, linger_seconds: float) -> None:
        self._stream = stream
        self._app = stream.app
        self._queue: Any = stream.channel.queue  # type: ignore[attr-defined]  # an agent's channel has one
        self._max_events = max_events
        self._linger = linger_seconds

    async def take(self) -> list[EventT[bytes]] | None:
        """The next events (none, when all came from an earlier assignment); None when the stream has stopped."""
        try:
            events = [await self._queue.get()]
            if self._linger and self._queue.qsize() < self._max_events:
                await asyncio.sleep(self._linger)
            while len(events) < self._max_events and not self._queue.empty():
                events.append(self._queue.get_nowait())
        except StopAsyncIteration:  # how Faust stops an agent's queue
            return None
        return self._tracked(events)

    def _tracked(self, events: list[EventT[bytes]]) -> list[EventT[bytes]]:
        generation = self._app.consumer_generation_id
        taken = []
        for event in events:
            message = event.message
            if message.generation_id != generation or not self._app.flow_control.is_active():
                continue
            if not message.tracked:
                message.tracked = True
                self._app.consumer.track_message(message)
            taken.append(event)
        return taken

    @staticmethod
    def acknowledge(batch: list[EventT[bytes]]) -> None:
        """The batch is done: its offsets may be committed."""
        for event in batch:
            event.ack()
