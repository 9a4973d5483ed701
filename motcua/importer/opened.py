"""The file that is imported: plain, a pipe or standard input, where what comes back from it goes."""

import os
import stat
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from motcua.failure import Failure
from motcua.importer.lines import BLOCK_BYTES

STDIN = "-"
ENDLESS_BYTES = 1 << 30


class InputFile:
    """An opened file that can be read again and again; what can be read only once is copied into a temporary file."""

    def __init__(self, name: str, stack: ExitStack) -> None:
        self.name = "stdin" if name == STDIN else name
        try:
            self.file, self._once = self._opened(name, stack)
        except OSError as error:
            raise Failure(f"{self.name} cannot be read: {error.strerror or error}") from error
        self._status = os.fstat(self.file.fileno())
        self.total_bytes = self._status.st_size

    def beside(self, suffix: str) -> Path:
        """A file beside this one, or in the current folder when this is no plain file."""
        stem = Path(self.name).name if self._once else self.name
        return Path(f"{stem}.{suffix}")

    def check_other(self, path: Path, *, is_chosen: bool) -> Path:
        """The path, where something may be written; `Failure` rather than writing over something else."""
        if path.exists() and os.path.samestat(path.stat(), self._status):
            raise Failure(f"{path} is the file that is imported; name another with --rejected")
        if not is_chosen and path.is_symlink():
            raise Failure(
                f"{path} is a symbolic link, what it leads to would be written over; "
                "remove it or name another with --rejected"
            )
        return path

    def is_named(self, *suffixes: str) -> bool:
        return self.name.lower().removesuffix(".gz").endswith(tuple(f".{suffix}" for suffix in suffixes))

    def _opened(self, name: str, stack: ExitStack) -> tuple[BinaryIO, bool]:
        """The file, and whether it is a copy of what can be read only once."""
        if name == STDIN:
            if sys.stdin is None:
                raise Failure("standard input is closed; name a file")
            file: BinaryIO = open(sys.stdin.fileno(), "rb", closefd=False)  # noqa: SIM115 - closed with the stack
        else:
            file = Path(name).open("rb")  # noqa: SIM115 - closed with the stack
        stack.enter_context(file)
        status = os.fstat(file.fileno())
        if stat.S_ISREG(status.st_mode) and name != STDIN:
            return file, False
        if stat.S_ISCHR(status.st_mode) and not (file.isatty() or os.path.sameopenfile(file.fileno(), _null(stack))):
            raise Failure(f"{self.name} is a device, not a file of events; name a file, or - for standard input")
        return self._copied(file, stack), True

    def _copied(self, file: BinaryIO, stack: ExitStack) -> BinaryIO:
        copy = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - closed with the stack
        since_line_end = 0
        while block := file.read(BLOCK_BYTES):
            end = max(block.rfind(b"\n"), block.rfind(b"\r"))
            since_line_end = since_line_end + len(block) if end < 0 else len(block) - end
            if since_line_end > ENDLESS_BYTES:
                raise Failure(f"{self.name} has a line without an end; this is no file of events")
            try:
                copy.write(block)
            except OSError as error:
                where = tempfile.gettempdir()
                raise Failure(
                    f"{self.name} can't be copied to {where} ({error.strerror}); name a roomier folder with TMPDIR"
                ) from error
        copy.flush()
        return copy


def _null(stack: ExitStack) -> int:
    return stack.enter_context(Path(os.devnull).open("rb")).fileno()
