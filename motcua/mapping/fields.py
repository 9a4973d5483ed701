"""The data that events carry, as a table's author must name it: which fields an event has, and how a cell becomes one."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from motcua.mapping.dates import DateReader
from shared.domain.events import EVENT_TYPES
from shared.domain.localtime import Instant
from shared.domain.terms import TermUnit
from shared.domain.texts import DEPARTMENT_CODE, DOSSIER_CODE, PROCEDURE_CODE, compared

CODE = "code"
TERM = {"term_amount": (int,), "term_unit": (TermUnit,)}
YES, NO = ("true", "1", "yes", "x", "có"), ("false", "0", "no", "không")
_INSTANT = get_args(Instant)[0]
_CODES = {"department": DEPARTMENT_CODE, "procedure": PROCEDURE_CODE, CODE: DOSSIER_CODE}
_EXAMPLES = {"department": "H59.15", "procedure": "2.000635", CODE: "H59.15-231208-0001"}
_FROM_THE_RIGHT = re.compile(r"(\d{1,3}(?:\.\d{1,3})*)\.([A-Z]\d\d)")
_OF_A_PROVINCE = re.compile(r"([0-9]\.[0-9]{6})(?:\.[0-9]{2,3}){3}\.[A-Z][0-9]{2}")
_THOUSANDS = re.compile(r"\d{1,3}(?:([., ])\d{3})(?:\1\d{3})*|\d+")
_PSEUDONYM = re.compile(r"(?=[^\d]*\d)(?!\D*\d{9})[\w.\-]{1,40}", re.ASCII)


def kinds_of(annotation: Any) -> tuple[Any, ...]:
    """The types that a field's annotation allows."""
    if get_origin(annotation) is Annotated:
        return kinds_of(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return tuple(kind for member in get_args(annotation) for kind in kinds_of(member))
    return (annotation,)


FIELDS: dict[str, dict[str, tuple[Any, ...]]] = {
    name: {field.name: kinds_of(field.type) for field in msgspec.structs.fields(cls) if field.name != "term"}
    | (TERM if "term" in cls.__struct_fields__ else {})
    for name, cls in EVENT_TYPES.items()
}


def folded(text: str) -> str:
    """The form in which words and headers are the same: whatever their case, their blanks and their Unicode form."""
    return compared(text).casefold()


_folded = lru_cache(maxsize=1 << 16)(folded)  # the same few words come in every row


def text_of(cell: object) -> str:
    """The cell as a text; "" for an empty one. A whole number that a spreadsheet keeps as 3.0 is 3."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return compared(str(cell))


class FieldReader:
    """Turns cells into what events carry; a ValueError says what is wrong with the cell and how to write it."""

    def __init__(self, words: Mapping[str, Mapping[str, str]], dates: DateReader, source: str) -> None:
        self._words = {field: {folded(word): code for word, code in known.items()} for field, known in words.items()}
        self._shown = {field: [word for word in known if word] for field, known in words.items()}
        self._dates = dates
        self._officer_key = hashlib.blake2b(source.encode()).digest()

    def word(self, field: str, cell: object, event: str = "") -> str | None:
        """What the mapping's words make of the cell, those of the event's own field first; None when it is none of them."""
        known = self._words.get(f"{event}.{field}") or self._words.get(field)
        return None if known is None else known.get(_folded(text_of(cell)))

    def read(self, field: str, kinds: tuple[Any, ...], cell: object, event: str = "") -> object:
        """The value of a field whose annotation allows these types."""
        if (known := self.word(field, cell, event)) is not None:
            cell = known
        if field in _CODES:
            return code_of(field, cell)
        if _INSTANT in kinds:
            return self._dates.read(cell).at
        if bool in kinds:
            return _truth(text_of(cell))
        if int in kinds:
            return amount_of(text_of(cell))
        choices = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, StrEnum)), None)
        if choices is not None:
            return self.choice(field, choices, cell)
        return self._officer(text_of(cell)) if field == "officer" else _written(cell)

    def choice(self, field: str, choices: Any, cell: object) -> str:
        """One of a few codes, by its word or as it is."""
        text = text_of(cell)
        if text.lower() in set(choices):
            return text.lower()
        words = self._shown.get(field) or list(choices)
        raise ValueError(
            f"{text[:40]!r} is none of the words for {field}; write one of {', '.join(words)}, or add it to [words.{field}]"
        )

    def _officer(self, text: str) -> str:
        """A pseudonym stays; a name becomes one, always the same for the same name of the same source."""
        if _PSEUDONYM.fullmatch(text):
            return text
        return "o-" + hashlib.blake2b(folded(text).encode(), key=self._officer_key, digest_size=6).hexdigest()


def code_of(field: str, cell: object) -> str:
    """A code, of a unit or a procedure in its short form too; a number is none: the zeros at its end are gone."""
    if isinstance(cell, int | float):
        six = f"{cell:.6f}"
        meant = f" (was it {six}?)" if field == "procedure" and re.fullmatch(PROCEDURE_CODE, six) else ""
        raise ValueError(  # noqa: TRY004 - it is the cell that is wrong, not the program
            f"the cell holds the number {cell!r}, and a number keeps no zeros at its end; format the column as text and "
            f"write the code again{meant}"
        )
    return _short(field, text_of(cell))


@lru_cache(maxsize=1 << 16)
def _short(field: str, text: str) -> str:
    if field == "department" and (turned := _FROM_THE_RIGHT.fullmatch(text)):
        parts = [*turned[1].split(".")[::-1]]
        while parts and not int(parts[-1]):
            parts.pop()
        text = ".".join((turned[2], *parts))
    elif field == "procedure" and (longer := _OF_A_PROVINCE.fullmatch(text)):
        text = longer[1]
    if field != CODE and not re.fullmatch(_CODES[field], text):
        raise ValueError(
            f"{text[:40]!r} is no code of a {field} such as {_EXAMPLES[field]}; correct it, or give the word its code in [words.{field}]"
        )
    return text


def _truth(text: str) -> bool:
    word = unicodedata.normalize("NFC", text).lower()
    if word in YES or word in NO:
        return word in YES
    raise ValueError(f"{text[:40]!r} is neither yes nor no; write {YES[-1]} or {NO[-1]}")


def amount_of(text: str) -> int:
    """A whole number, its thousands set apart or not."""
    digits = re.sub(r"\s*(?:đồng|đ|vnđ|vnd)$", "", text.casefold())
    if not _THOUSANDS.fullmatch(digits):
        raise ValueError(f"{text[:40]!r} is no whole number; write it like 50000 or 50.000")
    return int(re.sub(r"\D", "", digits))


def _written(cell: object) -> str:
    """A text with its lines; blanks around it are none of it."""
    return str(cell).strip() if isinstance(cell, str) else text_of(cell)


def with_term(data: dict[str, Any]) -> dict[str, Any]:
    """The data with its term as one value."""
    if TERM.keys() & data.keys():
        term = {"amount": data.pop("term_amount", None), "unit": data.pop("term_unit", None)}
        data["term"] = term
    return data
