"""`motcua dead-letters` against a real intake and a real broker: listed, shown, sent again, done."""

import asyncio
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from rich.console import Console

from motcua.cli import main
from motcua.terminal.console import plain_table
from tests.cli.real_intake import KEY, real_intake
from tests.intake.sending import received
from tests.intake.test_dead_letters import letter, put_aside
from tests.support.wait import wait_until

CODE = "H59.15-231208-0001"
HEADERS = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture
def intake(tmp_path: Path, fresh_broker: str) -> Iterator[str]:
    with real_intake(tmp_path, kafka_bootstrap=fresh_broker) as url:
        yield url


def test_letters_are_listed_shown_sent_again_and_done(
    intake: str, fresh_broker: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    event = msgspec.json.encode(received(CODE))

    def motcua(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["motcua", "dead-letters", *arguments, "--intake", intake, "--key", KEY])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        ours = [line for line in printed.out.splitlines() if line != event.decode()]  # a letter's bytes are as they are
        assert all(len(line) <= 80 for line in ours), printed
        return int(ended.value.code or 0), printed.out + printed.err

    wait_until(lambda: motcua("list")[0] == 0, 60, "intake made the topics, and nothing was put aside")
    assert motcua("send-again", "--all")[1] == "motcua: no dead letter is open\n"
    asyncio.run(put_aside(fresh_broker, letter(event, reason="not_recorded"), letter(b"\x1b[2J garbage")))
    status, told = motcua("list")
    *letters, strangers, counted = told.splitlines()
    assert (status, counted) == (1, "2 open, 0 dealt with")
    assert strangers.startswith("2 of these not written by Motcua")
    by_reason = {line.split()[4]: line.split()[0] for line in letters[1:]}
    assert set(by_reason) == {"not_recorded", "malformed"}
    status, told = motcua("show", by_reason["malformed"])
    assert (status, "\x1b" in told, "garbage" in told, "partition 1, offset 7" in told) == (0, False, True, True)
    assert "by       not intake: it has no event's id" in told
    assert "by       not intake: its log has no event" in motcua("show", by_reason["not_recorded"])[1]
    status, told = motcua("send-again", "--all")
    assert status == 1
    assert f"{by_reason['malformed']}: intake does not take it" in told
    assert "1 of 2 letters are being sent again (1 new in the log)" in told
    assert httpx.get(f"{intake}/v1/dossiers/{CODE}", headers=HEADERS).status_code == 200
    by = motcua("show", by_reason["not_recorded"])[1].replace("\n  ", " ")
    assert "by       not intake: the log's event" in by, "the log has it now, as intake recorded it: not these bytes"
    assert motcua("done", "--all", "--reason", "gap") == (2, "motcua: no dead letter is open with the reason gap\n")
    assert motcua("done", "--all", "--note", "rác của bên thứ ba") == (0, "1 letter is marked as done\n")
    status, told = motcua("list", "--state", "handled")
    assert (status, told.splitlines()[-1]) == (0, "0 open, 2 dealt with")
    assert "rác của bên thứ ba" in motcua("show", by_reason["malformed"])[1]
    status, told = motcua("show", "0000")
    assert (status, "there is no dead letter 0000" in told) == (2, True)
    assert motcua("done")[0] == 2


def test_a_narrow_terminal_hides_nothing_of_a_row() -> None:
    where = "dossier.events.v1/0@1234567"
    table = plain_table("id", "put aside", "state", "reason", "where")
    table.add_row("0123456789abcdef", "2026-11-30 23:12", "sent_again", "unusable_event", where)
    console = Console(width=80, file=io.StringIO())
    with console.capture() as shown:
        console.print(table)
    lines = shown.get().splitlines()
    assert len(lines) > 2, "it is too wide for one line"
    place = lines[0].index("where")
    assert "".join(line[place:].strip() for line in lines[1:]) == where
