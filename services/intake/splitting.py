"""Cuts a streamed body into its events, by lines or by the elements of a JSON array, holding no more than one event at a time."""

import re
from collections.abc import Iterator

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
Numbered = tuple[int, bytes | None]  # from 1; None for one that is over the limit


class NotAnArray(Exception):
    """The body is no JSON array, from here on: what came before stays as it was cut."""


class _Event:
    """The bytes of the event that is being read; beyond the limit they are only counted."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._bytes = bytearray()
        self.too_long = False

    def add(self, part: bytes) -> None:
        if self.too_long:
            return
        self._bytes += part
        if len(self._bytes) > self._most:
            self.too_long = True
            self._bytes = bytearray()

    def take(self) -> bytes | None:
        found = None if self.too_long else bytes(self._bytes)
        self._bytes, self.too_long = bytearray(), False
        return found


class LineSplitter:
    """Feed it chunks; it gives the lines but for blank ones, whose numbers are counted all the same."""

    def __init__(self, max_line_bytes: int) -> None:
        self._line = _Event(max_line_bytes + len(BYTE_ORDER_MARK))
        self._max = max_line_bytes
        self._number = 1

    def feed(self, chunk: bytes) -> Iterator[Numbered]:
        """The lines that end in this chunk."""
        first, *whole = chunk.split(b"\n")
        self._line.add(first)
        if not whole:
            return
        yield from self._taken()
        rest = whole.pop()
        for line in whole:
            self._number += 1
            if line and not line.isspace():
                yield self._number, line if len(line) <= self._max else None
        self._number += 1
        self._line.add(rest)

    def end(self) -> Iterator[Numbered]:
        """The last line, when the body does not end with a line feed."""
        yield from self._taken()

    def _taken(self) -> Iterator[Numbered]:
        line = self._line.take()
        if line is not None:
            if self._number == 1:
                line = line.removeprefix(BYTE_ORDER_MARK)
            if not line or line.isspace():
                return
            line = line if len(line) <= self._max else None
        yield self._number, line


_BLANKS = b" \t\r\n"
_OUTSIDE = re.compile(rb'["\[\]{},]')
_IN_STRING = re.compile(rb'["\\]')
_OPENED, _CLOSED = "is not closed with ]", "goes on after its closing ]"


class ArraySplitter:
    """Feed it chunks; it gives the elements of the array as bytes, whatever they are: to read one is somebody else's."""

    def __init__(self, max_element_bytes: int) -> None:
        self._element = _Event(max_element_bytes)
        self._number = 0
        self._mark: bytes | None = b""  # what has come of a byte order mark; None when it is past
        self._depth = 0  # 1 within the array
        self._blank = True  # whether nothing but blanks has come of the element
        self._in_string = self._escaped = self._over = False

    def feed(self, chunk: bytes) -> Iterator[Numbered]:
        """The elements that end in this chunk."""
        at = 0 if self._depth else self._opened(chunk)
        begin = at
        while at < len(chunk):
            if self._escaped:
                self._escaped, at = False, at + 1
                continue
            found = (_IN_STRING if self._in_string else _OUTSIDE).search(chunk, at)
            if found is None:
                break
            mark, at = found[0], found.end()
            if self._in_string:
                self._escaped, self._in_string = mark == b"\\", mark == b"\\"
            elif mark == b'"':
                self._in_string = True
            elif mark in b"[{":
                self._depth += 1
            elif self._depth > 1:
                self._depth -= mark in b"]}"
            elif mark != b"}":  # that one opens nothing here: the element is told to be no event
                self._add(chunk[begin : at - 1])
                yield from self._taken(last=mark == b"]")
                begin = at
                if mark == b"]":
                    self._depth, self._over = 0, True
                    self._closed(chunk[at:])
                    return
        if self._depth:
            self._add(chunk[begin:])

    def end(self) -> Iterator[Numbered]:
        """Nothing more; raises when the array was not closed."""
        if not self._over:
            raise NotAnArray(_OPENED if self._depth else "is empty")
        return iter(())

    def _opened(self, chunk: bytes) -> int:
        """Where the elements begin, or the chunk's end when it is not known yet."""
        if self._over:
            self._closed(chunk)
            return len(chunk)
        head = chunk
        if self._mark is not None:
            head = self._mark + chunk
            if BYTE_ORDER_MARK.startswith(head):
                self._mark = head
                return len(chunk)
            self._mark, head = None, head.removeprefix(BYTE_ORDER_MARK)
        head = head.lstrip(_BLANKS)
        if not head:
            return len(chunk)
        if not head.startswith(b"["):
            raise NotAnArray("does not begin with [")
        self._depth = 1
        return len(chunk) - len(head) + 1

    def _closed(self, rest: bytes) -> None:
        if rest.strip(_BLANKS):
            raise NotAnArray(_CLOSED)

    def _add(self, part: bytes) -> None:
        if self._blank:
            part = part.lstrip(_BLANKS)
            self._blank = not part
        self._element.add(part)

    def _taken(self, *, last: bool) -> Iterator[Numbered]:
        element = self._element.take()
        if not (last and self._blank and self._number == 0):
            self._number += 1
            yield self._number, element if element is None else element.rstrip(_BLANKS)
        self._blank = True
