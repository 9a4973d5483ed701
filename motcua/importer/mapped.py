"""A file in an office's own form as a source of events: its mapping says what they are, what is refused goes back."""

from array import array
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Self

from motcua.failure import Failure
from motcua.importer.csv_sheet import CsvSheet
from motcua.importer.lines import ZIP, EventLine
from motcua.importer.opened import InputFile
from motcua.importer.records import RecordFile
from motcua.importer.refused_records import RefusedRecords, RefusedSnapshots
from motcua.importer.snapshot_file import SnapshotFile
from motcua.importer.workbook import Workbook
from motcua.mapping.facts import Fact, UnusableRow, cloud_event
from motcua.mapping.fields import CODE, folded
from motcua.mapping.losses import Losses
from motcua.mapping.model import SheetMapping, load, several
from motcua.mapping.rows import RowReader
from motcua.mapping.snapshots import Snapshots

BATCH_LINES = 2_000
AHEAD = (
    "the step is later than all that this file's snapshots tell of its dossier; import it with the next file, or say "
    "ahead = true under [steps] of the mapping"
)
NOT_UTF8 = "the row is not UTF-8; save the table as CSV UTF-8"


class MappedSource:
    """A sheet or a file of snapshots, closed at the end of its `with`; nothing later than `now` has happened."""

    unit = "events and refused rows"

    def __init__(self, name: str, mapping: str, now: datetime) -> None:
        self.mapping: SheetMapping = load(mapping)
        self.in_order = self.mapping.rows != "event"
        self.losses = Losses()
        self.read_bytes = self.rows = 0
        self._now = now
        self._refused: RefusedRecords | None = None
        self._records_of = array("L")  # of each line that was made, in order, the record that it came of
        with ExitStack() as stack:  # closes what was opened when something is wrong with it
            self._input = InputFile(name, stack)
            self.name, self.total_bytes = self._input.name, self._input.total_bytes
            self._file = self._opened(stack)
            self.notes = self._notes_of(self._file.columns)
            self._narrow(self._file.columns)
            self._open = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def rejected_file(self) -> Path:
        """Where refused rows are written: beside the file, or in the current folder when it is no plain file."""
        return self._input.beside(f"rejected.{self._file.suffix}")

    @property
    def refused_rows(self) -> int:
        """How many rows came back in the last import."""
        return 0 if self._refused is None else self._refused.count

    @property
    def losses_file(self) -> Path:
        """Where it is written what could not be carried over."""
        return self._input.beside("losses.csv")

    def rejects_into(self, chosen: Path | None) -> Path:
        """Where refused rows go, as chosen or beside the file; `Failure` rather than writing over something else."""
        self._input.check_other(self.losses_file, is_chosen=False)
        return self._input.check_other(chosen or self.rejected_file, is_chosen=chosen is not None)

    def rejects(self, path: Path) -> AbstractContextManager[RefusedRecords]:
        """Collects what is refused, for the file at `path`."""
        if self.mapping.rows != "snapshot":
            self._refused = RefusedRecords(path, self._file, self.mapping, self._record_of)
        else:
            self._refused = RefusedSnapshots(
                path, self._file, self.mapping, self._record_of, losses=self.losses, losses_file=self.losses_file
            )
        return self._refused

    def batches(self) -> Iterator[list[EventLine]]:
        """The events that the file tells of, a batch at a time. May be called again."""
        del self._records_of[:]
        self.rows = 0
        batch: list[EventLine] = []
        for record, body, refusal in self._snapshots() if self.mapping.rows == "snapshot" else self._rows():
            self._records_of.append(record)
            batch.append(EventLine(len(self._records_of), body, None, refusal))
            if len(batch) >= BATCH_LINES:
                self.read_bytes = min(self._input.file.tell(), self.total_bytes)
                yield batch
                batch = []
        self.read_bytes = self.total_bytes
        if batch:
            yield batch

    def _narrow(self, columns: list[str]) -> None:
        """Let the mapping speak of the columns that the sheet has."""
        if columns:
            present = {folded(name) for name in columns}
            self.mapping = self.mapping.narrowed(lambda header: folded(header) in present)

    def _notes_of(self, columns: list[str]) -> list[str]:
        """What a person should know of the sheet's columns before anything of them is believed."""
        if not columns:
            return []
        present = {folded(name) for name in columns}
        wanted: dict[str, list[str]] = {}
        for key, header in self.mapping.headers():
            wanted.setdefault(key, []).append(header)
        absent = dict.fromkeys(names[0] for names in wanted.values() if present.isdisjoint(map(folded, names)))
        known = {folded(name) for names in wanted.values() for name in names}
        unread = [name for name in columns if name and folded(name) not in known]
        found = (
            [f"columns not in the file: {', '.join(_with_likeness(name, unread) for name in absent)}"] if absent else []
        )
        return found + ([f"columns not read: {', '.join(unread)}"] if unread else [])

    def _record_of(self, line: EventLine) -> int:
        return self._records_of[line.number - 1]

    def _rows(self) -> Iterator[tuple[int, bytes, str | None]]:
        """Each event with the row that it came of; a refused row in place of its events, and rows that wait for it."""
        reader, refused = RowReader(self.mapping, self._now), dict[str, int]()
        for number, cells, refusal in self._file.records():
            self.rows += 1
            if refusal:
                yield number, b"", refusal
                continue
            code = ""
            try:
                code = reader.code(cells)
                if code in refused:
                    yield number, b"", f"row {refused[code]} is of the same dossier and comes first; correct that one"
                    continue
                lines = self._lines(code, reader.read(cells, number))
            except UnusableRow as wrong:
                if self.mapping.rows == "event" and code:
                    refused[code] = number
                yield number, b"", str(wrong)
            else:
                yield from ((number, line, None) for _, line in lines)

    def _snapshots(self) -> Iterator[tuple[int, bytes, str | None]]:
        """Refused snapshots first; then what all others say together, dossier by dossier."""
        snapshots = Snapshots(self.mapping, self._now, self.losses)
        for number, record, refusal in self._file.records():
            self.rows += 1
            if refusal:
                yield number, b"", refusal
                continue
            try:
                snapshots.add(record, number)
            except UnusableRow as wrong:
                yield number, b"", str(wrong)
        for code, facts, waiting in snapshots.dossiers():
            yield from ((told.number, b"", AHEAD) for told in waiting)
            yield from ((number, line, None) for number, line in self._lines(code, facts))

    def _lines(self, code: str, facts: list[Fact]) -> list[tuple[int, bytes]]:
        try:
            return [(told.number, cloud_event(self.mapping.source, code, told)) for told in facts]
        except UnicodeEncodeError as wrong:
            raise UnusableRow("", NOT_UTF8) from wrong

    def _opened(self, stack: ExitStack) -> RecordFile:
        """The file in the form that its first bytes say."""
        file = self._input.file
        first = file.read(len(ZIP))
        file.seek(0)
        if self.mapping.rows == "snapshot":
            if first.startswith(ZIP):
                raise Failure(f"{self.name} is a spreadsheet or an archive; this mapping reads JSON")
            return SnapshotFile(self._input, self.mapping.envelope)
        codes = {folded(name) for name in several(self.mapping.columns[CODE])}
        if first.startswith(ZIP):
            return Workbook(
                self._input, self.mapping.sheet, lambda names: not codes.isdisjoint(map(folded, names)), stack
            )
        return CsvSheet(self._input, lambda names: not codes.isdisjoint(map(folded, names)))


def _with_likeness(name: str, others: list[str]) -> str:
    near = get_close_matches(name, others, n=1)
    return f"{name} (is it {near[0]}?)" if near else name
