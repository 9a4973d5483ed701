"""A file of master keys as an operator keeps one, and the erasures beside it."""

import base64
import secrets
from pathlib import Path

from msgspec.json import encode


class MasterKeyFile:
    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(new_key())

    @property
    def erasures(self) -> Path:
        return self.path.parent / "erasures.ndjson"

    def put_new_first(self) -> None:
        self.path.write_text(new_key() + self.path.read_text())

    def keep_first_only(self) -> None:
        self.path.write_text(self.path.read_text().splitlines()[0])

    def write_erasure(self, pseudonym: str) -> None:
        erasure = {"applicant": pseudonym, "erased_at": "2026-11-30T09:00:00Z", "erased_by": "key:1", "reason": "r"}
        with self.erasures.open("ab") as file:
            file.write(encode(erasure) + b"\n")


def new_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode() + "\n"
