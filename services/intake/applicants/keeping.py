"""Keeps who applied: encrypted in the transaction that logs the receipt, shown to who may see it, erased for good."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import structlog
from msgspec import MsgspecError, Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.applicants import table
from services.intake.applicants.commit import ApplicantsOfCommit
from services.intake.applicants.details import KeptDetails, decode_details, encode_details
from services.intake.applicants.encryption import Damaged, MasterKeyMissing, MasterKeys
from services.intake.applicants.master_keys import MasterKeySource
from services.intake.applicants.table import ApplicantRow, ErasureRow
from services.intake.erasures import ErasuresFile
from services.intake.log.database import Database, committing
from shared.auditing.entries import Act, AuditEntry
from shared.contract.applicants import ApplicantDetails
from shared.contract.http.applicants import Erasure, RotationAnswer
from shared.domain.dossier import Dossier
from shared.service.audit import Audit

ROWS_AT_ONCE = 500
CHECKPOINTS, CHECKPOINT_PAUSE_S = 5, 0.2
NO_KEY = (
    "no master key is set: set MOTCUA_INTAKE_APPLICANTS_KEY_FILE, or MOTCUA_INTAKE_APPLICANTS_KEY "
    "(docs/personal-data.md says how)"
)
NO_FILE = (
    "what is erased must stay erased when a backup is restored, and there is no file to write it down in: set "
    "MOTCUA_INTAKE_ERASURES_FILE (beside the master key, outside the database's backups)"
)
LOGGER = structlog.get_logger()


class NoMasterKey(Exception):
    """Details are asked for, and no master key is set."""


class CannotErase(Exception):
    """The erasure can't be written down, so it would not last; nothing was erased."""


class KeptApplicant(Struct, frozen=True):
    """What is kept of an applicant, in the clear."""

    details: ApplicantDetails
    stored_at: datetime
    kept_until: datetime | None


class Applicants:
    """The encrypted table of one intake. Without a master key nothing is kept, and whatever names nobody is as ever."""

    def __init__(self, database: Database, audit: Audit, keys: MasterKeySource, erasures: ErasuresFile | None) -> None:
        self._database = database
        self._audit = audit
        self._keys = keys
        self._erasures = erasures

    async def of_commit(self, connection: AsyncConnection, named: Iterable[str], given: set[str]) -> ApplicantsOfCommit:
        """What is known of the applicants that a commit is about; `given` are those whose details came with it."""
        keys = self._keys.current
        if keys is None:
            return ApplicantsOfCommit()
        kept: dict[str, KeptDetails] = {}
        for row in await table.kept(connection, {*named, *given}):
            if (opened := self._opened(row)) is not None:
                kept[row.pseudonym] = KeptDetails(opened, row.as_of)
        erased = await table.erased(connection, given)
        return ApplicantsOfCommit(True, kept, {pseudonym: row.erased_at for pseudonym, row in erased.items()})

    async def write(self, connection: AsyncConnection, applicants: ApplicantsOfCommit, recorded_at: float) -> None:
        """Store what a commit changed, in its transaction."""
        if not applicants.changed:
            return
        keys = self._keys.current
        assert keys is not None, "details are taken with a master key only"
        rows = []
        for pseudonym, kept in applicants.changed.items():
            sealed = keys.seal(pseudonym, encode_details(kept.details))
            rows.append(
                ApplicantRow(
                    pseudonym, sealed.key_id, sealed.wrapped_key, sealed.ciphertext, kept.as_of, recorded_at, None
                )
            )
        await table.keep(connection, rows)

    async def looked_at(self, pseudonym: str, code: str) -> None:
        """Note in the audit that whoever acts saw the details by this dossier; before they are shown."""
        await self._audit.write_alone(AuditEntry(Act.APPLICANT_SEEN, code, {"applicant": pseudonym}))

    async def kept(self, pseudonym: str) -> KeptApplicant | None:
        """What is kept of an applicant. Raises NoMasterKey, MasterKeyMissing and Damaged."""
        async with self._database.reader.connect() as connection:
            rows = await table.kept(connection, [pseudonym])
        if not rows:
            return None
        (row,), keys = rows, self._keys.current
        if keys is None:
            raise NoMasterKey(f"details of the applicant are kept, and can't be read: {NO_KEY}")
        until = None if row.kept_until is None else datetime.fromtimestamp(row.kept_until, UTC)
        return KeptApplicant(_details(keys, row), datetime.fromtimestamp(row.stored_at, UTC), until)

    async def erasures(self, pseudonyms: Iterable[str]) -> dict[str, Erasure]:
        """Who of these applicants was erased, the last time."""
        async with self._database.reader.connect() as connection:
            rows = await table.erased(connection, pseudonyms)
        return {pseudonym: _erasure(row) for pseudonym, row in rows.items()}

    async def erasure_over(self, dossier: Dossier) -> Erasure | None:
        """The erasure of its applicant since the dossier came."""
        return erased_since(await self.erasures(filter(None, [dossier.applicant])), dossier)

    async def sought(self, pseudonyms: Sequence[str], codes: Sequence[str]) -> None:
        """Note in the audit that whoever acts looked for applicants by what pseudonyms are made of, and found these
        dossiers; before they are shown."""
        details = {"dossiers": list(codes)}
        await self._audit.write_alone(*(AuditEntry(Act.APPLICANT_SOUGHT, each, details) for each in pseudonyms))

    async def put_right(
        self, pseudonym: str, code: str, details: ApplicantDetails, now: datetime, at: datetime
    ) -> None:
        """Keep these details of an applicant in place of what was kept, as of now. Raises NoMasterKey."""
        keys = self._keys.current
        if keys is None:
            raise NoMasterKey(NO_KEY)
        sealed = keys.seal(pseudonym, encode_details(details))
        row = ApplicantRow(
            pseudonym, sealed.key_id, sealed.wrapped_key, sealed.ciphertext, now.timestamp(), at.timestamp(), None
        )
        async with committing(self._database) as connection:
            await table.keep(connection, [row])
            await self._audit.write(connection, AuditEntry(Act.APPLICANT_PUT_RIGHT, code, {"applicant": pseudonym}))
        await self.empty_wal()

    async def erase(self, pseudonyms: Iterable[str], by: str, reason: str, now: datetime) -> list[tuple[Erasure, bool]]:
        """Delete keys and ciphertexts for good; each erasure, and whether something was there. Raises CannotErase.

        Receipts up to the erasure never bring the person back; one after it is a new fact.
        """
        if self._erasures is None:
            raise CannotErase(NO_FILE)
        erased: list[tuple[Erasure, bool]] = []
        async with committing(self._database) as connection:
            wanted = list(dict.fromkeys(pseudonyms))
            known = {row.pseudonym: row for row in await table.kept(connection, wanted)}
            before = await table.erased(connection, wanted)
            new: list[ErasureRow] = []
            for pseudonym in wanted:
                row = known.get(pseudonym)
                if row is None and pseudonym in before:
                    erased.append((_erasure(before[pseudonym]), False))
                    continue
                at = now.timestamp() if row is None else max(now.timestamp(), row.as_of)
                new.append(ErasureRow(pseudonym, at, by, reason))
                erased.append((_erasure(new[-1]), row is not None))
            await self._write_down(new)
            await table.erase(connection, new)
            await self._audit.write(
                connection, *(AuditEntry(Act.APPLICANT_ERASED, row.pseudonym, {"reason": reason}) for row in new)
            )
        await self.empty_wal()
        return erased

    async def apply_erasures(self) -> None:
        """At start: what the file says is erased, whatever the database was restored from; and the file says it all.

        Raises ErasuresUnreadable: what must not come back is not known.
        """
        if self._erasures is None:
            return
        listed = {each.applicant: each for each in await asyncio.to_thread(self._erasures.read)}
        async with committing(self._database) as connection:
            stored = {row.pseudonym: row for row in await table.every_erasure(connection)}
            rows = [_row(each) for each in listed.values()]
            gone = await table.erase(connection, [row for row in rows if _is_newer(row, stored.get(row.pseudonym))])
            written = {row.pseudonym: row for row in rows}
            await self._write_down([row for row in stored.values() if _is_newer(row, written.get(row.pseudonym))])
        if gone:
            LOGGER.warning("erased_again", applicants=gone, file=str(self._erasures.path))
            await self.empty_wal()

    async def rotate(self) -> RotationAnswer:
        """Wrap every data key by the first master key; started again, it goes on where it was. Raises NoMasterKey."""
        keys = self._keys.current
        if keys is None:
            raise NoMasterKey(NO_KEY)
        wrapped = unreadable = 0
        after = ""
        while True:
            async with self._database.writer.begin() as connection:
                rows = await table.to_wrap(connection, keys.first, after, ROWS_AT_ONCE)
                for row in rows:
                    try:
                        sealed = keys.wrapped_anew(row.pseudonym, row.sealed)
                    except (MasterKeyMissing, Damaged) as failure:
                        unreadable += 1
                        LOGGER.warning("data_key_unreadable", applicant=row.pseudonym, why=str(failure))
                        continue
                    wrapped += await table.wrap(connection, row, sealed)
            if not rows:
                break
            after = rows[-1].pseudonym
        if wrapped:
            details = {"key": keys.first, "wrapped": wrapped, "unreadable": unreadable}
            await self._audit.write_alone(AuditEntry(Act.APPLICANT_KEYS_WRAPPED, details=details))
            await self.empty_wal()
        return RotationAnswer(key=keys.first, wrapped=wrapped, unreadable=unreadable)

    async def empty_wal(self) -> None:
        """SQLite: carry over and cut off the write-ahead log, in which pages lie as they were; deleted content in
        the database itself was overwritten with zeros (secure_delete)."""
        if self._database.is_postgresql:
            return
        for _ in range(CHECKPOINTS):
            async with self._database.writer.connect() as connection:
                await connection.execution_options(sqlite_begin="SELECT 1")  # a checkpoint stands in no transaction
                busy = (await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))).scalar_one()
            if not busy:
                return
            await asyncio.sleep(CHECKPOINT_PAUSE_S)
        LOGGER.warning("wal_not_emptied", why="a reader holds it; the next erasure, rotation or start empties it")

    async def _write_down(self, rows: list[ErasureRow]) -> None:
        if not rows or self._erasures is None:
            return
        try:
            await asyncio.to_thread(self._erasures.append, [_erasure(row) for row in rows])
        except OSError as failure:
            raise CannotErase(
                f"{self._erasures.path} can't be written ({failure.strerror or failure}), so the erasure would not "
                "outlast a restored backup; nothing was erased. Mend it and ask again"
            ) from failure

    def _opened(self, row: ApplicantRow) -> ApplicantDetails | None:
        keys = self._keys.current
        assert keys is not None, "looked at before"
        try:
            return _details(keys, row)
        except (MasterKeyMissing, Damaged) as failure:
            LOGGER.warning("applicant_unreadable", applicant=row.pseudonym, why=str(failure))
            return None


def erased_since(erasures: Mapping[str, Erasure], dossier: Dossier) -> Erasure | None:
    """The erasure of its applicant since the dossier came: it has the pseudonym alone from then on, also when the
    person applies again and is kept for another one."""
    erasure = erasures.get(dossier.applicant or "")
    return erasure if erasure is not None and dossier.came_at <= erasure.erased_at else None


def _details(keys: MasterKeys, row: ApplicantRow) -> ApplicantDetails:
    """What the row keeps. Raises MasterKeyMissing and Damaged."""
    details = keys.unseal(row.pseudonym, row.sealed)
    try:
        return decode_details(details)
    except MsgspecError as unknown:
        raise Damaged(
            f"what is kept of {row.pseudonym} was written by a later version; bring intake up to date"
        ) from unknown


def _is_newer(row: ErasureRow, other: ErasureRow | None) -> bool:
    return other is None or row.erased_at > other.erased_at


def _erasure(row: ErasureRow) -> Erasure:
    return Erasure(
        applicant=row.pseudonym,
        erased_at=datetime.fromtimestamp(row.erased_at, UTC),
        erased_by=row.erased_by,
        reason=row.reason,
    )


def _row(erasure: Erasure) -> ErasureRow:
    return ErasureRow(erasure.applicant, erasure.erased_at.timestamp(), erasure.erased_by, erasure.reason)
