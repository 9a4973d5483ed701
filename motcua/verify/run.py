"""The verification as a whole: fold the log, wait for the services to catch up, compare everything."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from motcua.client import Outlived, ServiceClient, Services
from motcua.failure import Failure
from motcua.log import DOSSIERS, LEDGER, Observer, events_held, events_read, log_head, log_page, wait_until_seen
from motcua.verify.audited import AuditedLog, chain_faults
from motcua.verify.differences import LOG, READ_MODEL, Difference, compare_dossiers, inconsistencies
from motcua.verify.figures import FigureCheck
from motcua.verify.recount import Recount, decode_log_line
from shared.contract.status import StatusV1, decode_status
from shared.domain.localtime import ONE_DAY

ROUNDS = 5


@dataclass(slots=True)
class Verdict:
    """What was compared, and every difference found."""

    events: int = 0
    dossiers: int = 0
    figures: int = 0
    audited: int | None = 0  # entries of the audit that the log was held against; None: this key may not read it
    differences: list[Difference] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Holder:
    """A service that holds dossiers: its instances hold a part each, `path` lists them."""

    name: str
    instances: Sequence[ServiceClient]
    path: str


def run(
    services: Services, workers: Sequence[str], observe: Observer, *, wait_seconds: float, sample: int, seed: int
) -> Verdict:
    """Verify; when events arrive meanwhile or the read model is made anew, start again; in the end give up.

    `workers` are the addresses of all workers of processing; `sample` figures that agree are opened, drawn by `seed`.
    """
    with ExitStack() as stack:

        def client(name: str, url: str) -> ServiceClient:
            return stack.enter_context(ServiceClient(name, url, services.key))

        intake, reporting = client("intake", services.intake), client("reporting", services.reporting)
        processing = Holder("processing", [client("processing", url) for url in workers], LEDGER)
        verification = Verification(
            intake, reporting, (processing, Holder("reporting", [reporting], DOSSIERS)), observe
        )
        for _ in range(ROUNDS):
            verification.fold_the_log()
            verification.let_catch_up(wait_seconds)
            try:
                verdict = verification.compare(sample, Random(seed))  # noqa: S311 - to be repeated, not to be secret
            except Outlived:
                continue
            if not log_page(intake, verification.recount.position, limit=1):
                return verdict
    raise Failure(
        "events keep arriving or reporting makes its figures anew, and a comparison needs a pause: stop sending for a "
        "moment and run `motcua verify` again"
    )


class Verification:
    """The log recounted so far, and the services that it is compared with."""

    def __init__(
        self, intake: ServiceClient, reporting: ServiceClient, holders: Sequence[Holder], observe: Observer
    ) -> None:
        self._intake, self._reporting, self._holders, self._observe = intake, reporting, holders, observe
        self.recount = Recount(past_instants(intake))
        self._audit = AuditedLog(intake)

    def fold_the_log(self) -> None:
        self._audit.read_on()
        total = log_head(self._intake).events
        while page := log_page(self._intake, self.recount.position):
            for line in page:
                self.recount.take(line)
                self._audit.take(self.recount.position, line)
            self._observe("recounting the log", self.recount.events, max(total, self.recount.events))
        self._audit.read_on()

    def let_catch_up(self, wait_seconds: float) -> None:
        """Wait until both services have seen every event; what they still lack after that is a difference."""
        events, processing = self.recount.events, self._holders[0]
        looks = {
            "processing": lambda: events_held(processing.instances, processing.path),
            "reporting": lambda: events_read(self._reporting),
        }
        for name, look in looks.items():

            def seen(number: int, name: str = name) -> None:
                self._observe(f"waiting for {name}", min(number, events), events)

            wait_until_seen(look, events, seen, wait_seconds)

    def compare(self, sample: int, chance: Random) -> Verdict:
        recount = self.recount
        verdict = Verdict(events=recount.events, dossiers=len(recount.dossiers), differences=list(recount.faults))
        verdict.differences += self._audit.differences()
        verdict.audited = self._audit.compared
        with ThreadPoolExecutor(1) as beside:  # services look through their databases meanwhile
            looking = beside.submit(lambda: list(self._found_by_services()))
            for holder in self._holders:
                unreadable: list[Difference] = []
                verdict.differences += compare_dossiers(holder.name, recount.dossiers, self._held(holder, unreadable))
                verdict.differences += unreadable
            verdict.differences += looking.result()
        check = FigureCheck(recount, self._reporting, sample, chance)
        verdict.differences += check.differences(self._observe)
        verdict.figures = check.compared
        return verdict

    def _found_by_services(self) -> Iterator[Difference]:
        """What intake and reporting find when they hold their databases against what is sealed, and against itself."""

        def checking(what: str) -> Callable[[int, int], None]:
            return lambda done, total: self._observe(f"checking {what}", done, total)

        beside = "intake, beside the events themselves:"
        yield from inconsistencies(self._intake, LOG, beside, checking("the log's rows"))
        yield from chain_faults(self._reporting)
        beside = "reporting, beside its own snapshot:"
        yield from inconsistencies(self._reporting, READ_MODEL, beside, checking("the read model"))

    def _held(self, holder: Holder, unreadable: list[Difference]) -> Iterator[StatusV1]:
        """The snapshots of all instances of a service; the observer hears of every thousandth."""
        doing, total, count = f"comparing {holder.name}", len(self.recount.dossiers), 0
        for instance in holder.instances:
            for line in instance.lines(holder.path):
                count += 1
                try:
                    yield decode_status(line)
                except ValueError as wrong:  # whose it was is told by who is missing
                    unreadable.append(Difference(holder.name, f"snapshot {count}", f"cannot be read: {wrong}"))
                if count % 1000 == 0:
                    self._observe(doing, count, max(total, count))
        self._observe(doing, count, max(total, count))


def past_instants(intake: ServiceClient) -> tuple[datetime, ...]:
    """Which past instants are asked about: when half of the log was known, a day before its end; fewer for a short log.

    Each is the end of the second before: of what became known within one second the read model may keep the last only.
    """
    last = log_head(intake).position
    begin, middle, end = (_recorded(intake, position) for position in (1, last // 2, last))
    if begin is None or middle is None or end is None:
        return ()
    wanted = {middle, end - ONE_DAY} if end - ONE_DAY >= begin else {middle}
    return tuple(sorted(instant.replace(microsecond=0) - timedelta.resolution for instant in wanted))


def _recorded(intake: ServiceClient, position: int) -> datetime | None:
    """When the event at the position was recorded; None where there is none."""
    lines = log_page(intake, position - 1, limit=1) if position > 0 else []
    return decode_log_line(lines[0]).event.recordedtime if lines else None
