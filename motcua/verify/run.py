"""The verification as a whole: fold the log, wait for the services to catch up, compare everything."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from random import Random

import httpx

from motcua.client import Outlived, Services, sync_client
from motcua.failure import Failure
from motcua.verify import knowledge, remote
from motcua.verify.compare import compare_dossiers
from motcua.verify.consistency import inconsistencies
from motcua.verify.difference import Difference
from motcua.verify.figures import FigureCheck, Observer
from motcua.verify.recount import Recount
from motcua.verify.wait import wait_until
from shared.contract.codec import decode_status
from shared.contract.status import StatusV1

ROUNDS = 5
Holder = tuple[str, tuple[httpx.Client, ...], str]  # a service, its instances, the path that lists what they hold


@dataclass(frozen=True, slots=True)
class Plan:
    """`workers` are the addresses of all workers of processing; `sample` figures that agree are opened, drawn by `seed`."""

    workers: tuple[str, ...]
    wait_seconds: float
    sample: int
    seed: int


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
    workers: tuple[httpx.Client, ...]
    reporting: httpx.Client

    @property
    def holders(self) -> list[Holder]:
        """Who holds dossiers: the service's name, its instances that hold a part each, and the path that lists them."""
        return [("processing", self.workers, remote.LEDGER), ("reporting", (self.reporting,), remote.DOSSIERS)]


def run(services: Services, plan: Plan, observe: Observer) -> Verdict:
    """Verify; when events arrive meanwhile, or the read model is made anew, the comparison starts again; in the end it gives up."""
    with ExitStack() as stack:
        intake, reporting, *workers = (
            stack.enter_context(sync_client(url, services)) for url in (services.intake, services.reporting, *plan.workers)
        )
        clients = Clients(intake, tuple(workers), reporting)
        recount = Recount(knowledge.instants(intake))
        for _ in range(ROUNDS):
            _fold(recount, clients.intake, observe)
            _catch_up(recount, clients, observe, plan.wait_seconds)
            try:
                verdict = _compare(recount, clients, observe, plan)
            except Outlived:
                continue
            if not remote.log_page(clients.intake, recount.position, limit=1):
                return verdict
    msg = (
        "events keep arriving or reporting makes its figures anew, and a comparison needs a pause: stop sending for a moment and run "
        "`motcua verify` again"
    )
    raise Failure(msg)


def _fold(recount: Recount, intake: httpx.Client, observe: Observer) -> None:
    total = remote.head(intake).events
    while page := remote.log_page(intake, recount.position):
        for line in page:
            recount.take(line)
        observe("recounting the log", recount.events, max(total, recount.events))


def _catch_up(recount: Recount, clients: Clients, observe: Observer, wait_seconds: float) -> None:
    """Wait until both services have seen every event; what they still lack after that is a difference."""
    for service, instances, path in clients.holders:

        def caught_up(service: str = service, instances: tuple[httpx.Client, ...] = instances, path: str = path) -> bool:
            seen = sum(remote.events_seen(service, client, path) for client in instances)
            observe(f"waiting for {service}", min(seen, recount.events), recount.events)
            return seen >= recount.events

        wait_until(caught_up, wait_seconds)


def _compare(recount: Recount, clients: Clients, observe: Observer, plan: Plan) -> Verdict:
    verdict = Verdict(events=recount.events, dossiers=len(recount.dossiers), differences=list(recount.faults))
    with ThreadPoolExecutor(1) as beside:  # reporting looks through its read model while the log is compared here
        looking = beside.submit(_inconsistencies, clients.reporting, observe)
        for holder in clients.holders:
            unreadable: list[Difference] = []
            held = _held(holder, len(recount.dossiers), observe, unreadable)
            verdict.differences += compare_dossiers(holder[0], recount.dossiers, held)
            verdict.differences += unreadable
        verdict.differences += looking.result()
    check = FigureCheck(recount, clients.reporting, plan.sample, Random(plan.seed))  # noqa: S311 - drawn to be repeated, not to be secret
    verdict.differences += check.differences(observe)
    verdict.figures = check.compared
    return verdict


def _inconsistencies(reporting: httpx.Client, observe: Observer) -> list[Difference]:
    return list(inconsistencies(reporting, lambda done, total: observe("checking the read model", done, total)))


def _held(holder: Holder, total: int, observe: Observer, unreadable: list[Difference]) -> Iterator[StatusV1]:
    """The snapshots of all instances of a service; the observer hears of every thousandth."""
    service, instances, path = holder
    count = 0
    for client in instances:
        for line in remote.snapshots(service, client, path):
            count += 1
            try:
                yield decode_status(line)
            except ValueError as wrong:  # whose it was is told by who is missing
                unreadable.append(Difference(service, f"snapshot {count}", f"cannot be read: {wrong}"))
            if count % 1000 == 0:
                observe(f"comparing {service}", count, max(total, count))
    observe(f"comparing {service}", count, max(total, count))
