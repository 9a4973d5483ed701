"""Differences between the log and what the services hold, dossier by dossier, and those that reporting itself finds."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct

from motcua.client import ServiceClient
from motcua.failure import Failure
from motcua.report import sum_name
from shared.contract.envelope import encode
from shared.contract.http.rebuilds import SumDifference
from shared.contract.status import StatusV1, status_of
from shared.domain.dossier import Dossier

READ_MODEL, LOG = "/v1/consistency", "/v1/log/consistency"
NOT_OF_THE_LOG = {
    "version",
    "recordedtime",
    "alerted",
}  # the processor's own: a threshold that was announced makes a version
COMPARED = [name for name in StatusV1.__struct_fields__ if name not in NOT_OF_THE_LOG]


@dataclass(frozen=True, slots=True)
class Difference:
    """`place` disagrees with the log, about a dossier's code or a figure; `dossiers` are at fault."""

    place: str
    about: str
    detail: str
    dossiers: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.about}: {self.place} {self.detail}"


def of_dossier(place: str, code: str, detail: str) -> Difference:
    """A difference about one dossier."""
    return Difference(place, code, detail, frozenset({code}))


def compare_dossiers(place: str, dossiers: Mapping[str, Dossier], held: Iterable[StatusV1]) -> Iterator[Difference]:
    """Where the snapshots of `place` differ from the log's dossiers: missing, unexpected, twice, or other values."""
    seen: set[str] = set()
    for status in held:
        dossier = dossiers.get(status.code)
        if dossier is None:
            yield of_dossier(place, status.code, "holds it, the log has no such dossier")
        elif status.code in seen:
            yield of_dossier(place, status.code, "holds it more than once")
        else:
            yield from _compare(place, dossier, status)
        seen.add(status.code)
    for code in dossiers:
        if code not in seen:
            yield of_dossier(place, code, "does not hold it")


def _compare(place: str, dossier: Dossier, status: StatusV1) -> Iterator[Difference]:
    counted = status_of(dossier, version=status.version, recordedtime=status.recordedtime, alerted=status.alerted)
    if counted == status:
        return
    for name in COMPARED:
        expected, held = getattr(counted, name), getattr(status, name)
        if expected != held:
            yield of_dossier(place, dossier.code, f"says {name} {_shown(held)}, the log {_shown(expected)}")


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if value is None or isinstance(value, str | int) else encode(value).decode()


class ConsistencyLine(Struct, omit_defaults=True):
    """A line of the answer: a difference (`about` a dossier's code or a sum), progress, or at the end their number."""

    about: str | SumDifference | None = None
    detail: str = ""
    looked_at: int = 0
    of: int = 0
    differences: int | None = None


def inconsistencies(
    service: ServiceClient, path: str, place: str, observe: Callable[[int, int], None]
) -> Iterator[Difference]:
    """What a service finds when it holds its database against itself: wrong dossiers, and reporting's wrong sums.

    `observe` hears how many rows have been looked at, of how many. Failure when the answer ends before the look did.
    """
    number, said = 0, None
    for text in service.lines(path):
        line = service.decoded(ConsistencyLine, text)
        if isinstance(line.about, str):
            yield of_dossier(place, line.about, line.detail)
        elif line.about is not None:
            yield Difference("reporting", sum_name(line.about), line.detail)
        elif line.differences is None:
            observe(line.looked_at, line.of)
        number, said = number + (line.about is not None), line.differences
    if said != number:
        raise Failure(f"{service.name} broke off while it looked through its database; see its log and try again")
