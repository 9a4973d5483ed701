"""Looking for events that the ledger should have had: a gap in a dossier's sequence is never a reason to go on without looking.

Intake numbers a dossier's events without gaps, so a gap says that this worker skipped events or that its ledger is behind. It reads the
topic again; only what is truly not there becomes a dead letter.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka import TopicPartition

from shared.contract.envelope import CloudEvent
from shared.contract.topics import EVENTS
from shared.scan import scan
from shared.usable import Unusable, usable_event

MOST_SEARCHED = 10_000
WAITS_SECONDS, LOOKS_EVERY_SECONDS = 15.0, 0.5  # for a relay that finds the topic emptied and sends the log again
Past = dict[str, dict[int, CloudEvent]]  # by dossier code and sequence


async def search(connection: Mapping[str, Any], number: int, codes: Iterable[str], past: Past, searched: dict[str, int]) -> None:
    """Add to `past` the dossiers' events that stand in the partition, those behind the gap too: the relay may be sending the log again.

    `searched` remembers up to where dossiers were looked for of which nothing was found.
    """
    wanted = set(codes)

    def take(record: Any) -> None:
        if record.key is None or record.key.decode(errors="replace") not in wanted:
            return
        try:
            envelope = usable_event(record.value)
        except Unusable:
            return
        if envelope.subject in wanted and envelope.sequence is not None:
            past.setdefault(envelope.subject, {}).setdefault(envelope.sequence, envelope)

    tp = TopicPartition(EVENTS.name, number)
    ends = await scan(connection, {tp: min(searched.get(code, 0) for code in wanted)}, take)
    if len(searched) > MOST_SEARCHED:
        searched.clear()
    searched.update((code, ends[tp]) for code in wanted)
