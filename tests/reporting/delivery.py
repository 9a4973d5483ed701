"""Status records as the processor writes them, and a topic that delivers them to the projection."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.projecting.projection import OffsetAdvance, project, stored_positions
from services.reporting.projecting.records import Batch, FetchedRecords
from services.reporting.read_model.tables import dossiers, history, offsets, sums
from services.reporting.read_model.versions import NewVersion
from shared.contract.envelope import encode
from shared.contract.marks import Headers
from shared.contract.status import status_of, version_of
from shared.contract.topics import STATUS
from shared.domain.dossier import Dossier
from shared.domain.transitions import apply
from shared.service.sql import writing
from tests.builders.events import Dated


@dataclass(frozen=True, slots=True)
class Sent:
    """A record of the status topic."""

    key: bytes | None
    value: bytes | None
    offset: int = 0
    partition: int = 0
    topic: str = STATUS.name
    headers: Headers = field(default_factory=list)
    timestamp: int = 0


def statuses(code: str, history: Sequence[Dated], recorded: Sequence[datetime] | None = None) -> Iterator[Sent]:
    """One record an event, as the dossier stood after it; recorded when it happened unless told otherwise."""
    dossier: Dossier | None = None
    for number, event in enumerate(history):
        dossier = apply(dossier, code, *event)
        yield snapshot(dossier, event.occurred_at if recorded is None else recorded[number])


def snapshot(dossier: Dossier, recordedtime: datetime, version: int | None = None, **changed: Any) -> Sent:
    status = status_of(
        dossier, version=version or version_of(dossier.sequence, {}, None), recordedtime=recordedtime, alerted={}
    )
    return Sent(dossier.code.encode(), encode(replaced(status, changed)))


def replaced(status: Any, changed: dict[str, Any]) -> Any:
    return type(status)(**{name: getattr(status, name) for name in status.__struct_fields__} | changed)


@dataclass(slots=True)
class Topic:
    """One partition of the status topic, read from where SQL stands."""

    engine: AsyncEngine
    end: int = 0

    async def deliver(self, records: Iterable[Sent], batch_size: int = 5000) -> list[NewVersion]:
        """Append the records and project them, a transaction for every `batch_size`."""
        numbered = [replace(record, offset=self.end + index) for index, record in enumerate(records)]
        applied: list[NewVersion] = []
        for start in range(0, len(numbered), batch_size):
            applied += await self.project(numbered[start : start + batch_size])
        self.end += len(numbered)
        return applied

    async def project(self, records: Iterable[Sent]) -> list[NewVersion]:
        stored = await stored_positions(self.engine, STATUS.name, [0])
        batch, read = Batch(), FetchedRecords(stored, set())
        for record in read.taken(records):
            batch.take(record)
        versions = {code: batch.versions(code) for code in batch.codes()}
        return await project(
            self.engine, STATUS.name, {0: OffsetAdvance(stored[0].next_offset, read.positions[0])}, versions
        )


async def empty(engine: AsyncEngine) -> None:
    """As if nothing had been projected yet; the revision goes on."""
    async with writing(engine) as connection:
        for table in (dossiers, history, sums, offsets):
            await connection.execute(delete(table))
