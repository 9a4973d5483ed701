"""Two instances of intake are restarted one after the other under load: no request fails, and each event is there once.

The load does what a proxy does: it connects anew for each request, and goes to the other instance where nobody listens.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx
import pytest

from tests.support.ports import free_port_base
from tests.support.service import HEADERS, Service, service
from tests.support.wait import wait_until

CLERKS = 2
NEW = {"department": "H59.15", "procedure": "2.000635", "channel": "postal", "received_at": "2023-12-08T08:31:00+07:00"}


@dataclass(slots=True)
class Counter:
    """Clerks that post one dossier after the other, and what became of each."""

    urls: list[str]
    codes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def work(self, clerk: int) -> None:
        limits = httpx.Limits(max_keepalive_connections=0)
        with httpx.Client(headers=HEADERS, timeout=30, limits=limits, verify=False) as client:
            for number in count(clerk):
                if self.ended.is_set():
                    return
                self._post(client, self.urls[number % 2 :] + self.urls[: number % 2])

    def go_on(self) -> None:
        """Wait until some more dossiers are received."""
        before = len(self.codes)
        wait_until(lambda: len(self.codes) > before + 10, 60, "dossiers are received")

    def _post(self, client: httpx.Client, urls: list[str]) -> None:
        for url in urls:
            try:
                answer = client.post(f"{url}/v1/dossiers", json=NEW)
            except httpx.ConnectError:
                continue  # nobody listens: nothing was sent
            except httpx.HTTPError as broken:
                self.failures.append(repr(broken))
                return
            if answer.status_code == httpx.codes.CREATED:
                self.codes.append(answer.json()["code"])
            else:
                self.failures.append(answer.text)
            return
        self.failures.append("no instance listens")


@contextmanager
def working(counter: Counter) -> Iterator[None]:
    clerks = [threading.Thread(target=counter.work, args=(clerk,)) for clerk in range(CLERKS)]
    for clerk in clerks:
        clerk.start()
    try:
        yield
    finally:
        counter.ended.set()
        for clerk in clerks:
            clerk.join()


@pytest.mark.long
@pytest.mark.postgres
def test_a_rolling_restart_fails_no_request_and_loses_no_event(tmp_path: Path, postgres_url: str) -> None:
    settings = {"DATABASE_URL": postgres_url, "KAFKA_BOOTSTRAP": "127.0.0.1:1", "DRAIN_SECONDS": "0"}
    with ExitStack() as running:
        instances: list[Service] = [
            running.enter_context(service("intake", free_port_base(1), settings, tmp_path / f"intake-{number}.log"))
            for number in range(2)
        ]
        counter = Counter([instance.url for instance in instances])
        with working(counter):
            for instance in instances:
                counter.go_on()
                assert instance.stop() == 0
                instance.start()
            counter.go_on()
        assert counter.failures == []
        head = httpx.get(f"{instances[0].url}/v1/log/head", headers=HEADERS).json()
    assert len(set(counter.codes)) == len(counter.codes) == head["events"]
