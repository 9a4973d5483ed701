"""The commands that go by intake's log: `motcua verify`, `motcua rebuild`, `motcua resend`, `motcua restore`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motcua.terminal import options
from motcua.terminal.console import count, stage_bars, write_line

if TYPE_CHECKING:
    from motcua.rebuild import Rebuilt
    from motcua.verify.run import Verdict

DIFFERENT = 1
SHOWN = 20
NAMED = 50


def verify(
    *,
    intake: options.Intake = None,
    processing: options.Workers = None,
    reporting: options.Reporting = None,
    key: options.Key = None,
    wait: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="How long to let each service catch up with the log.")
    ] = 30.0,
    sample: Annotated[
        int, typer.Option(min=0, help="How many figures that agree are opened, to compare their lists too.")
    ] = 30,
    seed: Annotated[int | None, typer.Option(help="Draw the same again; every run prints its seed.")] = None,
    metrics: options.MetricsFileName = None,
) -> None:
    """Recount everything from the log and compare.

    Holds intake's event log against the digests in its audit. Compares it with the processor's state, the read model
    and the published figures: by every definition of timeliness, as known now and at past instants, some days and
    periods drawn by chance. Every row and sum of the read model is compared with its dossiers. Figures that differ, and
    a random sample of the others, are opened, and their dossiers compared.

    Exit code: 0 no difference, 1 differences (the first are listed), 2 the comparison could not be done.
    """
    from secrets import randbelow

    from motcua.verify.run import run

    named: list[str | None] = [*processing] if processing else [None]
    services, *others = [options.services(intake=intake, processing=url, reporting=reporting, key=key) for url in named]
    workers = (services.processing, *(other.processing for other in others))
    drawn = randbelow(1_000_000) if seed is None else seed
    with _measured(metrics) as found, stage_bars() as observe:
        verdict = run(services, workers, observe, wait_seconds=wait, sample=sample, seed=drawn)
        found(len(verdict.differences))
    for line in _verdict_lines(verdict, drawn):
        write_line(line)
    if verdict.differences:
        raise typer.Exit(DIFFERENT)


@contextmanager
def _measured(metrics: Path | None) -> Iterator[Callable[[int], None]]:
    """Writes the file of metrics at the end, also where the comparison could not be done."""
    from time import time

    from motcua.metrics_file import MetricsFile
    from shared.service.metric_catalogue import (
        VERIFY_DIFFERENCES,
        VERIFY_DURATION,
        VERIFY_SUCCESS,
        VERIFY_TIMESTAMP,
    )

    began, file = time(), MetricsFile(metrics)
    success = VERIFY_SUCCESS.gauge(file.registry)

    def found(differences: int) -> None:
        VERIFY_DIFFERENCES.gauge(file.registry).set(differences)
        success.set(1)

    try:
        yield found
    finally:
        VERIFY_TIMESTAMP.gauge(file.registry).set(time())
        VERIFY_DURATION.gauge(file.registry).set(time() - began)
        file.write()


def _verdict_lines(verdict: "Verdict", seed: int) -> Iterator[str]:
    """The first differences; when there are more, the dossiers of all of them; what was compared."""
    differences = verdict.differences
    yield from map(str, differences[:SHOWN])
    if len(differences) > SHOWN:
        yield f"... and {count(len(differences) - SHOWN)} more"
        codes = sorted({code for difference in differences for code in difference.dossiers})
        rest = f" and {count(len(codes) - NAMED)} more" if len(codes) > NAMED else ""
        yield f"{count(len(codes))} dossiers at fault: {', '.join(codes[:NAMED])}{rest}"
    result = {0: "no difference", 1: "1 difference"}.get(len(differences), f"{count(len(differences))} differences")
    compared = (
        f"{count(verdict.events)} events, {count(verdict.dossiers)} dossiers, {count(verdict.figures)} figures compared"
    )
    yield f"{result}: {compared}, {_audited(verdict.audited)} (seed {seed})"


def _audited(entries: int | None) -> str:
    if entries is None:
        return "the log not with the audit, which this key may not read"
    return f"the log with {count(entries)} {'entry' if entries == 1 else 'entries'} of the audit"


def rebuild(
    *,
    intake: options.Intake = None,
    reporting: options.Reporting = None,
    key: options.Key = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only compare: the live read model stays as it is.")
    ] = False,
    wait: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="How long to let reporting catch up with the log.")
    ] = 30.0,
) -> None:
    """Rebuild the read model from the log, compare, swap.

    Makes the read model of reporting anew from intake's log, beside the live one, which goes on counting and answering.
    Then names what was wrong in the live one and puts the new one in its place, in one step. What was known when is
    rebuilt too. Tokens of figures from before the swap can't be opened any more.

    Exit code: 0 swapped, 1 differences (with --dry-run), 2 the rebuild could not be done.
    """
    from motcua.rebuild import run

    services = options.services(intake=intake, reporting=reporting, key=key)
    with stage_bars() as observe:
        rebuilt = run(services, observe, wait, dry_run=dry_run)
    for line in _rebuilt_lines(rebuilt):
        write_line(line)
    if dry_run and (rebuilt.answer.dossiers_differing or rebuilt.answer.sums_differing or rebuilt.refused):
        raise typer.Exit(DIFFERENT)


def _rebuilt_lines(rebuilt: "Rebuilt") -> Iterator[str]:
    """The first events that count nowhere, the first dossiers and sums that differed, how many; what was done."""
    from motcua.report import sum_name

    answer = rebuilt.answer
    for event in rebuilt.refused[:SHOWN]:
        yield f"{event.code}: event at position {event.position} of the log counts nowhere: {event.detail}"
    yield from _first(
        [f"{drift.code}: {drift.detail}" for drift in answer.differences], answer.dossiers_differing, "dossiers"
    )
    sums = [
        f"{sum_name(drift)}: {abs(drift.off_by)} too {'many' if drift.off_by > 0 else 'few'}" for drift in answer.sums
    ]
    yield from _first(sums, answer.sums_differing, "sums")
    wrong = "no difference"
    if answer.dossiers_differing or answer.sums_differing:
        dossiers, drifts = count(answer.dossiers_differing), count(answer.sums_differing)
        wrong = f"{dossiers} dossiers and {drifts} sums of the live model differed"
    yield f"{wrong}: {count(answer.events)} events, {count(answer.dossiers)} dossiers"
    yield "figures now come from the rebuilt model" if answer.swapped else "nothing was changed"


def _first(lines: list[str], of: int, kind: str) -> list[str]:
    rest = of - min(len(lines), SHOWN)
    return lines[:SHOWN] + ([f"... and {rest} more {kind}"] if rest else [])


def resend(*, intake: options.Intake = None, key: options.Key = None) -> None:
    """Send intake's whole log into Kafka again.

    Everything behind it recognises repeats, so nothing counts twice. Intake does this by itself when it finds that the
    event topic lost events; ask for it after somebody changed the topics by hand, or when `motcua verify` names events
    that were not processed.
    """
    from motcua.log import resend

    print(f"{count(resend(options.services(intake=intake, key=key)))} events are being sent again")


def restore(*, intake: options.Intake = None, key: options.Key = None) -> None:
    """Bring back into intake's log what only Kafka still has.

    For a log that was restored from a backup: intake accepts nothing while the event topic holds what the log does not.
    When a dossier has other events in the log by now, nothing is changed and the way out is said.
    """
    from motcua.log import restore

    print(
        f"{count(restore(options.services(intake=intake, key=key)))} events are back in the log; intake accepts again"
    )
