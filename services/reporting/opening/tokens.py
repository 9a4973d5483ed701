"""A token names one figure for good: the question, the row and column, and the state of the read model that answered.

It is URL-safe text with a check sum; the same figure has the same token. It carries no secret and grants nothing.
"""

import binascii
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

import msgspec

from services.reporting.figures.query import Dimension, FigureQuery, Filters, GroupKey, of_row
from services.reporting.figures.range_sums import Pin
from services.reporting.figures.report import Report
from services.reporting.read_model.sums import CHANNEL_CODES, CHANNELS, instant_of, microseconds
from shared.catalogue import Catalogue
from shared.domain.columns import KEYS
from shared.domain.timeliness import DEFINITIONS

_DIMENSIONS, _DEFINITIONS = tuple(Dimension), tuple(DEFINITIONS)
_CHECKED = 8  # characters at the end: six bytes, the column's place and a check sum
_COLUMNS = [number.to_bytes(2) for number in range(len(KEYS))]


class UnreadableToken(ValueError):
    """Not a token, or not all of one."""


class OtherCatalogue(Exception):
    """The token was made with another catalogue or release: its rows and columns may mean something else now."""


@dataclass(frozen=True, slots=True)
class TokenFigure:
    """One number of an answer; `query` has the row's own period, and groups by what `key` names."""

    query: FigureQuery
    key: GroupKey
    column: str
    pin: Pin


class _Body(msgspec.Struct, frozen=True, array_like=True):
    """All of a token but its column: days as ordinals, instants in microseconds.

    Procedures are runs of places in the catalogue, and the codes of others.
    """

    wording: int
    pin: Pin
    first: int
    last: int
    as_of: int
    definition: int
    departments: list[str]
    procedures: tuple[list[int], list[str]] | None
    channels: list[int]
    by: list[int]
    key: GroupKey
    organised: bool
    places: list[str]
    organised_on: int | None = None


_encode, _decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(_Body).decode


def token_name(place: int | None, column: str) -> str:
    """How a token is named that opens a number of a row, by its place in the answer, or of the total."""
    return f"total.{column}" if place is None else f"rows.{place}.{column}"


class Tokens:
    """Makes and reads tokens; one of another catalogue is refused, for fields and levels come from there, and for
    figures as organised now who took over from whom."""

    def __init__(self, catalogue: Catalogue) -> None:
        about = sorted((procedure.field, code, procedure.level) for code, procedure in catalogue.procedures.items())
        self._procedures = [code for _, code, _ in about]  # by field: those of a field are one run
        self._organised_on = catalogue.organised_on
        self._places = {code: place for place, code in enumerate(self._procedures)}
        then = zlib.crc32(repr((about, KEYS, _DIMENSIONS, _DEFINITIONS)).encode())
        self._wordings = {False: then, True: zlib.crc32(repr(_changes(catalogue)).encode(), then)}  # by `organised`

    def of_report(self, report: Report) -> dict[str, str]:
        """The token of every count: `total.<column>`, and `rows.<index>.<column>` by the row's place in the answer."""
        tokens = dict(_named("total.", self._body(report, replace(report.query, by=()), ())))
        for index, row in enumerate(report.rows):
            tokens.update(_named(f"rows.{index}.", self._body(report, *of_row(report.query, row.key))))
        return tokens

    def read(self, text: str) -> TokenFigure:
        """The figure that the token names. Raises UnreadableToken or OtherCatalogue."""
        start, end = text[:-_CHECKED].encode(), text[-_CHECKED:].encode()
        try:
            column, check = (raw := urlsafe_b64decode(end))[:2], raw[2:]
            if zlib.crc32(column, zlib.crc32(start)).to_bytes(4) != check:
                raise UnreadableToken(text)
            body = _decode(urlsafe_b64decode(start + b"=" * (-len(start) % 4)))
        except (binascii.Error, msgspec.DecodeError) as wrong:
            raise UnreadableToken(text) from wrong
        if body.wording != self._wordings[body.organised]:
            raise OtherCatalogue(text)
        return TokenFigure(self._query(body), body.key, KEYS[int.from_bytes(column)], body.pin)

    def _body(self, report: Report, query: FigureQuery, key: GroupKey) -> bytes:
        filters, organised = query.filters, query.organised is not None
        body = _Body(
            self._wordings[organised],
            report.pin,
            query.first.toordinal(),
            query.last.toordinal(),
            microseconds(query.as_of),
            _DEFINITIONS.index(query.definition),
            sorted(filters.departments),
            None if filters.procedures is None else self._written(filters.procedures),
            sorted(CHANNEL_CODES[channel] for channel in filters.channels),
            [_DIMENSIONS.index(dimension) for dimension in query.by],
            key,
            organised,
            sorted(filters.places),
            None if query.organised_on is None else query.organised_on.toordinal(),
        )
        return urlsafe_b64encode(_encode(body)).rstrip(b"=")

    def _written(self, procedures: frozenset[str]) -> tuple[list[int], list[str]]:
        known = procedures & self._places.keys()
        return _runs(self._places[code] for code in known), sorted(procedures - known)

    def _codes(self, runs: list[int], others: list[str]) -> frozenset[str]:
        return frozenset([*others, *(self._procedures[place] for place in _places(runs))])

    def _query(self, body: _Body) -> FigureQuery:
        procedures = None if body.procedures is None else self._codes(*body.procedures)
        as_of = instant_of(body.as_of)
        organised_on = None if body.organised_on is None else date.fromordinal(body.organised_on)
        return FigureQuery(
            first=date.fromordinal(body.first),
            last=date.fromordinal(body.last),
            as_of=as_of,
            by=tuple(_DIMENSIONS[number] for number in body.by),
            filters=Filters(
                frozenset(body.departments),
                procedures,
                frozenset(CHANNELS[code] for code in body.channels),
                frozenset(body.places),
            ),
            definition=_DEFINITIONS[body.definition],
            known_at=None if body.pin.known_at is None else instant_of(body.pin.known_at),
            organised=self._organised_on(organised_on or as_of.date()) if body.organised else None,
            organised_on=organised_on,
        )


def _changes(catalogue: Catalogue) -> list[object]:
    """What the units' heirs depend on, in an order that is always the same."""
    return [
        (str(change.day), change.units, change.heir, [(part.heir, sorted(part.procedures)) for part in change.parts])
        for change in catalogue.unit_changes
    ]


def _named(prefix: str, head: bytes) -> Iterator[tuple[str, str]]:
    """The tokens of a row; only their last characters differ."""
    start, checked = head.decode(), zlib.crc32(head)
    for name, column in zip(KEYS, _COLUMNS, strict=True):
        yield prefix + name, start + urlsafe_b64encode(column + zlib.crc32(column, checked).to_bytes(4)).decode()


def _runs(places: Iterable[int]) -> list[int]:
    """Places as runs: first and length by turns."""
    runs: list[int] = []
    for place in sorted(places):
        if runs and runs[-2] + runs[-1] == place:
            runs[-1] += 1
        else:
            runs += place, 1
    return runs


def _places(runs: list[int]) -> Iterator[int]:
    for first, length in zip(runs[::2], runs[1::2], strict=True):
        yield from range(first, first + length)
