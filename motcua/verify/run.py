"""The verification as a whole: fold the log, wait for the services to catch up, compare everything."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import httpx

from motcua.client import Services, sync_client
from motcua.failure import Failure
from motcua.report.figures import Report, fetch, parse
from motcua.verify import remote
from motcua.verify.compare import compare_dossiers, compare_figures
from motcua.verify.counting import COUNTED, Counts, Facts, facts_of, figures_by_department, total_of
from motcua.verify.difference import Difference
from motcua.verify.periods import Period, periods
from motcua.verify.recount import Recount
from motcua.verify.wait import wait_until
from shared.contract.codec import decode_status
from shared.contract.status import StatusV1

ROUNDS = 5
Observer = Callable[[str, int, int], None]  # what is being done, how much of it, of how much
NOTHING: Counts = dict.fromkeys(COUNTED, 0)


@dataclass(slots=True)
class Verdict:
    """What was compared, and every difference found."""

    events: int = 0
    dossiers: int = 0
    figures: int = 0
    differences: list[Difference] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Clients:
    intake: httpx.Client
    processing: httpx.Client
    reporting: httpx.Client


def run(services: Services, observe: Observer, wait_seconds: float) -> Verdict:
    """Verify; while events keep arriving it starts the comparison again, and gives up when they never pause."""
    with ExitStack() as stack:
        urls = (services.intake, services.processing, services.reporting)
        clients = Clients(*(stack.enter_context(sync_client(url, services)) for url in urls))
        recount = Recount()
        for _ in range(ROUNDS):
            _fold(recount, clients.intake, observe)
            _catch_up(recount, clients, observe, wait_seconds)
            verdict = _compare(recount, clients, observe)
            if not remote.log_page(clients.intake, recount.position):
                return verdict
    msg = "events keep arriving, and a comparison needs a pause: stop sending for a moment and run `motcua verify` again"
    raise Failure(msg)


def _fold(recount: Recount, intake: httpx.Client, observe: Observer) -> None:
    total = remote.head(intake).events
    while page := remote.log_page(intake, recount.position):
        for line in page:
            recount.take(line)
        observe("recounting the log", recount.events, max(total, recount.events))


def _catch_up(recount: Recount, clients: Clients, observe: Observer, wait_seconds: float) -> None:
    """Wait until both services have seen every event; what they still lack after that is a difference."""
    for service, client, path in (("processing", clients.processing, remote.LEDGER), ("reporting", clients.reporting, remote.DOSSIERS)):

        def caught_up(service: str = service, client: httpx.Client = client, path: str = path) -> bool:
            seen = remote.events_seen(service, client, path)
            observe(f"waiting for {service}", min(seen, recount.events), recount.events)
            return seen >= recount.events

        wait_until(caught_up, wait_seconds)


def _compare(recount: Recount, clients: Clients, observe: Observer) -> Verdict:
    verdict = Verdict(events=recount.events, dossiers=len(recount.dossiers), differences=list(recount.faults))
    for service, client, path in (("processing", clients.processing, remote.LEDGER), ("reporting", clients.reporting, remote.DOSSIERS)):
        held = _held(service, client, path, len(recount.dossiers), observe)
        verdict.differences += compare_dossiers(service, recount.dossiers, held)
    if recount.span is not None:
        facts = facts_of(recount.dossiers.values())
        asked = periods(*recount.span)
        for done, period in enumerate(asked, 1):
            _compare_period(verdict, facts, period, clients.reporting)
            observe("comparing figures", done, len(asked))
    return verdict


def _held(service: str, client: httpx.Client, path: str, total: int, observe: Observer) -> Iterator[StatusV1]:
    """The snapshots of a service; the observer hears of every thousandth."""
    count = 0
    for count, line in enumerate(remote.snapshots(service, client, path), 1):
        yield decode_status(line)
        if count % 1000 == 0:
            observe(f"comparing {service}", count, max(total, count))
    observe(f"comparing {service}", count, max(total, count))


def _compare_period(verdict: Verdict, facts: list[Facts], period: Period, reporting: httpx.Client) -> None:
    published = parse(fetch(reporting, *period, by=("department",)))
    counted = figures_by_department(facts, *period)
    compared = figure_differences(published, counted, period)
    verdict.differences += compared
    verdict.figures += len(COUNTED) * (1 + len({*counted, *_rows(published)}))


def figure_differences(published: Report, counted: dict[str, Counts], period: Period) -> list[Difference]:
    """Differences of every department's row and of the total; a row that is not published stands for nothing to count."""
    name = f"{period[0]}..{period[1]}"
    rows = _rows(published)
    found: list[Difference] = []
    for department in sorted({*counted, *rows}):
        found += compare_figures("reporting", f"{name}, {department}", counted.get(department, NOTHING), rows.get(department, NOTHING))
    return found + list(compare_figures("reporting", f"{name}, total", total_of(counted), published.total))


def _rows(published: Report) -> dict[str, Counts]:
    return {str(group.key.get("department")): group.row for group in published.groups}
