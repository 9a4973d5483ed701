"""Which connection a dossier's lines take, and the chunks in which they are posted."""

import zlib

from motcua.importer.line import Line, subject_of
from shared.service.echoes import MOST_REJECTIONS

CHUNK_LINES = MOST_REJECTIONS
CHUNK_BYTES = 1 << 20


def lane_of(line: Line, lanes: int) -> int:
    """The connection of the line's dossier: always the same one. A line without a readable dossier takes that of no name."""
    return zlib.crc32(subject_of(line).encode(errors="surrogatepass")) % lanes


class Chunk:
    """Lines of one lane in their order, posted together; intake's line numbers in it count from 1."""

    __slots__ = ("lines", "size")

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.size = 0

    def add(self, line: Line) -> None:
        self.lines.append(line)
        self.size += len(line.body)

    @property
    def full(self) -> bool:
        return len(self.lines) >= CHUNK_LINES or self.size >= CHUNK_BYTES

    @property
    def body(self) -> bytes:
        return b"".join([line.body for line in self.lines])
