"""Cuts a streamed body into lines without ever holding more than one line that is too long."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class LineSplitter:
    """Feed it chunks; it gives (number, line) from 1, blank lines left out, None for a line over the limit."""

    def __init__(self, max_line_bytes: int) -> None:
        self._max = max_line_bytes
        self._rest = b""
        self._number = 0
        self._skipping = False

    def feed(self, chunk: bytes) -> list[tuple[int, bytes | None]]:
        """The lines that end in this chunk."""
        *whole, rest = (self._rest + chunk).split(b"\n")
        found = [entry for line in whole if (entry := self._line(line)) is not None]
        marked = self._number == 0 and rest.startswith(BYTE_ORDER_MARK)
        if len(rest) > self._max + len(BYTE_ORDER_MARK) * marked:
            if not self._skipping:
                found.append((self._number + 1, None))
            self._skipping, rest = True, b""
        self._rest = rest
        return found

    def end(self) -> list[tuple[int, bytes | None]]:
        """The last line, when the body does not end with a line feed."""
        entry = self._line(self._rest)
        return [] if entry is None else [entry]

    def _line(self, line: bytes) -> tuple[int, bytes | None] | None:
        self._number += 1
        if self._skipping:
            self._skipping = False
            return None
        if self._number == 1:
            line = line.removeprefix(BYTE_ORDER_MARK)
        if not line or line.isspace():
            return None
        return self._number, line if len(line) <= self._max else None
