"""`motcua dead-letters`: what could not be processed and was put aside; to look at, send again, mark as dealt with."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from motcua.terminal import options
from motcua.terminal.console import count, minute, plain_table, write, write_line

if TYPE_CHECKING:
    from motcua.client import ServiceClient
    from shared.contract.http.dead_letters import DeadLetterView, LetterFate, LetterOrigin

STILL_OPEN = 1
app = typer.Typer(
    help="What was put aside: list, show, send again, mark as done.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class ShownLetters(StrEnum):
    OPEN = "open"
    HANDLED = "handled"
    ALL = "all"


Ids = Annotated[list[str] | None, typer.Argument(metavar="ID...", help="The letters' ids.")]
Every = Annotated[bool, typer.Option("--all", help="Every open letter, a thousand at a time.")]
Reason = Annotated[str | None, typer.Option(metavar="WORD", help="With --all: only those with this reason.")]
Note = Annotated[
    str | None, typer.Option(metavar="TEXT", help="What to note about it, without a person's data: it is kept.")
]


@app.command("list")
def list_letters(
    *,
    state: Annotated[ShownLetters, typer.Option(help="Which letters.")] = ShownLetters.OPEN,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most, the newest.")] = 20,
    intake: options.Intake = None,
    key: options.Key = None,
) -> None:
    """List what was put aside, the newest first.

    Exit code: 0 nothing is open, 1 some letters are open, 2 they could not be read.
    """
    from motcua import dead_letters
    from motcua.client import reading

    with reading(options.services(intake=intake, key=key), "intake") as client:
        answer = dead_letters.listed(client, state.value, limit)
    if answer.letters:
        table = plain_table("id", "put aside", "state", "reason", "where")
        for view in answer.letters:
            table.add_row(view.id, *_put_aside(view))
        write(table)
    if strange := sum(view.origin is not None and view.origin.author == "another" for view in answer.letters):
        write_line(f"{count(strange)} of these not written by Motcua: `motcua dead-letters show ID`")
    write_line(f"{count(answer.open)} open, {count(answer.handled)} dealt with")
    if answer.open:
        raise typer.Exit(STILL_OPEN)


def _put_aside(view: "DeadLetterView") -> tuple[str, str, str, str]:
    letter = view.letter
    if letter is None:
        return "", view.state, "no letter", ""
    where = f"{letter.topic.removeprefix('motcua.')}/{letter.partition}@{letter.offset}"
    return minute(letter.failed_at), view.state, letter.reason, where


@app.command()
def show(
    *,
    letter: Annotated[str, typer.Argument(metavar="ID", help="The letter's id.")],
    intake: options.Intake = None,
    key: options.Key = None,
) -> None:
    """Show one letter: where it was, why it was put aside, its bytes, and what was done about it."""
    from motcua import dead_letters
    from motcua.client import printable, reading

    with reading(options.services(intake=intake, key=key), "intake") as client:
        view = dead_letters.shown(client, letter)
    write_line(f"{view.id}  {view.state}")
    if view.handled_at is not None:
        write_line(f"handled  {minute(view.handled_at)} by {view.handled_by}{f': {view.note}' if view.note else ''}")
    if (told := view.letter) is None:
        write_line("a stranger wrote it into the topic of dead letters: it is none")
        return
    write_line(f"from     {told.topic}, partition {told.partition}, offset {told.offset}")
    write_line(f"aside    {_second(told.failed_at)}, {printable(told.reason)}: {printable(told.detail)}")
    for line in _written(view):
        write_line(line)
    write_line(f"key      {_text(told.key)}")
    if told.value_bytes is not None:
        write_line(f"value    the beginning of {count(told.value_bytes)} bytes, SHA-256 {told.value_sha256}:")
    write_line(_text(told.value))


def _written(view: "DeadLetterView") -> Iterator[str]:
    """By whom, when and with which headers the record was written, as far as that is known."""
    from motcua.client import printable

    letter, origin = view.letter, view.origin
    if letter is None or origin is None:
        return
    yield f"by       {printable(_who(letter.topic, origin))}"
    if letter.written_at is not None:
        yield f"written  {_second(letter.written_at)}, by its writer's clock"
    if letter.headers is not None:
        yield f"headers  {printable('; '.join(f'{name}: {told}' for name, told in letter.headers)) or 'none'}"
    if origin.author == "another":
        yield "next     Kafka keeps no names: the runbook's MotcuaDeadLetters says how to find who writes there"


def _who(topic: str, origin: "LetterOrigin") -> str:
    from shared.contract.topics import EVENTS

    if origin.author == "intake":
        told_at = "" if origin.recorded_at is None else _second(origin.recorded_at)
        told = f"intake: event {origin.event_id} at position {origin.position}, accepted {told_at}"
        if origin.accepted_by is None:
            return told
        return f"{told} for {origin.accepted_by} (requests {', '.join(origin.requests)}; audit {origin.audit_entry})"
    if origin.author == "processing":
        return "processing: it has the mark of its ledger"
    if origin.author is None:
        return "not known"
    if topic != EVENTS.name:
        return "not processing: it has no mark of its ledger"
    if origin.position is not None:
        return f"not intake: the log's event {origin.event_id}, at position {origin.position}, is another one"
    if origin.event_id is not None:
        return f"not intake: its log has no event {origin.event_id}"
    return "not intake: it has no event's id"


def _second(instant: datetime) -> str:
    """The local time: beside a log, a minute is too coarse."""
    from shared.domain.localtime import local

    return f"{local(instant):%Y-%m-%d %H:%M:%S}"


def _text(content: bytes | None) -> str:
    from motcua.client import printable

    return "none" if content is None else printable(content.decode(errors="backslashreplace"))


@app.command("send-again")
def send_again(
    *,
    letters: Ids = None,
    every: Every = False,
    reason: Reason = None,
    note: Note = None,
    intake: options.Intake = None,
    key: options.Key = None,
) -> None:
    """Send events again that were put aside, after what was wrong with their processing is mended.

    An event of intake's log is sent by sending the log again: everything behind it recognises repeats. An event that
    the log does not have is offered to it like any other, for which the key needs the right to post. Each counts once.

    Exit code: 0 all were sent, 1 some were not and stay open (each is said), 2 it could not be done.
    """
    from motcua import dead_letters
    from motcua.client import reading

    with reading(options.services(intake=intake, key=key), "intake") as client:
        fates = dead_letters.send_again(client, _named(client, letters, reason, every=every), note)
    for fate in fates:
        if fate.became not in _SENT:
            write_line(f"{fate.id}: {_NOT_SENT[fate.became]}: {fate.detail}")
    sent = [fate for fate in fates if fate.became in _SENT]
    write_line(f"{count(len(sent))} of {count(len(fates))} letters are being sent again{_how(sent)}")
    if len(sent) < len(fates):
        raise typer.Exit(STILL_OPEN)


_SENT = frozenset({"accepted", "in_the_log"})
_NOT_SENT = {"refused": "intake does not take it", "no_event": "can't be sent again"}


def _how(sent: Sequence["LetterFate"]) -> str:
    """What that meant for the log."""
    new = sum(fate.became == "accepted" for fate in sent)
    ways = [f"{count(new)} new in the log"] if new else []
    if len(sent) > new:
        ways.append("the log is sent again")
    return f" ({', '.join(ways)})" if ways else ""


@app.command()
def done(
    *,
    letters: Ids = None,
    every: Every = False,
    reason: Reason = None,
    note: Note = None,
    intake: options.Intake = None,
    key: options.Key = None,
) -> None:
    """Mark letters as dealt with: they are counted as open no more. The audit notes who did it."""
    from motcua import dead_letters
    from motcua.client import reading

    marked = 0
    with reading(options.services(intake=intake, key=key), "intake") as client:
        while chosen := _named(client, letters, reason, every=every, nothing_is_fine=marked > 0):
            marked += (new := dead_letters.mark_done(client, chosen, note))
            if not every or not new:
                break
    write_line("1 letter is marked as done" if marked == 1 else f"{count(marked)} letters are marked as done")


def _named(
    client: "ServiceClient",
    letters: list[str] | None,
    reason: str | None,
    *,
    every: bool,
    nothing_is_fine: bool = False,
) -> list[str]:
    """The letters that the command names: by their ids, or all that are open."""
    from motcua import dead_letters
    from motcua.failure import Failure

    if every == bool(letters):
        raise typer.BadParameter("name letters by their ids, or give --all", param_hint="ID")
    if reason is not None and not every:
        raise typer.BadParameter("goes with --all", param_hint="--reason")
    if letters:
        return letters
    chosen = dead_letters.chosen(client, reason)
    if not chosen and not nothing_is_fine:
        raise Failure("no dead letter is open" + (f" with the reason {reason}" if reason else ""))
    return chosen
