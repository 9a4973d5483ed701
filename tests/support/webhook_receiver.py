"""A webhook's other end on loopback: it keeps what it was sent, and answers, or does not, as the test says."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import cast

Headers = dict[str, str]


@dataclass
class Receiver:
    """`answer` gets the number of the request, from 1; it gives a status, or None to hang up without one."""

    answer: Callable[[int], int | None] = lambda _number: 204
    taken: list[tuple[Headers, bytes]] = field(default_factory=list)
    url: str = ""
    released: Event = field(default_factory=Event)

    @property
    def ids(self) -> list[str]:
        """The id of each request, in the order in which they came."""
        return [headers["webhook-id"] for headers, _ in self.taken]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        receiver = cast("_Server", self.server).receiver
        body = self.rfile.read(int(self.headers["Content-Length"]))
        receiver.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
        status = receiver.answer(len(receiver.taken))
        if status is None:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: the test looks at what was taken."""


class _Server(ThreadingHTTPServer):
    receiver: Receiver
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Who was kept waiting has gone."""


@contextmanager
def webhook_receiver(answer: Callable[[int], int | None] = lambda _number: 204) -> Iterator[Receiver]:
    """A receiver that listens; what waits for `released` is let go at the end."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.receiver = receiver = Receiver(answer, url=f"http://127.0.0.1:{server.server_port}/hook")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
