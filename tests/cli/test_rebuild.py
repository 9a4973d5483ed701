"""`motcua rebuild` over real HTTP: the log goes over in parts, a lost answer costs nothing,
and what was found decides the exit code."""

import sys
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest

from motcua import rebuild as product
from motcua.cli import main
from shared.service.problems import Problem
from tests.cli.events import code
from tests.cli.recording_intake import break_off, read_body, respond, serving

DIFFERENCE = {"code": code(3), "detail": "was missing"}
DRIFT = {
    "span": "2023-12",
    "department": None,
    "procedure": None,
    "channel": "online",
    "measure": "received",
    "definition": None,
    "off_by": 2,
}


@dataclass
class Held:
    """Intake and reporting at one address. `breaks` are what happens to the next parts:
    the answer is lost before or after it was taken. Reporting has lost `gone` of the events that it had read,
    and `refused` of the log's count nowhere; nothing has come after those."""

    log: int
    gone: int = 0
    refused: int = 0
    differences: list[dict[str, Any]] = field(default_factory=list)
    breaks: deque[str] = field(default_factory=deque)
    position: int = 0
    parts: list[tuple[int, int]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
        path, body = scope["path"], await read_body(receive)
        self.calls.append(f"{scope['method']} {path}")
        if path.endswith("/events"):
            await self._part(int(query["after"]), body, send)
        elif path == "/v1/log":
            after = int(query["after"])
            lines = [
                b'{"position":%d}' % position
                for position in range(after + 1, min(self.log, after + int(query["limit"])) + 1)
            ]
            await _answer(send, 200, b"\n".join(lines))
        elif path == "/v1/dossiers":
            await _answer(send, 200, msgspec.json.encode({"sequence": self.position - self.gone}))
        elif path == "/v1/dossiers/head":
            read = self.position - self.refused
            await respond(send, 200, {"events": read, "log_events": read})
        else:
            await respond(send, 200, self._said(path, query))

    async def _part(self, after: int, body: bytes, send: Any) -> None:
        happens = self.breaks.popleft() if self.breaks else ""
        if happens == "before":
            await break_off(send)
        if after != self.position:
            refusal = Problem(409, "Conflict", "go on elsewhere", position=self.position)
            await respond(send, 409, msgspec.to_builtins(refusal.details))
            return
        self.position += len(body.splitlines())
        self.parts.append((after, self.position))
        if happens == "after":
            await break_off(send)
        await respond(
            send,
            200,
            {
                "id": 7,
                "position": self.position,
                "events": self.position,
                "settled": False,
                "refused": self._refusals(),
            },
        )

    def _refusals(self) -> list[dict[str, Any]]:
        """All in the last part."""
        if self.position < self.log:
            return []
        return [{"position": self.log - number, "code": code(3), "detail": "no"} for number in range(self.refused)]

    def _said(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        if path == "/v1/log/head":
            return {"position": self.log, "events": self.log, "relayed": self.log}
        if path.endswith("/swap"):
            found = len(self.differences)
            counted = {
                "generation": 7,
                "dossiers": 5,
                "events": self.position,
                "dossiers_differing": found,
                "sums_differing": found,
            }
            return counted | {
                "swapped": query["dry_run"] == "false",
                "differences": self.differences,
                "sums": [DRIFT] * found,
            }
        return {"id": 7, "position": 0, "events": 0, "settled": False}


async def _answer(send: Any, status: int, body: bytes) -> None:
    await send(
        {"type": "http.response.start", "status": status, "headers": [(b"content-length", str(len(body)).encode())]}
    )
    await send({"type": "http.response.body", "body": body})


def rebuild(monkeypatch: pytest.MonkeyPatch, held: Held, *options: str) -> int:
    monkeypatch.setattr(product, "PART_EVENTS", 10)
    with serving(held) as url:
        monkeypatch.setattr(
            sys,
            "argv",
            ["motcua", "rebuild", "--intake", url, "--reporting", url, "--key", "the-key", "--wait", "1", *options],
        )
        with pytest.raises(SystemExit) as ended:
            main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_the_whole_log_goes_over_and_is_swapped_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    held = Held(log=35)
    assert rebuild(monkeypatch, held) == 0
    assert held.parts == [(0, 10), (10, 20), (20, 30), (30, 35)]
    assert held.calls.index("POST /v1/rebuilds/7/settled") < held.calls.index("POST /v1/rebuilds/7/swap")
    assert capsys.readouterr().out == "no difference: 35 events, 5 dossiers\nfigures now come from the rebuilt model\n"


@pytest.mark.parametrize("held", [Held(log=35, gone=7), Held(log=35, refused=2)], ids=["gone", "refused"])
def test_what_cannot_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, held: Held) -> None:
    """The model lost dossiers of which it had read every status; or the log has events that no status tells of."""
    assert rebuild(monkeypatch, held) == 0
    assert held.calls.count("GET /v1/dossiers/head") == 1


@pytest.mark.parametrize("lost", ["before", "after"])
def test_a_part_whose_answer_is_lost_goes_over_once(monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    held = Held(log=35, breaks=deque(["", lost, lost]))
    assert rebuild(monkeypatch, held) == 0
    assert held.parts == [(0, 10), (10, 20), (20, 30), (30, 35)]


def test_what_was_wrong_is_named_and_repaired(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rebuild(monkeypatch, Held(log=5, differences=[DIFFERENCE])) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[:2] == [
        f"{code(3)}: was missing",
        "sum of 2023-12, all departments, online, received: 2 too many",
    ]
    assert max(len(each) for each in printed.splitlines()) <= 80


@pytest.mark.parametrize(("found", "ends"), [([], 0), ([DIFFERENCE], 1)])
def test_a_dry_run_tells_by_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, found: list[dict[str, Any]], ends: int
) -> None:
    assert rebuild(monkeypatch, Held(log=5, differences=found), "--dry-run") == ends


def test_an_empty_log_is_refused_before_anything_begins(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    held = Held(log=0)
    assert rebuild(monkeypatch, held) == 2
    assert held.calls == ["GET /v1/log/head"]
    assert "is --intake right?" in capsys.readouterr().err


def test_what_was_begun_and_cannot_be_done_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held(log=5, breaks=deque(["before"] * 5))
    assert rebuild(monkeypatch, held) == 2
    assert held.calls[-1] == "DELETE /v1/rebuilds/7"
