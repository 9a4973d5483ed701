"""Dossiers between two events: the log is where they live, the latest of them are kept in memory."""

from collections.abc import Iterable
from itertools import islice

from shared.contract.envelope import decode_envelope, event_of
from shared.domain.dossier import Dossier, apply


def replay(code: str, events: Iterable[bytes]) -> Dossier:
    """The dossier after these logged events."""
    dossier: Dossier | None = None
    for event in events:
        envelope = decode_envelope(event)
        dossier = apply(dossier, code, event_of(envelope), envelope.time)
    assert dossier is not None, f"the log has no event of {code}"
    return dossier


class RecentDossiers:
    """The dossiers decided on last. The log stays the truth: one is used only while its sequence is the log's."""

    def __init__(self, capacity: int = 20_000) -> None:
        self._dossiers: dict[str, Dossier] = {}
        self._capacity = capacity

    def get(self, code: str, sequence: int) -> Dossier | None:
        """The dossier after its event `sequence`, when it is at hand."""
        known = self._dossiers.get(code)
        return known if known is not None and known.sequence == sequence else None

    def put(self, dossiers: dict[str, Dossier]) -> None:
        """Keep these as they are after a commit; the ones that changed longest ago make room."""
        for code in dossiers:
            self._dossiers.pop(code, None)
        self._dossiers.update(dossiers)
        excess = len(self._dossiers) - self._capacity
        for code in list(islice(self._dossiers, max(excess, 0))):
            del self._dossiers[code]
