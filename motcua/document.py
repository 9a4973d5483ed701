"""Reading a small file that a person wrote: a report, an announcement, a scenario."""

import json
import tomllib
from pathlib import Path
from typing import Any

from motcua.failure import Failure

MOST_BYTES = 16 << 20
MOST_DIGITS = 1000


def read_document(file: Path, unreadable: type[Exception] = Failure) -> Any:
    """What a JSON file (by its name) or a TOML file holds. Raises `unreadable` with a sentence when it can't be read."""
    kind = "JSON" if file.suffix.lower() == ".json" else "TOML"
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise unreadable(f"{file} is longer than {MOST_BYTES:,} bytes: it is no such file")
        text = content.decode("utf-8-sig")
        if kind == "TOML":
            return tomllib.loads(text.replace("\r\n", "\n"))
        return json.loads(text, object_pairs_hook=_members, parse_int=_whole)
    except OSError as error:
        raise unreadable(f"{file} cannot be read: {error.strerror or error}") from error
    except RecursionError as error:
        raise unreadable(f"{file} is nested too deeply") from error
    except ValueError as error:
        raise unreadable(f"{file} is not {kind}: {error}") from error


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object as JSON has it, unless a key stands in it twice: which of the two was meant?"""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _value in pairs]
        raise ValueError(f"{next(key for key in keys if keys.count(key) > 1)} is given twice; give it once")
    return found


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number has {len(digits):,} digits")
    return int(digits)
