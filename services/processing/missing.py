"""Looking for events that the ledger should have had: a gap in a dossier's sequence is never a reason to go on without looking.

Intake numbers a dossier's events without gaps, so a gap says that this worker skipped events or that its ledger is behind. It reads the
topic again; only what is truly not there becomes a dead letter.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka import TopicPartition

from shared.contract.envelope import CloudEvent
from shared.contract.topics import EVENTS
from shared.scan import scan
from shared.usable import Unusable, usable_event

MOST_SEARCHED = 10_000
Past = dict[str, dict[int, CloudEvent]]  # by dossier code and sequence


async def search(connection: Mapping[str, Any], number: int, codes: Iterable[str], until: int, searched: dict[str, int]) -> Past:
    """The dossiers' events that stand in the partition before an offset. `searched` remembers up to where each was looked for."""
    wanted = set(codes)
    past: Past = defaultdict(dict)

    def take(record: Any) -> None:
        if record.key is None or record.key.decode(errors="replace") not in wanted:
            return
        try:
            envelope = usable_event(record.value)
        except Unusable:
            return
        if envelope.subject in wanted and envelope.sequence is not None:
            past[envelope.subject].setdefault(envelope.sequence, envelope)

    tp = TopicPartition(EVENTS.name, number)
    start = min((searched.get(code, 0) for code in wanted), default=until)
    await scan(connection, {tp: start}, take, {tp: until})
    if len(searched) > MOST_SEARCHED:
        searched.clear()
    searched.update((code, until) for code in wanted if not past.get(code))
    return past
