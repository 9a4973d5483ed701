"""The encrypted table in SQL: what is kept of applicants, and who was erased."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.applicants.encryption import SealedDetails
from services.intake.log.tables import APPLICANTS, DOSSIERS, ERASURES
from shared.service.sql import Insert, Lookup

_APPLICANTS, _DOSSIERS, _ERASURES = APPLICANTS.c, DOSSIERS.c, ERASURES.c
_KEPT = Lookup(select(APPLICANTS), _APPLICANTS.pseudonym)
_ERASED = Lookup(select(ERASURES), _ERASURES.pseudonym)
_OWN = Lookup(select(_DOSSIERS.applicant, _DOSSIERS.code), _DOSSIERS.applicant)
_KEEP = Insert(APPLICANTS, replacing=("key_id", "wrapped_key", "details", "as_of", "stored_at"))
_ERASE = Insert(ERASURES, replacing=("erased_at", "erased_by", "reason"))


class ApplicantRow(NamedTuple):
    """A row of the table, in the order of its columns."""

    pseudonym: str
    key_id: str
    wrapped_key: bytes
    details: bytes
    as_of: float
    stored_at: float
    kept_until: float | None

    @property
    def sealed(self) -> SealedDetails:
        return SealedDetails(self.key_id, self.wrapped_key, self.details)


class ErasureRow(NamedTuple):
    """That somebody was erased."""

    pseudonym: str
    erased_at: float
    erased_by: str
    reason: str


async def kept(connection: AsyncConnection, pseudonyms: Iterable[str]) -> list[ApplicantRow]:
    """What is kept of those applicants of whom something is."""
    return [ApplicantRow(*row) for row in await _KEPT.rows(connection, pseudonyms)]


async def erased(connection: AsyncConnection, pseudonyms: Iterable[str]) -> dict[str, ErasureRow]:
    """The erasures of those applicants that were erased."""
    return {row[0]: ErasureRow(*row) for row in await _ERASED.rows(connection, pseudonyms)}


async def every_erasure(connection: AsyncConnection) -> list[ErasureRow]:
    """Every erasure, the earliest first."""
    rows = await connection.execute(select(ERASURES).order_by(_ERASURES.erased_at, _ERASURES.pseudonym))
    return [ErasureRow(*row) for row in rows]


async def keep(connection: AsyncConnection, rows: Sequence[ApplicantRow]) -> None:
    """Store what is kept of applicants, in place of what was."""
    await _KEEP.write(connection, rows)


async def erase(connection: AsyncConnection, erasures: Sequence[ErasureRow]) -> int:
    """Delete what receipts up to each erasure gave, and remember the erasures; of how many something was there."""
    gone = 0
    for erasure in erasures:
        mine = (_APPLICANTS.pseudonym == erasure.pseudonym) & (_APPLICANTS.as_of <= erasure.erased_at)
        gone += (await connection.execute(delete(APPLICANTS).where(mine))).rowcount
    await _ERASE.write(connection, erasures)
    return gone


async def page(connection: AsyncConnection, after: str, limit: int) -> list[ApplicantRow]:
    """Up to `limit` applicants behind a pseudonym, in order."""
    rows = select(APPLICANTS).where(_APPLICANTS.pseudonym > after).order_by(_APPLICANTS.pseudonym).limit(limit)
    return [ApplicantRow(*row) for row in await connection.execute(rows)]


async def dossiers_of(connection: AsyncConnection, pseudonyms: Iterable[str]) -> dict[str, set[str]]:
    """The codes of the applicants' dossiers, as they stand."""
    found: dict[str, set[str]] = {}
    for pseudonym, dossier in await _OWN.rows(connection, pseudonyms):
        found.setdefault(pseudonym, set()).add(dossier)
    return found


async def to_wrap(connection: AsyncConnection, first_key: str, after: str, limit: int) -> list[ApplicantRow]:
    """Applicants behind a pseudonym whose data keys another master key wraps than the first."""
    another = (_APPLICANTS.key_id != first_key) & (_APPLICANTS.pseudonym > after)
    rows = select(APPLICANTS).where(another).order_by(_APPLICANTS.pseudonym).limit(limit)
    return [ApplicantRow(*row) for row in await connection.execute(rows)]


async def wrap(connection: AsyncConnection, row: ApplicantRow, sealed: SealedDetails) -> bool:
    """Put another wrapping of the same data key in place, unless the row has changed since it was read."""
    same = (_APPLICANTS.pseudonym == row.pseudonym) & (_APPLICANTS.wrapped_key == row.wrapped_key)
    values = {"key_id": sealed.key_id, "wrapped_key": sealed.wrapped_key}
    return bool((await connection.execute(update(APPLICANTS).where(same).values(values))).rowcount)


async def keep_until(connection: AsyncConnection, ends: Mapping[str, float | None]) -> None:
    """Say until when applicants are kept."""
    for pseudonym, end in ends.items():
        mine = _APPLICANTS.pseudonym == pseudonym
        await connection.execute(update(APPLICANTS).where(mine).values(kept_until=end))
