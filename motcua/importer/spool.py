"""Records kept aside in their order, on disk when they are many."""

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import Generic, TypeVar

import msgspec

SPOOL_BYTES = 8 << 20
_LENGTH_BYTES = 4
_encode = msgspec.msgpack.Encoder().encode
Record = TypeVar("Record")


class Spool(Generic[Record]):
    """Takes records and gives them back as often as asked."""

    def __init__(self, kind: type[Record]) -> None:
        self._decode = msgspec.msgpack.Decoder(kind).decode
        self._file = SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - closed by `close`
        self.count = 0

    def add(self, record: Record) -> None:
        encoded = _encode(record)
        self._file.write(len(encoded).to_bytes(_LENGTH_BYTES))
        self._file.write(encoded)
        self.count += 1

    def drain(self) -> Iterator[Record]:
        """All records, in the order in which they came."""
        self._file.seek(0)
        while length := self._file.read(_LENGTH_BYTES):
            yield self._decode(self._file.read(int.from_bytes(length)))

    def close(self) -> None:
        self._file.close()
