"""The data that events carry, as a table's author names it: which fields an event has, how a cell becomes one."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, NoReturn, Union, get_args, get_origin

import msgspec

from motcua.mapping.dates import DateReader
from shared.domain.events import EVENT_TYPES
from shared.domain.fields import UNKNOWN_CHANNEL, Channel
from shared.domain.localtime import Instant
from shared.domain.terms import TermUnit
from shared.domain.texts import DEPARTMENT_CODE, DOSSIER_CODE, PROCEDURE_CODE, canonical_unit, compared

CODE = "code"
TERM = {"term_amount": (int,), "term_unit": (TermUnit,)}
YES, NO = ("true", "1", "yes", "x", "có"), ("false", "0", "no", "không")
_INSTANT = get_args(Instant)[0]
DEPARTMENT, PROCEDURE, RECEIVED_BY, CHANNEL = "department", "procedure", "received_by", "channel"
_UNITS = (DEPARTMENT, RECEIVED_BY)
_CODES = {
    DEPARTMENT: ("a department", DEPARTMENT_CODE, "H59.15"),
    RECEIVED_BY: ("a unit", DEPARTMENT_CODE, "H59.15"),
    PROCEDURE: ("a procedure", PROCEDURE_CODE, "2.000635"),
    "follows": ("a dossier", DOSSIER_CODE, "H59.15-231208-0001"),
    "duplicate_of": ("a dossier", DOSSIER_CODE, "H59.15-231208-0001"),
}
_CHANNEL_CODE = re.compile(r"[a-z][a-z0-9_]{0,31}")
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
        departments = {word: code for word, code in self._words.get(DEPARTMENT, {}).items() if word}
        self._words[RECEIVED_BY] = departments | self._words.get(RECEIVED_BY, {})
        self._shown = {field: [word for word in known if word] for field, known in words.items()}
        self._dates = dates
        self._officer_key = hashlib.blake2b(source.encode()).digest()

    def word(self, field: str, cell: object, event: str = "") -> str | None:
        """What the mapping's words make of the cell, those of the event's own field first; None when it is no word.

        "" where the word says nothing. A department's words are those of the place of receipt, too.
        """
        known = self._words.get(f"{event}.{field}") or self._words.get(field)
        return None if known is None else known.get(_folded(text_of(cell)))

    def read(self, field: str, kinds: tuple[Any, ...], cell: object, event: str = "") -> object:
        """The value of a field whose annotation allows these types; "" for a word, or a date, that says nothing."""
        if (known := self.word(field, cell, event)) is not None:
            cell = known
        if known == "":
            return ""
        if field == CODE or field in _CODES:
            return code_of(field, cell)
        if _INSTANT in kinds:
            return "" if self._dates.is_none(cell) else self._dates.read(cell).at
        if bool in kinds:
            return _truth(text_of(cell))
        if int in kinds:
            return amount_of(text_of(cell))
        choices = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, StrEnum)), None)
        if choices is not None:
            return self._choice(field, choices, cell, event)
        if field == CHANNEL:
            return self._channel(cell, event)
        return self._officer(text_of(cell)) if field == "officer" else _written(cell)

    def _choice(self, field: str, choices: Iterable[str], cell: object, event: str) -> str:
        """One of a few codes, by its word or as it is."""
        text = text_of(cell)
        return text.lower() if text.lower() in set(choices) else self._no_word(field, choices, text, event)

    def _channel(self, cell: object, event: str) -> str:
        """The code of a channel, an office's own too, by its word or as it is; intake knows which of them there are."""
        code = text_of(cell).lower()
        is_code = _CHANNEL_CODE.fullmatch(code) is not None
        return code if is_code else self._no_word(CHANNEL, (*Channel, UNKNOWN_CHANNEL), text_of(cell), event)

    def _no_word(self, field: str, choices: Iterable[str], text: str, event: str) -> NoReturn:
        key = f"{event}.{field}" if f"{event}.{field}" in self._shown else field
        words = ", ".join(self._shown.get(key) or choices)
        table = f'words."{key}"' if "." in key else f"words.{key}"
        raise ValueError(
            f"{text[:40]!r} is none of the words for {field}; write one of {words}, or add it to [{table}]"
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
        meant = f" (was it {six}?)" if field == PROCEDURE and re.fullmatch(PROCEDURE_CODE, six) else ""
        raise ValueError(  # noqa: TRY004 - it is the cell that is wrong, not the program
            f"the cell holds the number {cell!r}, and a number keeps no zeros at its end; "
            f"format the column as text and write the code again{meant}"
        )
    return _short(field, text_of(cell))


@lru_cache(maxsize=1 << 16)
def _short(field: str, text: str) -> str:
    if field == CODE:
        return text
    code = text
    if field in _UNITS:
        code = canonical_unit(text)
    elif field == PROCEDURE and (longer := _OF_A_PROVINCE.fullmatch(text)):
        code = longer[1]
    of_what, pattern, example = _CODES[field]
    if not re.fullmatch(pattern, code):
        raise ValueError(
            f"{text[:40]!r} is no code of {of_what} such as {example}; "
            f"correct it, or give the word its code in [words.{field}]"
        )
    return code


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
