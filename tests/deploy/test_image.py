"""The images: pinned, hashed, not root, nothing for hadolint to find, and a health check that tells ready from not."""

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.compose.images import named_images
from tests.deploy.deployment import DEPLOY, ROOT, SERVICES, run

DOCKERFILE = (DEPLOY / "docker" / "Dockerfile").read_text(encoding="utf-8")
READY = DEPLOY / "docker" / "ready.py"


@contextmanager
def answering(status: int) -> Iterator[tuple[int, list[str]]]:
    """A server on a free port that answers every GET with the status, and the paths it was asked for."""
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port, requests
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (404, 1)])
def test_the_health_check_tells_ready_from_not_ready(status: int, code: int) -> None:
    with answering(status) as (port, requests):
        answer = run(sys.executable, "-I", READY, str(port))
    assert requests == ["/healthz/ready"]
    assert answer.returncode == code
    assert str(status) in answer.stdout


def test_the_health_check_fails_where_nobody_listens() -> None:
    with answering(200) as (port, _):
        pass
    answer = run(sys.executable, "-I", READY, str(port))
    assert answer.returncode == 1
    assert f"no answer on port {port}" in answer.stdout


def test_every_service_has_a_target_that_starts_it() -> None:
    targets = set(re.findall(r"^FROM \S+ AS (\w+)$", DOCKERFILE, re.MULTILINE))
    assert set(SERVICES) <= targets
    for service in SERVICES:
        assert f'ENTRYPOINT ["python", "-m", "services.{service}"]' in DOCKERFILE


def test_the_runtime_is_not_root_and_no_target_turns_back() -> None:
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["10001:10001"]
    assert DOCKERFILE.index("USER 10001") < DOCKERFILE.index(" AS intake")


@pytest.mark.parametrize("path", ["deploy/docker/Dockerfile", "tests/compose/stand_ins/Dockerfile"])
def test_hadolint_finds_nothing(path: str) -> None:
    answer = run(Path(sys.executable).with_name("hadolint"), ROOT / path)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_image_that_ours_are_built_on_is_pinned_and_the_same_in_compose() -> None:
    [default] = re.findall(r"^ARG PYTHON_IMAGE=(\S+)$", DOCKERFILE, re.MULTILINE)
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim-\w+", default)
    assert named_images()["python"] == default


def test_libraries_are_installed_by_hash_and_no_frontend_is_fetched() -> None:
    assert "--require-hashes" in DOCKERFILE
    assert not re.search(r"^#\s*syntax=", DOCKERFILE, re.MULTILINE)


def test_what_is_copied_exists_and_is_let_through() -> None:
    allowed = {
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")
    }
    for sources in re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE, re.MULTILINE):
        for source in sources.split():
            assert (ROOT / source).exists(), source
            assert source in allowed, source
