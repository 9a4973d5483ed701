"""The demo: a province's year played through a stack of its own, beside what the printed report said.

Which printed values cannot be true is shown by their arithmetic.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from decimal import ROUND_HALF_UP, Decimal
from itertools import chain
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from motcua.client import DATA_FOLDERS, ServiceClient, Services, reading
from motcua.failure import Failure
from motcua.importer.run import run as import_events
from motcua.importer.source import Source
from motcua.log import DOSSIERS, events_held, log_head
from motcua.report import Row, ask, parse
from motcua.speech import voice
from motcua.stack.data_folder import keep_key_for
from motcua.stack.generate.scenario import Scenario, load_scenario
from motcua.stack.generate.year import generate_file
from motcua.stack.stack import Stack, run_in_foreground
from motcua.stack.supervision import Interrupted
from motcua.terminal.console import NOT_APPLICABLE, count, import_bar, plain_table, stage_bars, write
from motcua.terminal.form import paragraph, show_form, warn_of
from motcua.terminal.import_file import import_summary
from shared.access.roles import Role
from shared.domain.columns import BY_KEY, OF_FORM, SHARES
from shared.domain.figures import ROW_IDENTITIES, Identity
from shared.domain.localtime import LOCAL

VISIBLE_WITHIN_SECONDS = 300.0
LOOK_AGAIN_SECONDS = 0.5
END_OF_DAY = time(23, 59)
BESIDES = ("received_in_person", "received_postal")
CHANGED = "changed since"
Printed = Mapping[str, int | float | str]


@dataclass(frozen=True, slots=True)
class PlayedYear:
    """A scenario and the file of its events in the demo's folder."""

    scenario: Scenario
    events: Path
    data_dir: Path

    @property
    def clock(self) -> str:
        """The end of the scenario's period, where the demo's clock stands still."""
        return datetime.combine(self.scenario.last_day, END_OF_DAY, LOCAL).isoformat()

    @property
    def query(self) -> dict[str, str]:
        """The scenario's period, as reporting is asked for it."""
        return {"from": self.scenario.first_day.isoformat(), "to": self.scenario.last_day.isoformat()}


def run(data_dir: Path, scenario: str, port_base: int, *, exit_after_report: bool) -> int:
    """Play the year and stay up until Ctrl-C, or stop after the report; the exit code."""
    played = prepare(data_dir, scenario)

    async def when_ready(stack: Stack) -> None:
        await _play(stack, played)
        if exit_after_report:
            raise Interrupted

    return run_in_foreground(
        lambda: Stack(data_dir, port_base, clock=played.clock, year=played.scenario.last_day.year), when_ready
    )


def prepare(data_dir: Path, scenario_name: str) -> PlayedYear:
    """Generate the year once; a folder plays one scenario."""
    try:
        scenario = load_scenario(scenario_name)
        played = PlayedYear(scenario, data_dir / f"{scenario.name}.ndjson", data_dir)
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if others := [
            file.stem for file in data_dir.glob("*.ndjson") if file != played.events and ".rejected" not in file.name
        ]:
            raise Failure(
                f"{data_dir} holds the year of {others[0]}: choose another folder for {scenario.name} with --data-dir"
            )
        if not played.events.exists():
            with stage_bars() as observe:
                generate_file(scenario_name, played.events, lambda done, total: observe("generate", done, total))
    except OSError as error:
        raise Failure(str(error)) from error
    return played


async def _play(stack: Stack, played: PlayedYear) -> None:
    services = stack.running.services
    with Source(str(played.events)) as source, import_bar(source.total_bytes) as observe:
        progress = await import_events(source, services, observe)
    write(import_summary(progress))
    with stage_bars() as stages, reading(services, "intake") as intake, reading(services, "reporting") as reporting:
        await _until_visible(intake, reporting, played, stages)
    keys = {role: keep_key_for(role, stack.layout) for role in (Role.COUNTER, Role.COMPILER, Role.OPERATOR)}
    await asyncio.to_thread(_print_report, services, played, keys)


async def _until_visible(
    intake: ServiceClient, reporting: ServiceClient, played: PlayedYear, observe: Callable[[str, int, int], None]
) -> None:
    """Wait until intake's whole log shows in the figures: they stand still, and reporting has seen all its events."""
    before, asked = None, played.scenario.figures
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + VISIBLE_WITHIN_SECONDS
    while loop.time() < give_up_at:
        row = parse(await asyncio.to_thread(ask, reporting, played.query)).total
        observe("counting", row["received_total"] + row["resolved_total"], asked.received_total + asked.resolved_total)
        if row == before:
            seen = await asyncio.to_thread(events_held, [reporting], DOSSIERS)
            if seen >= (await asyncio.to_thread(log_head, intake)).events:
                return
        before = row
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
    logs = played.data_dir / "logs"
    raise Failure(
        f"the figures do not show everything after {VISIBLE_WITHIN_SECONDS:.0f} s; the logs in {logs} say why"
    )


def _print_report(services: Services, played: PlayedYear, keys: Mapping[Role, str]) -> None:
    scenario = played.scenario
    with reading(services, "reporting") as reporting:
        report = parse(ask(reporting, played.query, ("department",)))
    write(f"\n{scenario.title}\n")
    write(paragraph(report))
    write("")
    write(comparison(report.total, scenario.printed, scenario.figures.row()))
    show_form(report)
    warn_of(report, on_paper=True)
    print(_where_to_look(services, played, keys))


def _where_to_look(services: Services, played: PlayedYear, keys: Mapping[Role, str]) -> str:
    first, last = played.scenario.first_day, played.scenario.last_day
    # how to call this program from here so that it finds this demo's stack
    program = min(sys.argv[0], os.path.relpath(sys.argv[0]), key=len)
    motcua = program if played.data_dir in DATA_FOLDERS else f"MOTCUA_DATA_DIR={played.data_dir} {program}"
    return f"""
Where to look:
  {services.intake}/          the counter's pages, with the key
    {keys[Role.COUNTER]}
  {services.reporting}/          the pages of figures, with the key
    {keys[Role.COMPILER]}
  {services.reporting}/metrics   for Prometheus, with the operator's key
    {keys[Role.OPERATOR]}
  {played.data_dir}/keys has these three; `motcua keys` makes, lists and revokes
  {services.reporting}/docs      the API of reporting
  {services.intake}/docs      the API of intake: post an event of your own
  curl -H "Authorization: Bearer $(cat {played.data_dir}/key)" \\
    '{services.reporting}/v1/figures?from={first}&to={last}'
  {motcua} report --from {first} --to {last} --by department
  {motcua} verify
Ctrl-C stops everything. Started again, it goes on: nothing counts twice."""


@dataclass(frozen=True, slots=True)
class Impossible:
    """A printed value that breaks an identity of the form which the other printed values and the count agree on."""

    key: str
    arithmetic: str


def impossible(counted: Row, printed: Printed) -> list[Impossible]:
    """Printed values that differ from the count and cannot be true beside the other printed ones."""
    false = {}
    for identity in ROW_IDENTITIES:
        row = _printed_row(identity, counted, printed)
        if row is None or identity.difference(row) == 0:
            continue
        for key in (identity.total, *identity.parts):
            if key in printed and row[key] != counted[key]:
                false[key] = Impossible(key, _arithmetic(identity, row, key))
    return list(false.values())


def _printed_row(identity: Identity, counted: Row, printed: Printed) -> dict[str, int] | None:
    """The identity's values as printed; None when the report leaves one out that is not zero."""
    row = {}
    for key in (identity.total, *identity.parts):
        value = printed.get(key, 0 if counted[key] == 0 else None)
        if not isinstance(value, int):
            return None
        row[key] = value
    return row


def _arithmetic(identity: Identity, row: Mapping[str, int], key: str) -> str:
    """`80.121 − 78.784 = 1.337, not 1.137`."""
    if key == identity.total:
        parts = [row[part] for part in identity.parts if row[part]]
        return f"{' + '.join(map(count, parts))} = {count(sum(parts))}, not {count(row[key])}"
    others = [row[part] for part in identity.parts if part != key and row[part]]
    left = count(row[identity.total] - sum(others))
    return f"{' − '.join(map(count, [row[identity.total], *others]))} = {left}, not {count(row[key])}"


def comparison(counted: Row, printed: Printed, asked: Row) -> RenderableType:
    """A table of every figure, counted and printed; below it, why a printed one cannot be true.

    `asked` are the counts of the year as it is played: what somebody posts besides makes no printed figure impossible.
    """
    wrong = impossible(asked, printed)
    marks = {value.key: f"cannot be true ({number})" for number, value in enumerate(wrong, 1)}
    changed = {key for key, value in asked.items() if counted.get(key, value) != value}
    table = plain_table("figure", "counted", "printed", "")
    table.columns[1].justify = table.columns[2].justify = "right"
    columns = ((column.key, f"{number} {column.meaning}") for number, column in OF_FORM.items())
    besides = ((key, f"of 5: {BY_KEY[key].meaning}") for key in BESIDES if key in printed)
    named = chain(columns, besides, ((share.key, share.meaning) for share in SHARES))
    for key, meaning in named:
        differs = key in printed and not _agree(counted[key], printed[key])
        because = CHANGED if key in changed or (changed and key not in asked) else "differs"
        mark = marks.get(key) or (because if differs else "")
        table.add_row(
            meaning,
            _shown(key, counted[key]),
            _shown(key, printed.get(key)),
            mark,
            style="bold red" if key in marks else None,
        )
    notes = [Text(f"({number}) {value.arithmetic}") for number, value in enumerate(wrong, 1)]
    notes += [Text(f"{CHANGED}: events were posted besides those of the year")] if changed else []
    return Group(table, *([Text(), *notes] if notes else []))


def _agree(counted: object, printed: object) -> bool:
    """Whether the count is the printed value, as exactly as that is printed."""
    if counted is None:
        return False
    said = Decimal(str(printed))
    return Decimal(str(counted)).quantize(said, ROUND_HALF_UP) == said


def _shown(key: str, value: object) -> str:
    if value is None:
        return NOT_APPLICABLE
    if key.endswith(("_share", "_share_of_period")):
        return voice().percent(value)
    return count(value) if isinstance(value, int) else str(value)
