"""The comparison itself: the log's dossiers with a service's snapshots, and counted figures with published ones."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from motcua.verify.counting import COUNTED, Counts
from motcua.verify.difference import Difference
from shared.contract.status import StatusV1
from shared.domain.dossier import Dossier
from shared.mapping import timeliness_after

Value = str | int | datetime | None


def compare_dossiers(place: str, dossiers: Mapping[str, Dossier], held: Iterable[StatusV1]) -> Iterator[Difference]:
    """Where the snapshots that `place` holds differ from the dossiers of the log: missing, unexpected, twice, or other values."""
    seen: set[str] = set()
    for status in held:
        dossier = dossiers.get(status.code)
        if dossier is None:
            yield Difference(place, status.code, "holds it, the log has no such dossier")
        elif status.code in seen:
            yield Difference(place, status.code, "holds it more than once")
        else:
            yield from _compare(place, dossier, status)
        seen.add(status.code)
    for code in dossiers:
        if code not in seen:
            yield Difference(place, code, "does not hold it")


def _compare(place: str, dossier: Dossier, status: StatusV1) -> Iterator[Difference]:
    counted: dict[str, tuple[Value, Value]] = {
        "sequence": (dossier.sequence, status.sequence),
        "state": (dossier.state.value, status.state),
        "department": (dossier.department, status.department),
        "channel": (dossier.channel.value, status.channel),
        "due_at": (dossier.due_at, status.due_at),
        "timeliness": (timeliness_after(dossier, status.alerted), status.timeliness),
    }
    for name, (expected, found) in counted.items():
        if expected != found:
            yield Difference(place, dossier.code, f"says {name} {_shown(found)}, the log {_shown(expected)}")


def compare_figures(place: str, period: str, counted: Counts, published: Mapping[str, object]) -> Iterator[Difference]:
    """Where one row of published figures differs from the counted one."""
    for key in COUNTED:
        if counted[key] != published.get(key):
            yield Difference(place, f"{period}, {key}", f"says {published.get(key)}, the log counts {counted[key]}")


def _shown(value: Value) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
