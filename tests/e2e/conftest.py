"""What the end-to-end tests share: running the command line as a person does, and asking reporting."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.stack import MOTCUA, RunningStack
from tests.support.wait import wait_until

VISIBLE_WITHIN_S = 120.0


class StackClient:
    """A stack, and the questions that these tests ask of it."""

    def __init__(self, stack: RunningStack) -> None:
        self.stack = stack

    def motcua(self, *arguments: str | Path, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """`motcua ...` with this stack's addresses and key."""
        return subprocess.run(
            [MOTCUA, *arguments], env=self.environment, capture_output=True, text=True, timeout=timeout, check=False
        )

    @contextmanager
    def running(self, *arguments: str | Path) -> Iterator["subprocess.Popen[str]"]:
        """The same, not waited for; ended at the end, whatever the test did not see of it."""
        with subprocess.Popen(
            [MOTCUA, *arguments], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    @property
    def environment(self) -> dict[str, str]:
        stack = self.stack
        urls = {f"MOTCUA_{name.upper()}_URL": getattr(stack, name) for name in ("intake", "processing", "reporting")}
        return {**os.environ, **urls, "MOTCUA_API_KEY": stack.key}

    def post(self, path: str, **arguments: Any) -> httpx.Response:
        return self._request("POST", f"{self.stack.intake}{path}", **arguments)

    def figures(self, first: str, last: str, **parameters: str) -> dict[str, Any]:
        answer = self._request(
            "GET", f"{self.stack.reporting}/v1/figures", params={"from": first, "to": last, **parameters}
        )
        assert answer.status_code == httpx.codes.OK, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def events_logged(self) -> int:
        head = self._request("GET", f"{self.stack.intake}/v1/log/head")
        return int(head.raise_for_status().json()["events"])

    def events_counted(self) -> int:
        """How many events the dossiers that reporting holds have seen."""
        lines = self._request("GET", f"{self.stack.reporting}/v1/dossiers").raise_for_status().text
        return sum(json.loads(line)["sequence"] for line in lines.splitlines())

    def _request(self, method: str, url: str, **arguments: Any) -> httpx.Response:
        headers = self.stack.headers | arguments.pop("headers", {})
        return httpx.request(
            method, url, headers=headers, timeout=60, verify=False, **arguments
        )  # TLS takes 20 ms to set up

    def settle(self) -> None:
        """Wait until every logged event is counted, by services that may have been started again just now."""

        def all_counted() -> bool:
            try:
                return self.events_counted() == self.events_logged()
            except httpx.TransportError:
                return False

        wait_until(all_counted, VISIBLE_WITHIN_S, "every logged event is counted")


@pytest.fixture
def client(stack: RunningStack) -> StackClient:
    return StackClient(stack)


@pytest.fixture(scope="module")
def module_client(module_stack: RunningStack) -> StackClient:
    return StackClient(module_stack)
