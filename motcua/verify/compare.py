"""The log's dossiers compared with the snapshots that a service holds, field by field."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from motcua.verify.difference import Difference, of_dossier
from shared.contract.codec import encode
from shared.contract.status import StatusV1, status_of
from shared.domain.dossier import Dossier

NOT_OF_THE_LOG = {"version", "recordedtime", "alerted"}  # the processor's own: a threshold that was announced makes a version
COMPARED = [name for name in StatusV1.__struct_fields__ if name not in NOT_OF_THE_LOG]


def compare_dossiers(place: str, dossiers: Mapping[str, Dossier], held: Iterable[StatusV1]) -> Iterator[Difference]:
    """Where the snapshots that `place` holds differ from the dossiers of the log: missing, unexpected, twice, or other values."""
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
        expected, found = getattr(counted, name), getattr(status, name)
        if expected != found:
            yield of_dossier(place, dossier.code, f"says {name} {_shown(found)}, the log {_shown(expected)}")


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if value is None or isinstance(value, str | int) else encode(value).decode()
