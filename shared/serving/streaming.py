"""Answers of any length, line by line: never more of them in memory than a reader takes, and closed when the reader leaves."""

from collections.abc import AsyncGenerator

from anyio import CancelScope
from starlette.responses import StreamingResponse
from starlette.types import Send


class Ndjson(StreamingResponse):
    """Lines of JSON as a generator makes them. Starlette stops asking when the reader has gone, but leaves the generator open."""

    media_type = "application/x-ndjson"

    def __init__(self, parts: AsyncGenerator[bytes], status_code: int = 200) -> None:
        super().__init__(parts, status_code)
        self._parts = parts

    async def stream_response(self, send: Send) -> None:
        try:
            first = await anext(self._parts, b"")  # before the status goes out: what keeps it from being made is an answer of its own
            self.body_iterator = self._from(first)
            await super().stream_response(send)
        finally:
            with CancelScope(shield=True):
                await self._parts.aclose()

    async def _from(self, first: bytes) -> AsyncGenerator[bytes]:
        yield first
        async for part in self._parts:
            yield part
