"""`motcua follow-ups` over real HTTP: what was given up is listed, and sent again by id or all of it."""

import sys
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from motcua.cli import main
from tests.cli.recording_intake import read_body, respond, serving


def delivery(name: str, department: str, way: str, *slips: str) -> dict[str, Any]:
    when = "2026-11-11T07:30:00+07:00"
    about = {"department": department, "way": way, "made_at": when, "attempts": 74}
    return {"id": name, "problem": "the mail server answers 550\x1b[2J", "slips": slips, **about}


@dataclass
class GivenUpHere:
    """Reporting: what it was asked to send is given up no more."""

    held: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            one["id"]: one
            for one in (delivery("a", "H59.15", "mail", "H59.15/2026/12"), delivery("b", "H59.02", "webhook"))
        }
    )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].endswith("/send-again"):
            asked = msgspec.json.decode(await read_body(receive))["deliveries"]
            sent = [each for each in asked if self.held.pop(each, None)]
            await respond(send, 200, {"sent_again": sent, "left": [each for each in asked if each not in sent]})
        else:
            await respond(send, 200, {"given_up": len(self.held), "deliveries": list(self.held.values())})


def test_what_was_given_up_is_listed_and_sent_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(GivenUpHere()) as url:

        def motcua(*arguments: str) -> tuple[int, str]:
            monkeypatch.setattr(sys, "argv", ["motcua", "follow-ups", *arguments, "--reporting", url, "--key", "k"])
            with pytest.raises(SystemExit) as ended:
                main()
            printed = capsys.readouterr()
            assert all(len(line) <= 80 for line in printed.out.splitlines()), printed
            return int(ended.value.code or 0), printed.out + printed.err

        status, told = motcua("given-up")
        assert status == 1
        for part in ("H59.15/2026/12", "the weekly mail", "H59.02 by webhook", "answers 550\\x1b", "2 given up"):
            assert part in told
        assert motcua("send-again", "--all", "--way", "webhook", "--department", "H59.15")[0] == 2
        assert motcua("send-again", "--all", "--way", "webhook") == (0, "1 of 1 are tried again\n")
        status, told = motcua("send-again", "a", "b", "a")
        assert (status, "b: was not given up" in told, "1 of 2 are tried again" in told) == (1, True, True)
        assert motcua("send-again", "--all") == (2, "motcua: nothing was given up\n")
        assert motcua("send-again")[0] == 2
        assert motcua("send-again", "a", "--way", "mail")[0] == 2
        assert motcua("given-up") == (0, "0 given up\n")
