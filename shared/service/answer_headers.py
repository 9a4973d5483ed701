"""What every answer carries, whatever it is about."""

import asyncio

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

A_YEAR_S = 365 * 24 * 3600
POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
UNASKED = ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "serial", "usb")
EVERY_ANSWER = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in UNASKED),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""An answer of its own kind, such as a page, brings its own policy."""
OVER_HTTPS = {"Strict-Transport-Security": f"max-age={A_YEAR_S}"}
PRIVATE = {"Cache-Control": "no-store"}


class AnswerHeaders:
    """ASGI middleware: HEAD is answered as GET without the content; nobody keeps, frames or guesses at an answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        head_only = scope["method"] == "HEAD"
        carried = EVERY_ANSWER | (OVER_HTTPS if scope["scheme"] == "https" else {})
        if scope["path"].startswith("/v1/"):
            carried |= PRIVATE
        answered = False

        async def answer(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in carried.items():
                    headers.setdefault(name, value)
                await send(message)
                if head_only:
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
                    answered = True
            elif not answered:
                await send(message)
            if message.get("more_body"):
                await asyncio.sleep(
                    0
                )  # let the others have the loop; and only so a stream hears that its reader has gone

        async def hear() -> Message:
            return {"type": "http.disconnect"} if answered else await receive()

        await self._app(dict(scope, method="GET") if head_only else scope, hear if head_only else receive, answer)
