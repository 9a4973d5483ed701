"""Reading a small file that a person wrote; writing one that somebody named, whole or not at all."""

import json
import os
import stat
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from motcua.failure import Failure

MOST_BYTES = 16 << 20
MOST_DIGITS = 1000


def read_document(file: Path, unreadable: type[Failure] = Failure) -> Any:
    """What a JSON file (by its name) or a TOML file holds. Raises `unreadable` when it can't be read."""
    kind = "JSON" if file.suffix.lower() == ".json" else "TOML"
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise unreadable(f"{file} is longer than {MOST_BYTES:,} bytes: it is no such file")
        text = content.decode("utf-8-sig")
        if kind == "TOML":
            return tomllib.loads(text.replace("\r\n", "\n"))
        return json.loads(text, object_pairs_hook=_members, parse_int=_whole_number)
    except OSError as error:
        raise unreadable(f"{file} cannot be read: {error.strerror or error}") from error
    except RecursionError as error:
        raise unreadable(f"{file} is nested too deeply") from error
    except ValueError as error:
        raise unreadable(f"{file} is not {kind}: {error}") from error


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object as JSON has it, unless a key stands in it twice: which of the two was meant?"""
    members = dict(pairs)
    if len(members) < len(pairs):
        keys = [key for key, _value in pairs]
        raise ValueError(f"{next(key for key in keys if keys.count(key) > 1)} is given twice; give it once")
    return members


def _whole_number(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number has {len(digits):,} digits")
    return int(digits)


NEW_MODE = 0o666  # what the umask leaves of it
PRIVATE_MODE = 0o600
THROUGH = (Path("/dev"), Path("/proc"))  # /dev/stdout may lead to a plain file that others write to as well


@contextmanager
def writing(path: Path, *, private: bool = False) -> Iterator[BinaryIO]:
    """A plain file is replaced when all is written and keeps its mode; a pipe or a device is written to as it stands.

    A symbolic link stays, its target is written. `private` makes the file its owner's only. Raises `Failure` when that
    fails.
    """
    try:
        if _is_plain(path):
            with _replacing(Path(os.path.realpath(path)), private=private) as file:
                yield file
        else:
            if path.is_dir():
                raise Failure(f"{path} can't be written: it is a directory")
            with path.open("wb") as file:
                yield file
    except BrokenPipeError as error:
        raise Failure(f"{path} can't be written: its reader is gone") from error
    except OSError as error:
        raise Failure(f"{path} can't be written: {error.strerror or error}") from error


def check_writable(path: Path) -> None:
    """Fail before any work when `writing` could not begin; what stands there is not touched."""
    try:
        if _is_plain(path):
            target = Path(os.path.realpath(path))
            os.close(_open_draft(target, PRIVATE_MODE))
            _draft(target).unlink()
        elif path.is_dir():
            raise IsADirectoryError(0, "it is a directory")
    except OSError as error:
        raise Failure(f"{path} can't be written: {error.strerror or error}") from error


def _is_plain(path: Path) -> bool:
    """Whether a plain file stands there or nothing does."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return True
    return stat.S_ISREG(mode) and not any(path.absolute().is_relative_to(folder) for folder in THROUGH)


@contextmanager
def _replacing(target: Path, *, private: bool) -> Iterator[BinaryIO]:
    mode = PRIVATE_MODE if private else NEW_MODE
    draft = _draft(target)
    try:
        with os.fdopen(_open_draft(target, mode), "wb") as file:
            if target.exists() and not private:
                os.fchmod(file.fileno(), stat.S_IMODE(target.stat().st_mode))
            yield file
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _open_draft(target: Path, mode: int) -> int:
    draft = _draft(target)
    draft.unlink(missing_ok=True)
    return os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)


def _draft(target: Path) -> Path:
    return target.with_name(f"{target.name}.{os.getpid()}.part")
