"""The application of a service: errors as problem details, HEAD wherever GET is, and headers that keep answers to whom they were given."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import problems

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def new_application(*, title: str, version: str, description: str, lifespan: Lifespan | None = None, **more: Any) -> FastAPI:
    """An application without routes. A slash too many is 404: a redirect would send the key along, to whatever `Host` said."""
    application = FastAPIOffline(title=title, version=version, description=description, lifespan=lifespan, redirect_slashes=False, **more)
    problems.install(application)
    application.add_middleware(Answering)
    return application


class Answering:
    """ASGI middleware: HEAD is answered as GET without the content; nobody keeps, frames or guesses at an answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        head_only = scope["method"] == "HEAD"
        private = scope["path"].startswith("/v1/")
        answered = False

        async def answer(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("x-content-type-options", "nosniff")
                headers.setdefault("content-security-policy", "frame-ancestors 'none'")
                if private:
                    headers.setdefault("cache-control", "no-store")
                await send(message)
                if head_only:
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
                    answered = True
            elif not answered:
                await send(message)
            if message.get("more_body"):
                await asyncio.sleep(0)  # let the others have the loop; and only so a stream hears that its reader has gone

        async def hear() -> Message:
            return {"type": "http.disconnect"} if answered else await receive()

        await self._app(dict(scope, method="GET") if head_only else scope, hear if head_only else receive, answer)
