"""What published files say of themselves and of each other, checked with nothing but the files.

The arithmetic stands here once more, apart from the code that made the figures: sums, identities, shares, and that the
dossiers which moved explain each changed number.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from shared.contract.http.published_documents import FORMAT, NOTE, PUBLICATION, REVISION
from shared.domain.columns import KEYS
from shared.domain.figures import ROW_IDENTITIES, shares
from shared.publishing.cells import KEY, CellCounts, cells_of, counts, differing, moved_by
from shared.sealing import SEAL, Document, NotSealed, opened

ROWS_OF_TIME = ("month", "statutory_month", "statutory_quarter")
NAMED = 5  # of the numbers that are wrong in one way


@dataclass(frozen=True, slots=True)
class DocumentFinding:
    """A sentence on what holds or does not, of a file or of the files together."""

    holds: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class NamedBytes:
    """A document as it was found, under the name of its file (and line)."""

    name: str
    body: bytes


def documents_in(name: str, content: bytes) -> list[NamedBytes]:
    """The documents of a file: one, or one a line.

    One line feed at the very end is the file's, as an export writes it; any other byte is a document's.
    """
    lines = content.removesuffix(b"\n").split(b"\n")
    if len(lines) == 1:
        return [NamedBytes(name, lines[0])]
    return [NamedBytes(f"{name}, line {number}", line) for number, line in enumerate(lines, 1)]


def verified(found: Sequence[NamedBytes]) -> list[DocumentFinding]:
    """Each document by itself, then what ties them together."""
    findings: list[DocumentFinding] = []
    whole: list[tuple[str, Document]] = []
    for one in found:
        try:
            document = opened(one.body)
            wrong = list(_wrong_in(document))
        except NotSealed as broken:
            findings.append(DocumentFinding(False, f"{one.name}: {broken}"))
            continue
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as unreadable:
            what = f"it is sealed, but not made as a document is ({unreadable!r})"
            findings.append(DocumentFinding(False, f"{one.name}: {what}"))
            continue
        findings += [DocumentFinding(False, f"{one.name}: {what}") for what in wrong]
        if not wrong:
            findings.append(DocumentFinding(True, f"{one.name}: {_described(document)}"))
        whole.append((one.name, document))
    return [*findings, *_together(whole)]


def _described(document: Document) -> str:
    """What the document is and what of it was checked."""
    seal = f"sha256 {document[SEAL]}"
    if document["kind"] == NOTE:
        return f"a note on {document['cell']} of publication {document['number']}; {seal}"
    rows = sum(len(table["rows"]) for table in document["tables"])
    adds_up = f"its {len(cells_of(document))} numbers in {rows} rows add up"
    if document["kind"] == REVISION:
        moved = f"{len(document['moved'])} dossier{'' if len(document['moved']) == 1 else 's'} moved"
        explained = f"{moved} and explain{'s' if len(document['moved']) == 1 else ''} each of its changed numbers"
        return f"revision {document['revision']} of publication {document['number']}: {adds_up}; {explained}; {seal}"
    provisional = " (provisional)" if document["provisional"] else ""
    return f"publication {document['number']}, {document['title']}{provisional}: {adds_up}; {seal}"


def _wrong_in(document: Document) -> Iterator[str]:
    if document["format"] != FORMAT:
        yield f"its format is {document['format']!r}, and this version reads {FORMAT}"
        return
    if not all(_is_count(document[name]) and document[name] for name in ("place", "number")):
        yield "its place or number is not one"
    if (document["place"] == 1) is not (document["previous"] is None):
        yield "the first document of a chain, and only that one, names none before it"
    match document["kind"]:
        case kind if kind == NOTE:
            return
        case kind if kind == PUBLICATION:
            yield from _wrong_figures(document)
            yield from _wrong_notes(document["notes"], cells_of(document))
        case kind if kind == REVISION:
            yield from _wrong_figures(document)
            yield from _wrong_changes(document)
        case unknown:
            yield f"its kind is {unknown!r}, and this version knows {PUBLICATION}, {REVISION}, {NOTE}"


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _wrong_figures(document: Document) -> Iterator[str]:
    """Counts, identities and shares of each row; each table against the total and against the day before."""
    total, tables = document["total"], document["tables"]
    yield from _wrong_row("total", total)
    before = document["open_before"]
    if total["carried_over"] != before:
        yield f"total: carried_over is {total['carried_over']}, and {before} were open before the period"
    for table in tables:
        by, rows = table["by"], table["rows"]
        for row in rows:
            where = f"{by} {row[KEY][by]}"
            yield from _wrong_row(where, row)
            if counts(row).keys() != counts(total).keys():
                yield f"{where}: it has other columns than the total"
        if by in ROWS_OF_TIME:
            yield from _wrong_months(by, rows, before)
            continue
        for column, count in counts(total).items():
            if (added := sum(row.get(column, 0) for row in rows)) != count:
                yield f"total.{column} is {count}, and the rows by {by} make {added}"
        if len({row[KEY][by] for row in rows}) < len(rows):
            yield f"{by}: a row is there twice"
    for identity in [identity for table in tables for identity in table["identities"]]:
        if identity["holds"] is not True:
            yield f"it was published with a broken identity, {identity['name']}"


def _wrong_row(where: str, row: Mapping[str, Any]) -> Iterator[str]:
    for column, count in row.items():
        if column in KEYS and not _is_count(count):
            yield f"{where}: {column} is not a count"
            return
    for identity in ROW_IDENTITIES:
        if difference := identity.difference(row):
            yield f"{where}: {identity.name} does not hold, by {difference}"
    for share, value in shares(dict(row)).items():
        if share in row and row[share] != (None if value is None else str(value)):
            yield f"{where}: {share} is {row[share]}, and the counts make {value}"


def _wrong_months(by: str, rows: Sequence[Mapping[str, Any]], before: int) -> Iterator[str]:
    left = before
    for row in rows:
        if row["carried_over"] != left:
            yield f"{by} {row[KEY][by]}: carried_over is {row['carried_over']}, and {left} were left before it"
        left = row["in_progress_total"]


def _wrong_notes(notes: Iterable[Mapping[str, Any]], cells: CellCounts) -> Iterator[str]:
    for note in notes:
        if cells.get(note["cell"]) != note["count"]:
            yield f"a note says {note['count']} of {note['cell']}, which is {cells.get(note['cell'])}"


def _wrong_changes(document: Document) -> Iterator[str]:
    """Each changed number is there as it is now, and is explained; no dossier moves a number that did not change."""
    now, moved = cells_of(document), moved_by(document["moved"])
    changed = {change["cell"]: change for change in document["changes"]}
    if len(changed) < len(document["changes"]):
        yield "a number changes twice"
    for cell, change in changed.items():
        if now.get(cell, 0) != change["after"]:
            yield f"{cell} is {now.get(cell, 0)}, and its change says {change['after']}"
    unexplained = [
        cell
        for cell in dict.fromkeys([*changed, *moved])
        if _difference(changed.get(cell)) != moved.get(cell, 0) + changed.get(cell, {}).get("recounted", 0)
    ]
    if unexplained:
        yield f"the dossiers that moved do not explain {_first(unexplained)}"
    if any(change["recounted"] for change in changed.values()) and not document["recounted_because"]:
        yield "numbers were counted again for no reason that it names"


def _difference(change: Mapping[str, Any] | None) -> int:
    return 0 if change is None else change["after"] - change["before"]


def _first(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def _together(whole: Sequence[tuple[str, Document]]) -> Iterator[DocumentFinding]:
    """The chain as far as the files have it, and what documents say of those before them."""
    if len(whole) < 2:  # noqa: PLR2004 - a chain has two ends
        return
    at: dict[int, list[tuple[str, Document]]] = defaultdict(list)
    for name, document in whole:
        at[document["place"]].append((name, document))
    wrong = list(_wrong_chain(at))
    by_seal = {document[SEAL]: document for _, document in whole}
    for name, document in whole:
        wrong += [f"{name}: {what}" for what in _wrong_beside(document, by_seal)]
    runs = _runs(sorted(at))
    wrong += [_missing(before[-1], after[0]) for before, after in pairwise(runs)]
    yield from (DocumentFinding(False, what) for what in wrong)
    if len(wrong) > len(runs) - 1:
        return
    for run in runs:
        last = f"{run[-1]}, sha256 {at[run[-1]][0][1][SEAL]}"
        if len(runs) == 1:
            first = "from its beginning" if run[0] == 1 else f"from {run[0]} on"
            beyond = "whether more was published after it no file can tell"
            yield DocumentFinding(True, f"the chain holds {first} to {last}; {beyond}")
        elif len(run) > 1:
            yield DocumentFinding(True, f"each document from {run[0]} on follows the one before it, to {last}")


def _runs(places: Sequence[int]) -> list[list[int]]:
    """The places without a gap between them, run by run."""
    runs: list[list[int]] = []
    for place in places:
        if runs and place == runs[-1][-1] + 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    return runs


def _missing(before: int, after: int) -> str:
    gone = f"document {before + 1} is" if after == before + 2 else f"documents {before + 1} to {after - 1} are"
    return f"{gone} not among the files, or not readable: that {after} follows {before} cannot be checked"


def _wrong_chain(at: Mapping[int, Sequence[tuple[str, Document]]]) -> Iterator[str]:
    for place, there in at.items():
        if len({document[SEAL] for _, document in there}) > 1:
            yield f"{' and '.join(name for name, _ in there)} both say that they are document {place} of the chain"
        for name, document in there:
            for before, one in at.get(place - 1, ()):
                if document["previous"] != one[SEAL]:
                    yield f"{name} does not follow {before}: one of them was changed, or left out, since"


def _wrong_beside(document: Document, by_seal: Mapping[str, Document]) -> Iterator[str]:
    """A revision against the document that it revises, a note against the one that it is about."""
    match document["kind"]:
        case kind if kind == REVISION and document["revises"] in by_seal:
            before, now = cells_of(by_seal[document["revises"]]), cells_of(document)
            said = {change["cell"]: change["before"] for change in document["changes"]}
            changed = {change["cell"] for change in document["changes"] if change["before"] != change["after"]}
            if other := sorted(changed ^ {*differing(before, now)}):
                yield f"it does not say rightly which numbers changed: {_first(other)}"
            if other := [cell for cell, count in said.items() if before.get(cell, 0) != count]:
                yield f"it does not say rightly what was published before: {_first(other)}"
        case kind if kind == NOTE and document["about"] in by_seal:
            yield from _wrong_notes([document], cells_of(by_seal[document["about"]]))
