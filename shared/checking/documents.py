"""Reads a report from TOML or JSON: figures under our keys, rows, and sums and percentages that it states besides."""

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import msgspec

from shared.checking.failures import UnreadableTable
from shared.checking.table import RATIOS, RowKind, StatedShare, StatedSum, TypedCell, TypedReport, TypedRow
from shared.contract.http.checks import CheckFinding
from shared.contract.http.figures import FiguresAnswer, FormAnswer
from shared.domain.columns import KEYS, SHARE_KEYS

FIGURES = frozenset((*KEYS, *SHARE_KEYS))
ROWS = ("rows", "lines")
OF_TIME = frozenset({"month", "statutory_month", "statutory_quarter"})
"""The dimensions of which a row is a period."""
OWN_KEYS = frozenset({"total", *ROWS, "counts", "sums", "shares"})
SAID_BESIDE = frozenset(
    {
        "name",
        "title",
        "place",
        "period",
        "from",
        "to",
        "source",
        "note",
        "notes",
        "number",
        "code",
        "key",
        "section",
        "unit",
    }
    | {field.encode_name for answer in (FiguresAnswer, FormAnswer) for field in msgspec.structs.fields(answer)}
)
"""What a report may say beside its figures; all that our own answers say too, so that they can be checked."""
NAMES = ("name", "code", "key")
MOST_TWICE = 50
MOST_VALUES = 100_000
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
MOST_NEAREST = 100  # unknown keys that are compared with the known ones
LONGEST_LINE = 2_000  # characters: the reader's time grows with the square of a key's length
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")
_TWICE = re.compile(r"Cannot (?:overwrite a value|declare .* twice) \(at (?:line (\d+)|end of document)")
_ASSIGNMENT = re.compile(r"""\s*(?P<key>"[^"]*"|'[^']*'|[\w.\-]+)\s*=\s*(?P<value>.*?)\s*(?:#.*)?$""")


class _Object(dict[str, Any]):
    """A JSON object, and the keys that stand in it twice, with both values."""

    twice: Sequence[tuple[str, Any, Any]] = ()


def read_json(text: str) -> TypedReport:
    """Raises UnreadableTable."""
    if _STRING.sub("", text).count(",") >= MOST_VALUES:  # told before it is parsed: the parser lets nobody else compute
        raise UnreadableTable("too_many_cells")
    try:
        document = json.loads(text, object_pairs_hook=_members, parse_int=str, parse_float=str)
        if _HALF_CHARACTER.search(text):
            json.dumps(document, ensure_ascii=False).encode()
    except RecursionError as error:
        raise UnreadableTable("too_deep") from error
    except ValueError as error:
        raise UnreadableTable("not_json", str(error)) from error
    return _report("json", document, _twice_in(document, ""))


def read_toml(text: str) -> TypedReport:
    """Raises UnreadableTable."""
    lines = text.replace("\r\n", "\n").split("\n")
    if any(len(line) > LONGEST_LINE for line in lines):
        raise UnreadableTable("not_toml", f"a line has more than {LONGEST_LINE} characters")
    faults: list[CheckFinding] = []
    while True:
        try:
            return _report("toml", tomllib.loads("\n".join(lines), parse_float=str), faults)
        except tomllib.TOMLDecodeError as error:
            again = _second(lines, str(error)) if len(faults) < MOST_TWICE else None
            if again is None:
                raise UnreadableTable("not_toml", str(error)) from error
            faults.append(again)
        except RecursionError as error:
            raise UnreadableTable("too_deep") from error
        except ValueError as error:
            raise UnreadableTable("not_toml", str(error)) from error


def _members(pairs: list[tuple[str, Any]]) -> _Object:
    members = _Object(pairs)
    if len(members) < len(pairs):
        first: dict[str, Any] = {}
        twice = []
        for key, value in pairs:
            if key in first:
                twice.append((key, first[key], value))
            first.setdefault(key, value)
        members.twice = twice
        for key, one, other in twice:
            if one != other:
                members.pop(key, None)
    return members


def _twice_in(value: Any, path: str) -> Iterator[CheckFinding]:
    if isinstance(value, _Object):
        for key, one, other in value.twice:
            yield _given_twice(f"{path}{key}", key, _text(one), _text(other))
        for key, inner in value.items():
            yield from _twice_in(inner, f"{path}{key}.")
    elif isinstance(value, list):
        for place, inner in enumerate(value, start=1):
            yield from _twice_in(inner, f"{path.removesuffix('.')}[{place}].")


def _second(lines: list[str], error: str) -> CheckFinding | None:
    """Take a key's second value out of the lines, the first one too where the two differ: which was meant?"""
    found = _TWICE.search(error)
    if found is None:
        return None
    last = len(lines) if found[1] is None else int(found[1])
    for second in range(last - 1, last - 4, -1):  # the parser names the line after a value that ends a line
        given = _ASSIGNMENT.fullmatch(lines[second]) if 0 <= second < len(lines) else None
        first = given and _before(lines, second, given["key"])
        if given is None or first is None:
            continue
        other = _ASSIGNMENT.fullmatch(lines[first])
        assert other is not None
        lines[second] = ""
        if other["value"] != given["value"]:
            lines[first] = ""
        key = given["key"].strip("\"'")
        return _given_twice(key, key, *(value.strip("\"'") for value in (other["value"], given["value"])))
    return None


def _before(lines: Sequence[str], second: int, key: str) -> int | None:
    """The line above, in the same table, that gives the key first."""
    for place in range(second - 1, -1, -1):
        given = _ASSIGNMENT.fullmatch(lines[place])
        if given is not None and given["key"].strip("\"'") == key.strip("\"'"):
            return place
        if lines[place].lstrip().startswith("["):
            return None
    return None


def _given_twice(place: str, key: str, one: str, other: str) -> CheckFinding:
    return CheckFinding(code="given_twice", figure=key, cell=place, typed=one, other=other)


def _report(form: str, document: Any, faults: Iterable[CheckFinding]) -> TypedReport:
    if not isinstance(document, Mapping):
        raise UnreadableTable("no_figures")
    _check_size(document)
    report = TypedReport(form, ratios=dict(RATIOS), faults=list(faults))
    _take_total(report, document)
    for name in ROWS:
        for place, row in enumerate(_tables(document.get(name), report, name), start=1):
            report.rows.append(_row(report, row, f"{name}[{place}].", _name(row) or str(place), RowKind.ROW))
    _set_months(report, [row for name in ROWS for row in _tables(document.get(name), TypedReport(form), name)])
    _take_counts(report, document.get("counts", {}))
    _take_sums(report, document)
    _take_shares(report, document)
    told = [fault for fault in report.faults if fault.code != "no_table"]
    if not any((report.rows, report.counts, report.shares, report.sums, told)):
        raise UnreadableTable("no_figures")
    return report


def _check_size(document: Any) -> None:
    left, values = [document], 0
    while left:
        value = left.pop()
        inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
        values += len(inner)
        if values > MOST_VALUES:
            raise UnreadableTable("too_many_cells")
        left.extend(inner)


def _take_total(report: TypedReport, document: Mapping[str, Any]) -> None:
    """The figures at the top and those under `total` are the same row's."""
    total = document.get("total")
    top = {key: value for key, value in document.items() if key not in OWN_KEYS}
    if isinstance(total, Mapping):
        for key in sorted(FIGURES & top.keys() & total.keys()):
            report.faults.append(_given_twice(f"total.{key}", key, _text(top[key]), _text(total[key])))
            if _text(top.pop(key)) != _text(total[key]):
                total = {name: value for name, value in total.items() if name != key}
    elif total is not None:
        report.faults.append(CheckFinding(code="no_table", figure="total", cell="total", typed=_text(total)))
    row = _row(report, top, "", None, RowKind.TOTAL)
    if isinstance(total, Mapping):
        under = _row(report, total, "total.", None, RowKind.TOTAL)
        row = TypedRow(None, RowKind.TOTAL, {**row.cells, **under.cells}, {**row.shares, **under.shares})
    if row.cells or row.shares:
        report.rows.append(row)


def _tables(value: Any, report: TypedReport, name: str) -> list[Mapping[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
        report.faults.append(CheckFinding(code="no_tables", figure=name, cell=name, typed=_text(value)))
        return []
    return value


def _row(report: TypedReport, row: Mapping[str, Any], path: str, name: str | None, kind: RowKind) -> TypedRow:
    cells: dict[str, TypedCell] = {}
    shares: dict[str, TypedCell] = {}
    for key, value in row.items():
        if key in FIGURES:
            (shares if key in SHARE_KEYS else cells)[key] = TypedCell(_text(value), f"{path}{key}")
        elif key not in SAID_BESIDE:
            say_unknown_key(report, key, f"{path}{key}", _text(value), FIGURES | SAID_BESIDE | OWN_KEYS)
    return TypedRow(name, kind, cells, shares)


def say_unknown_key(report: TypedReport, key: str, place: str, typed: str, known: frozenset[str]) -> None:
    """A key that nobody reads is a fault, with the one that it resembles."""
    nearest = None
    if len(report.faults) < MOST_NEAREST and len(key) < LONGEST_LINE:
        spelt = {_spelt(each): each for each in sorted(known)}
        near = get_close_matches(_spelt(key), sorted(spelt), n=1, cutoff=0.7)
        nearest = spelt[near[0]] if near else None
    report.faults.append(CheckFinding(code="unknown_key", figure=key, cell=place, typed=typed, nearest=nearest))


def _spelt(key: str) -> str:
    return re.sub(r"[\W_]", "", key).casefold()


def _name(row: Mapping[str, Any]) -> str | None:
    value = next((row[key] for key in NAMES if row.get(key) not in (None, "")), None)
    if isinstance(value, Mapping):
        return " · ".join(_text(each) for each in value.values() if each is not None) or None
    return None if value is None else _text(value)


def _set_months(report: TypedReport, rows: Sequence[Mapping[str, Any]]) -> None:
    keys = [row["key"].keys() for row in rows if isinstance(row.get("key"), Mapping)]
    with_months = bool(keys) and all(OF_TIME & each for each in keys)
    report.by_month = with_months and all(len(each) == 1 for each in keys)
    report.mixed_with_months = with_months and not report.by_month


def _take_counts(report: TypedReport, counts: Any) -> None:
    if not isinstance(counts, Mapping):
        report.faults.append(CheckFinding(code="no_table", figure="counts", cell="counts", typed=_text(counts)))
        return
    for name, value in counts.items():
        report.counts[name] = TypedCell(_text(value), f"counts.{name}")


def _take_sums(report: TypedReport, document: Mapping[str, Any]) -> None:
    """Each with `total` and `parts`: names of counts, or numbers that stand there themselves."""
    for place, stated in enumerate(_tables(document.get("sums"), report, "sums"), start=1):
        path = f"sums[{place}]."
        _only(report, stated, path, frozenset({"name", "total", "parts", "note"}))
        parts = stated.get("parts", [])
        named = parts.items() if isinstance(parts, Mapping) else enumerate(_listed(parts), start=1)
        name = _text(stated.get("name", f"sums[{place}]"))
        operand = _operand(report)
        if "total" in stated and parts:
            total = operand(stated["total"], name, f"{path}total")
            found = [
                operand(value, key if isinstance(key, str) else f"{name} [{key}]", f"{path}parts.{key}")
                for key, value in named
            ]
            report.sums.append(StatedSum(name, total, tuple(found)))
        else:
            report.faults.append(CheckFinding(code="incomplete_sum", figure=name, cell=path.removesuffix(".")))


def _take_shares(report: TypedReport, document: Mapping[str, Any]) -> None:
    """Each with `percent`, and what it is of what: `part` and `whole`, where the report says so."""
    for place, stated in enumerate(_tables(document.get("shares"), report, "shares"), start=1):
        path = f"shares[{place}]."
        _only(report, stated, path, frozenset({"name", "percent", "part", "whole", "note"}))
        name = _text(stated.get("name", f"shares[{place}]"))
        operand = _operand(report)
        sides = [
            tuple(operand(value, f"{name}: {side}", f"{path}{side}") for value in _listed(stated[side]))
            if side in stated
            else None
            for side in ("part", "whole")
        ]
        cell = TypedCell(_text(stated.get("percent")), f"{path}percent")
        report.shares.append(StatedShare(name, cell, *sides))


def _only(report: TypedReport, stated: Mapping[str, Any], path: str, known: frozenset[str]) -> None:
    for key, value in stated.items():
        if key not in known:
            say_unknown_key(report, key, f"{path}{key}", _text(value), known)


def _operand(report: TypedReport) -> Callable[[Any, str, str], str]:
    """The name of a count: one that the report has, or a new one for a number that stands here."""

    def named(value: Any, name: str, place: str) -> str:
        text = _text(value)
        if text in report.counts or text in KEYS:
            return text
        if name in report.counts:
            name = f"{name} ({place})"
        report.counts[name] = TypedCell(text, place)
        return name

    return named


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    """A value as it was typed; nothing for one that is absent."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
