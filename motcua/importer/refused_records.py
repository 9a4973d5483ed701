"""Refused rows and snapshots: written back in the form of their file, and what is only lost beside them."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Self

from motcua.files import check_writable, writing
from motcua.importer.csv_rows import csv_row
from motcua.importer.lines import EventLine, head_of
from motcua.importer.ports import RefusedAs
from motcua.importer.records import RecordFile
from motcua.importer.rejects import BYTE_ORDER_MARK
from motcua.mapping.losses import Losses, LossKind
from motcua.mapping.model import SheetMapping
from shared.domain.errors import UnknownDossier, holds_back

HELD_BACK, ID_REUSED = "held_back", "id_reused"
WAITS = "waits for an earlier event of its dossier to be corrected"
LOSSES_HEADER = ("dossier", "loss", "detail")


class RefusedRecords(AbstractContextManager["RefusedRecords"]):
    """Collects why records were refused; at the end they are in `path`, or the file of an earlier run is gone."""

    def __init__(
        self, path: Path, file: RecordFile, mapping: SheetMapping, record_of: Callable[[EventLine], int]
    ) -> None:
        check_writable(path)
        self.path = path
        self._file, self._mapping, self._record_of = file, mapping, record_of
        self._reasons: dict[int, dict[str, None]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: object, _trace: object) -> None:
        if (
            error is None or self._reasons
        ):  # a run that failed before it refused anything says nothing of the rows refused before
            self._write()

    @property
    def count(self) -> int:
        """How many records come back."""
        return len(self._reasons)

    def add(self, line: EventLine, refusal: RefusedAs) -> bool:
        why = WAITS if refusal.code == HELD_BACK else self._in_its_words(line, refusal)
        self._reasons.setdefault(self._record_of(line), {})[why] = None
        return True

    def _in_its_words(self, line: EventLine, refusal: RefusedAs) -> str:
        """What intake said, with the column that the field came from."""
        detail, field = _told_otherwise(line, refusal), refusal.field
        if field is None or not field.startswith("data."):
            return detail
        header = self._mapping.header_of(field.removeprefix("data."), head_of(line).event)
        plain = detail.removeprefix(f"{field}: ")
        return f"{header or field}: {plain}"

    def _write(self) -> None:
        if self._reasons:
            self._file.write(self.path, {number: _one(reasons) for number, reasons in self._reasons.items()})
        else:
            _remove(self.path)


class RefusedSnapshots(RefusedRecords):
    """Refused snapshots, and the losses of all of them.

    An event that the log is past, or tells otherwise, is a loss: no correction of its snapshot mends it.
    """

    def __init__(
        self,
        path: Path,
        file: RecordFile,
        mapping: SheetMapping,
        record_of: Callable[[EventLine], int],
        *,
        losses: Losses,
        losses_file: Path,
    ) -> None:
        super().__init__(path, file, mapping, record_of)
        check_writable(losses_file)
        self._losses, self._losses_file = losses, losses_file

    def add(self, line: EventLine, refusal: RefusedAs) -> bool:
        if line.refusal is not None or refusal.code == UnknownDossier.code or holds_back(refusal.code):
            return super().add(line, refusal)
        head = head_of(line)
        when = "" if head.time is None else f" on {head.time:%d/%m/%Y %H:%M}"
        self._losses.add(head.subject, LossKind.LOGGED, f"{head.event}{when}: {_told_otherwise(line, refusal)}")
        return False

    def _write(self) -> None:
        super()._write()
        if not self._losses:
            _remove(self._losses_file)
            return
        rows = ((loss.dossier, loss.kind.value, loss.detail) for loss in self._losses)
        with writing(self._losses_file, private=True) as file:
            file.write(BYTE_ORDER_MARK.encode())
            for row in [LOSSES_HEADER, *rows]:
                file.write(csv_row(row, ","))


def _told_otherwise(line: EventLine, refusal: RefusedAs) -> str:
    """What intake said; of an event that is logged with other content, what to do with a row that nobody gave an id."""
    if refusal.code != ID_REUSED:
        return refusal.detail
    return (
        f"{head_of(line).event} was imported before and said something else, and what is logged stays; "
        "set it right with a correction (corrected), and take this row out"
    )


def _one(reasons: Mapping[str, None]) -> str:
    """Why a record is refused; that the rest of it waits is not said beside what is wrong."""
    wrong = [reason for reason in reasons if reason != WAITS]
    return "; ".join(wrong or reasons)


def _remove(path: Path) -> None:
    if path.is_file() or path.is_symlink():
        path.unlink()
