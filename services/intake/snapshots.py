"""Dossiers between two events: as bytes in their table, and the latest of them in memory."""

from datetime import datetime
from itertools import islice

from shared.contract.codec import decode_status, encode
from shared.domain.dossier import Dossier
from shared.mapping import to_dossier, to_status


def freeze(dossier: Dossier, recorded_at: datetime) -> bytes:
    """The snapshot of a dossier, in the contract's form, which outlives changes to the code."""
    return encode(to_status(dossier, version=dossier.sequence, recordedtime=recorded_at, alerted={}))


def thaw(snapshot: bytes) -> Dossier:
    """The dossier of a snapshot."""
    return to_dossier(decode_status(snapshot))


class RecentDossiers:
    """The dossiers decided on last. The table stays the truth: one is used only while its sequence is the table's."""

    def __init__(self, capacity: int = 20_000) -> None:
        self._dossiers: dict[str, Dossier] = {}
        self._capacity = capacity

    def get(self, code: str, sequence: int, snapshot: bytes) -> Dossier:
        """The dossier after event `sequence`, read from its snapshot when it is not at hand."""
        known = self._dossiers.pop(code, None)
        if known is None or known.sequence != sequence:
            known = thaw(snapshot)
        self._dossiers[code] = known
        return known

    def put(self, dossiers: dict[str, Dossier]) -> None:
        """Keep these as they are after a commit; the ones used longest ago make room."""
        for code in dossiers:
            self._dossiers.pop(code, None)
        self._dossiers.update(dossiers)
        excess = len(self._dossiers) - self._capacity
        for code in list(islice(self._dossiers, max(excess, 0))):
            del self._dossiers[code]
