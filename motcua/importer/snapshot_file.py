"""A file of snapshots: one JSON object, an array, or NDJSON; wrapped as they are sent, or bare."""

from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from motcua.failure import Failure
from motcua.files import writing
from motcua.importer.lines import TOO_LONG, UNREADABLE, FileText
from motcua.importer.opened import InputFile
from motcua.importer.records import WHY, Record
from motcua.mapping.model import Envelope

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
NOT_AN_OBJECT = "is no JSON object; a snapshot is one"


class SnapshotFile:
    """Snapshots one by one, whatever they came in; those that come back stand bare, each with its `why`."""

    def __init__(self, file: InputFile, envelope: Envelope | None) -> None:
        self.columns: list[str] = []
        self._name = file.name
        self._text = FileText(file.file, file.name)
        self._envelope = envelope
        self._is_ndjson = self._has_an_object_a_line()
        self.suffix = "ndjson" if self._is_ndjson else "json"

    def records(self) -> Iterator[Record]:
        numbers = count(1)
        for value, refusal in self._values():
            if refusal:
                yield Record(next(numbers), {"raw": value}, refusal)
                continue
            for snapshot in self._unwrapped(value):
                number = next(numbers)
                if isinstance(snapshot, dict):
                    yield Record(number, snapshot)
                else:
                    yield Record(number, {"raw": snapshot}, NOT_AN_OBJECT)

    def write(self, path: Path, reasons: Mapping[int, str]) -> None:
        refused = (
            _encode({**record.cells, WHY: reasons[record.number]})
            for record in self.records()
            if record.number in reasons
        )
        with writing(path, private=True) as file:
            if self._is_ndjson:
                file.writelines(line + b"\n" for line in refused)
            else:
                file.write(b"[\n" + b",\n".join(refused) + b"\n]\n")

    def _values(self) -> Iterator[tuple[Any, str]]:
        """Every value of the file at its outermost, or what stands there instead and why it is none."""
        if not self._is_ndjson:
            whole = self._whole()
            yield from ((value, "") for value in (whole if isinstance(whole, list) else [whole]))
            return
        for line in (line for batch in self._text.lines() for line in batch):
            if line is None:
                yield "", TOO_LONG
            elif not line.isspace():
                try:
                    yield _decode(line), ""
                except UNREADABLE as wrong:
                    yield line.decode(errors="backslashreplace").rstrip("\r\n"), f"the line is not JSON ({wrong})"

    def _unwrapped(self, value: Any) -> list[Any]:
        """The snapshots in an envelope, with what it says of all of them; a bare one alone."""
        envelope = self._envelope
        if envelope is None or not isinstance(value, dict) or not isinstance(value.get(envelope.list), list):
            return [value]
        shared = {name: value[name] for name in envelope.keep if name in value}
        return [shared | item if isinstance(item, dict) else item for item in value[envelope.list]]

    def _has_an_object_a_line(self) -> bool:
        """Whether the first line is a JSON object by itself and others follow it."""
        written = (line for batch in self._text.lines() for line in batch if line is None or not line.isspace())
        first = next(written, b"")
        try:
            return isinstance(_decode(first or b""), dict) and (next(written, b"") != b"" or self._is_named_so())
        except UNREADABLE:
            return self._is_named_so()

    def _is_named_so(self) -> bool:
        return self._name.lower().removesuffix(".gz").endswith((".ndjson", ".jsonl"))

    def _whole(self) -> Any:
        text = b"".join(line or b"" for batch in self._text.lines() for line in batch)
        try:
            return _decode(text)
        except UNREADABLE as wrong:
            raise Failure(
                f"{self._name} is not JSON ({wrong}); send an object, an array, or an object a line"
            ) from wrong
