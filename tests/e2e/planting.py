"""A person whose data are planted wherever something can be sent; how to find them wherever something may be kept."""

import io
import json
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from shared.contract.accepted import ACCEPTED
from shared.contract.envelope import event_type
from tests.builders.wire import FULL_DATA

PERSON = {
    "id_number": "079 188 004 321",
    "name": "Trịnh Hoài Cấy",
    "phone": "0938 765 432",
    "email": "cay.trinh@thu.example",
    "address": "77 Nguyễn Thị Nhỏ, phường 9",
    "birthday": "1988-07-19",
}
PLANTED = [text for field, text in PERSON.items() if field != "birthday"]
"""A day alone is no person's; all days are written alike."""
IN_ONE = "Trịnh Hoài Cấy, 0938765432, 079188004321, cay.trinh@thu.example"
AT_HOME = ["0938765432", "079188004321", "cay.trinh@thu.example"]
"""What a rule knows without knowing the person; a name is known by its dossier's applicant only."""
CONTROL = "Chi cục Thuế khu vực Kiểm Chứng"
"""A text that may be kept, by which the search is seen to find."""
ABOUT = {"department": "H59.15", "procedure": "2.000635", "channel": "online"}
TIME = "2023-12-09T08:00:00+07:00"
_NEVER_KEPT = ("key", "applicants.key", "lock")
_OFFSETS_ONLY = (".index", ".timeindex", ".snapshot")


def found(content: bytes, texts: Iterable[str] = PLANTED) -> set[str]:
    """Which of the texts the bytes hold, in whatever form somebody may have written them."""
    return {text for text in texts for form in _forms(text) if form in content}


@lru_cache
def _forms(text: str) -> frozenset[bytes]:
    bare = "".join(
        letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter)
    ).replace("đ", "d")
    digits = text.replace(" ", "")
    spelt = {text, unicodedata.normalize("NFD", text), bare, json.dumps(text)[1:-1], quote(text)}
    spelt |= {digits, digits.removeprefix("0")} if digits.isdigit() else {bare.replace(" ", "")}
    cased = {form for each in spelt for form in (each, each.lower(), each.upper())}
    return frozenset(form.encode() for form in cased)


def files_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of a data folder but for the keys: databases, their logs, the broker's segments, what was said."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in _NEVER_KEPT and path.suffix not in _OFFSETS_ONLY:
            yield str(path.relative_to(folder)), path.read_bytes()


def opened(document: bytes) -> bytes:
    """What a document holds: DOCX and XLSX are archives."""
    if not document.startswith(b"PK"):
        return document
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        return b"\n".join(archive.read(name) for name in archive.namelist())


def cloud_events(code: str) -> Iterator[dict[str, Any]]:
    """Every event with each of the planted texts in each of its fields, in unknown ones, in `x`, as an attribute."""
    number = 0
    for kind, data in FULL_DATA.items():
        opens = kind in ("received", "submitted")
        for text in [*PLANTED, IN_ONE]:
            fields = [field for field in ACCEPTED[kind].__struct_fields__ if field != "x"]
            plants = [data | {field: text} for field in fields]
            plants += [data | {field: text} for field in ("ho_ten", "note", text)]
            plants += [data | {"x": {field: text}} for field in ("ho_ten", "note")]
            attributes: list[dict[str, Any]] = [{}] * len(plants) + [
                {name: text} for name in ("note", "nguoinop", "id", "source", "subject", "type", "time", "specversion")
            ]
            plants += [data] * (len(attributes) - len(plants))
            for planted, more in zip(plants, attributes, strict=True):
                number += 1
                own = {"applicant": PERSON} if opens and planted.get("applicant") not in PLANTED else {}
                yield {
                    "specversion": "1.0",
                    "id": f"planted-{number}",
                    "source": "/tests",
                    "type": event_type(kind),
                    "subject": f"H59.15-231209-{number:05}" if opens else code,
                    "time": TIME,
                    "data": planted | own,
                } | more


def short_forms() -> Iterator[dict[str, Any]]:
    """Every event in the short form with all of it in each of its fields, and in unknown ones."""
    for kind, data in FULL_DATA.items():
        for field in (*ACCEPTED[kind].__struct_fields__, "ho_ten", "note", "event", "occurred_at"):
            own = {"applicant": PERSON} if kind in ("received", "submitted") and field != "applicant" else {}
            yield (
                {"event": kind, "occurred_at": TIME}
                | data
                | own
                | {field: {"note": IN_ONE} if field == "x" else IN_ONE}
            )


def new_dossiers() -> Iterator[dict[str, Any]]:
    """A new dossier with all of it in each of its fields, and in unknown ones."""
    for field in (*ABOUT, "online_level", "received_at", "due_at", "code", "received_by", "follows", "ho_ten", IN_ONE):
        yield ABOUT | {"received_at": TIME, "applicant": PERSON} | {field: IN_ONE}
