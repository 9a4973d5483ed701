"""Reads numbers as people type them; whether a sign groups or divides follows from what the cell holds."""

import re
import unicodedata
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

MOST_CHARACTERS = 40
MOST_DIGITS = 15  # before a point, and after it: what a spreadsheet holds exactly
GROUP = 3  # digits
DASHES = frozenset({"-", "--", "–", "—", "−"})
FOOTNOTE_MARK = re.compile("[\u00b2\u00b3\u00b9\u2070-\u209c\u2460-\u24ff]")
"""Raised, lowered and circled signs, which NFKC would make digits of the number that they stand at."""
_SIGN = r"(?P<sign>[+-]?)"
_PLAIN = re.compile(rf"{_SIGN}(?P<whole>\d+)(?:(?P<point>[.,])(?P<decimals>\d+))?", re.ASCII)
_GROUPED = re.compile(
    rf"{_SIGN}(?P<whole>[1-9]\d{{0,2}}(?P<group>[.,' ’])\d{{3}}(?:(?P=group)\d{{3}})*)"
    r"(?:(?!(?P=group))(?P<point>[.,])(?P<decimals>\d+))?",
    re.ASCII,
)
_UNIT = re.compile(r"\s*(?:hồ sơ|hs|dossiers?|thủ tục|tthc)\.?$", re.IGNORECASE)
_PERCENT = re.compile(r"\s*(?:%|phần trăm|per ?cent)$", re.IGNORECASE)


class Manner(StrEnum):
    """How a cell was typed."""

    EMPTY = "empty"
    DASH = "dash"
    PLAIN = "plain"
    GROUPED = "grouped"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class TypedNumber:
    """A number as typed; `group` is the sign between its thousands, `point` the one before its decimals."""

    manner: Manner
    value: Decimal | None = None
    group: str = ""
    point: str = ""
    percent: bool = False

    @property
    def decimals(self) -> int:
        """Digits after the point, as printed."""
        return 0 if self.value is None else max(0, -int(self.value.as_tuple().exponent))

    def times_hundred(self) -> "TypedNumber":
        """A fraction of 1 as a percentage; its decimals are two fewer."""
        return self if self.value is None else replace(self, value=self.value.scaleb(2) + 0)

    @property
    def is_whole(self) -> bool:
        return self.value is not None and self.value == self.value.to_integral_value()


EMPTY = TypedNumber(Manner.EMPTY)
DASH = TypedNumber(Manner.DASH)
UNREADABLE = TypedNumber(Manner.UNREADABLE)


def read_count(typed: str) -> TypedNumber:
    """A number of dossiers: 80.121, 80,121 and 80 121 are the same one, for a count has no decimals.

    A number that can't be grouped, such as 12,5, keeps its fraction: no count, and said to be none.
    """
    text = _UNIT.sub("", _cleaned(typed))
    if number := _nothing(text):
        return number
    found = _GROUPED.fullmatch(text)
    if found is not None:
        return _number(found, Manner.GROUPED, found["group"])
    found = _PLAIN.fullmatch(text)
    return UNREADABLE if found is None else _number(found, Manner.PLAIN)


def read_share(typed: str) -> TypedNumber:
    """A percentage: 62,8 and 62.8 % are the same one, and 24.636 has three decimals."""
    text = _cleaned(typed)
    if number := _nothing(text):
        return number
    bare = _PERCENT.sub("", text)
    found = _PLAIN.fullmatch(bare) or _GROUPED.fullmatch(bare)
    if found is None:
        return UNREADABLE
    group = found.groupdict().get("group") or ""
    return _number(found, Manner.GROUPED if group else Manner.PLAIN, group, percent=bare != text)


def _cleaned(typed: str) -> str:
    """Without the blanks around and inside, whatever their kind; a minus is a hyphen, a footnote's mark no digit."""
    text = typed if FOOTNOTE_MARK.search(typed) else unicodedata.normalize("NFKC", typed)
    text = " ".join(text.split())
    return "-" + text[1:].lstrip() if text[:1] in DASHES and text[1:].strip() else text


def _nothing(text: str) -> TypedNumber | None:
    if not text:
        return EMPTY
    if text in DASHES or text == "-":
        return DASH
    return UNREADABLE if len(text) > MOST_CHARACTERS else None


def _number(found: re.Match[str], manner: Manner, group: str = "", *, percent: bool = False) -> TypedNumber:
    whole = found["whole"].replace(group, "") if group else found["whole"]
    decimals = found["decimals"]
    if len(whole) > MOST_DIGITS or len(decimals or "") > MOST_DIGITS:
        return UNREADABLE
    value = Decimal(f"{found['sign']}{whole}" + (f".{decimals}" if decimals else ""))
    return TypedNumber(manner, value, group, found["point"] or "", percent)
