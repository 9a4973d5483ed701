"""`motcua verify` over real HTTP: it waits for services that lag, names what differs, and says when all agrees."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest

from motcua.cli import main
from motcua.verify.counting import facts_of, figures_by_department, total_of
from motcua.verify.recount import Recount
from shared.mapping import to_status
from tests.cli.events import code, year
from tests.cli.recording_intake import serving

Answer = Callable[["HeldServices", dict[str, str]], bytes]
encode = msgspec.json.encode


@dataclass
class HeldServices:
    """The three services at one address, all made from one log; `lag` first answers of reporting lack a dossier's events."""

    log: list[bytes]
    planted: dict[str, dict[str, Any]] = field(default_factory=dict)
    lag: int = 0

    @property
    def recount(self) -> Recount:
        found = Recount()
        for each in self.log:
            found.take(each)
        return found

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
        body = ANSWERS[scope["path"]](self, query)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})

    def snapshots(self) -> list[Any]:
        dossiers = self.recount.dossiers.values()
        held = [to_status(each, version=each.sequence, recordedtime=each.last_occurred_at, alerted={}) for each in dossiers]
        return [msgspec.structs.replace(each, **self.planted.get(each.code, {})) for each in held]


def _log(services: HeldServices, query: dict[str, str]) -> bytes:
    return b"\n".join(services.log[int(query["after"]) :])


def _head(services: HeldServices, _query: dict[str, str]) -> bytes:
    count = len(services.log)
    return encode({"position": count, "events": count, "relayed": count})


def _ledger(services: HeldServices, _query: dict[str, str]) -> bytes:
    return b"\n".join(map(encode, services.snapshots()))


def _dossiers(services: HeldServices, _query: dict[str, str]) -> bytes:
    held = services.snapshots()
    if services.lag:
        services.lag -= 1
        held = held[:-1]
    return b"\n".join(map(encode, held))


def _figures(services: HeldServices, query: dict[str, str]) -> bytes:
    first, last = (date.fromisoformat(query[name]) for name in ("from", "to"))
    rows = figures_by_department(facts_of(services.recount.dossiers.values()), first, last)
    answer = {
        "from": query["from"],
        "to": query["to"],
        "definition": "by-date/1",
        "as_of": "2023-12-31T23:59:00+07:00",
        "by": ["department"],
    }
    groups = [{"key": {"department": department}, **row} for department, row in rows.items()]
    return encode(answer | {"total": total_of(rows), "rows": groups})


ANSWERS: dict[str, Answer] = {
    "/v1/log": _log,
    "/v1/log/head": _head,
    "/v1/ledger": _ledger,
    "/v1/dossiers": _dossiers,
    "/v1/figures": _figures,
}


def a_log(dossiers: int) -> list[bytes]:
    events = (msgspec.json.decode(each) for each in year(dossiers))
    return [
        encode({"position": position, "event": event | {"sequence": int(event["id"].rpartition("/")[2]) + 1}})
        for position, event in enumerate(events, 1)
    ]


def verify(monkeypatch: pytest.MonkeyPatch, services: HeldServices, wait: str = "5") -> int:
    with serving(services) as url:
        addresses = ["--intake", url, "--processing", url, "--reporting", url, "--key", "the-key", "--wait", wait]
        monkeypatch.setattr(sys, "argv", ["motcua", "verify", *addresses])
        with pytest.raises(SystemExit) as ended:
            main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_when_all_agrees_it_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(monkeypatch, HeldServices(a_log(30))) == 0
    assert capsys.readouterr().out == "no difference: 120 events, 30 dossiers, 132 figures compared\n"


def test_an_empty_log_agrees_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(monkeypatch, HeldServices([])) == 0
    assert capsys.readouterr().out == "no difference: 0 events, 0 dossiers, 0 figures compared\n"


def test_a_service_that_lags_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    services = HeldServices(a_log(30), lag=3)
    assert verify(monkeypatch, services) == 0
    assert services.lag == 0


def test_a_service_that_stays_behind_is_a_difference(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(monkeypatch, HeldServices(a_log(30), lag=1000), wait="0.2") == 1
    assert f"{code(29)}: reporting does not hold it" in capsys.readouterr().out


def test_the_first_differences_are_named_and_the_rest_counted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    planted = {code(number): {"state": "stopped"} for number in range(15)}
    assert verify(monkeypatch, HeldServices(a_log(30), planted)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{code(0)}: processing says state stopped, the log returned"
    assert len(lines) == 22
    assert lines[20] == "... and 10 more"
    assert lines[21] == "30 differences: 120 events, 30 dossiers, 132 figures compared"
