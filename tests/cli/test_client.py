"""The services are found as named, by the environment, or by the running stack;
the local key never leaves the machine."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from motcua.client import NamedServices, ServiceClient, Services, locate
from motcua.failure import Failure
from tests.cli.recording_intake import serving
from tests.support.ports import free_port_base


def running(folder: Path, pid: int, port: int = 9001) -> Path:
    folder.mkdir(parents=True)
    urls = {
        name: f"http://127.0.0.1:{port + offset}" for offset, name in enumerate(("intake", "processing", "reporting"))
    }
    (folder / "stack.json").write_text(
        json.dumps({"pid": pid, **urls, "broker": "127.0.0.1:9004", "key": "the-key-of-the-stack"})
    )
    (folder / "key").write_text("the-key-of-the-stack\n")
    return folder


def ended_pid() -> int:
    """A process id that nobody has."""
    return 2**22 + 1


@pytest.mark.parametrize("folder", [".motcua", ".motcua/demo"])
def test_the_running_stack_is_found_in_its_folder(tmp_path: Path, folder: str) -> None:
    running(tmp_path / folder, os.getpid())
    found = locate(NamedServices(), {}, tmp_path)
    assert found == Services(
        "http://127.0.0.1:9001", "http://127.0.0.1:9002", "http://127.0.0.1:9003", "the-key-of-the-stack"
    )


def test_a_folder_named_by_the_environment_comes_first(tmp_path: Path) -> None:
    running(tmp_path / ".motcua", os.getpid())
    running(tmp_path / "elsewhere", os.getpid(), port=9101)
    assert locate(NamedServices(), {"MOTCUA_DATA_DIR": "elsewhere"}, tmp_path).intake == "http://127.0.0.1:9101"


def test_what_a_killed_stack_left_behind_counts_for_nothing_but_its_key(tmp_path: Path) -> None:
    running(tmp_path / ".motcua", ended_pid())
    found = locate(NamedServices(), {}, tmp_path)
    assert (found.intake, found.key) == ("http://127.0.0.1:8001", "the-key-of-the-stack")


def test_options_go_before_the_environment_and_that_before_the_stack(tmp_path: Path) -> None:
    running(tmp_path / ".motcua", os.getpid())
    environ = {
        "MOTCUA_INTAKE_URL": "http://127.0.0.1:7001/",
        "MOTCUA_REPORTING_URL": "http://127.0.0.1:7003",
        "MOTCUA_API_KEY": "of-the-environment",
    }
    found = locate(NamedServices(reporting="http://localhost:6003"), environ, tmp_path)
    assert (found.intake, found.processing, found.reporting) == (
        "http://127.0.0.1:7001",
        "http://127.0.0.1:9002",
        "http://localhost:6003",
    )
    assert found.key == "of-the-environment"
    assert locate(NamedServices(key="named"), environ, tmp_path).key == "named"


def test_the_local_key_is_not_sent_to_another_machine(tmp_path: Path) -> None:
    running(tmp_path / ".motcua", os.getpid())
    with pytest.raises(Failure, match="--key"):
        locate(NamedServices(intake="https://intake.example.vn"), {}, tmp_path)


def test_nothing_to_go_by_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="motcua up"):
        locate(NamedServices(), {}, tmp_path)


@pytest.mark.parametrize("url", ["127.0.0.1:8001", "ftp://127.0.0.1", "http://"])
def test_an_address_that_is_none_says_how_to_write_it(tmp_path: Path, url: str) -> None:
    with pytest.raises(Failure, match="write it like"):
        locate(NamedServices(intake=url, key="k"), {}, tmp_path)


class Answers:
    """Answers every call with one status and body."""

    def __init__(self, status: int, body: Any) -> None:
        self.status = status
        self.body = json.dumps(body).encode()

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": self.status,
                "headers": [(b"content-length", str(len(self.body)).encode())],
            }
        )
        await send({"type": "http.response.body", "body": self.body})


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, {}, "--key or MOTCUA_API_KEY"),
        (422, {"detail": "by: 'moon' is not known"}, "reporting answered 422: by: 'moon' is not known"),
        (503, [], "reporting answered 503: Service Unavailable"),
    ],
)
def test_an_error_answer_is_told_as_a_sentence(status: int, body: Any, said: str) -> None:
    with (
        serving(Answers(status, body)) as url,
        ServiceClient("reporting", url, "key") as client,
        pytest.raises(Failure, match=said),
    ):
        client.get("/")


def test_nobody_listening_is_told_as_a_sentence() -> None:
    url = f"http://127.0.0.1:{free_port_base(1)}"
    with ServiceClient("reporting", url, "key") as client, pytest.raises(Failure, match="nothing answers at"):
        client.get("/")
