"""Figures as the members of a document, and a document's figures as a report again; no I/O."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import msgspec

from services.reporting.figures.query import NOW, Dimension, FigureQuery, Filters
from services.reporting.figures.range_sums import Pin
from services.reporting.figures.reach import EVERYWHERE, Reach, reach_of
from services.reporting.figures.report import Report, ReportRow, figure_row
from services.reporting.read_model.sums import microseconds
from shared.access.roles import Scope
from shared.catalogue import Catalogue
from shared.contract.envelope import encode
from shared.contract.http.published_documents import (
    CountedLog,
    FrozenFigures,
    FrozenTable,
    PublishedFilters,
    PublishedQuery,
)
from shared.domain.columns import KEYS
from shared.domain.counting import RULES_VERSION
from shared.domain.figures import Figures
from shared.domain.localtime import local

Members = dict[str, Any]


def members_of(reports: Sequence[Report], open_before: int, log: CountedLog, catalogue: Catalogue) -> Members:
    """The members of FrozenFigures but for its place in a chain; the reports are of one question, each by a dimension
    of its own."""
    by = [report.query.by[0] for report in reports]
    members = {
        "query": published_query(reports[0].query, by),
        "total": figure_row(reports[0].total),
        "open_before": open_before,
        "tables": [_table(dimension, report) for dimension, report in zip(by, reports, strict=True)],
        "log": log,
        "rules": RULES_VERSION,
        "catalogue": fingerprint(catalogue),
        "software": f"motcua {version('motcua')}",
    }
    plain: Members = msgspec.to_builtins(members)
    return plain


def _table(dimension: Dimension, report: Report) -> FrozenTable:
    rows = [{"key": {dimension.value: row.key[0]}, **figure_row(row.figures)} for row in report.rows]
    return FrozenTable(by=dimension.value, rows=rows, identities=list(report.identities))


def published_query(query: FigureQuery, by: Sequence[Dimension]) -> PublishedQuery:
    """The whole question, so that it can be asked again; its figures are of what was known at an instant."""
    assert query.known_at is not None
    filters = query.filters
    return PublishedQuery(
        first=query.first,
        last=query.last,
        period=query.period,
        definition=query.definition,
        as_of=query.as_of,
        as_known_at=query.known_at,
        organised=query.organised_as,
        by=[dimension.value for dimension in by],
        filters=PublishedFilters(
            departments=sorted(filters.departments),
            procedures=None if filters.procedures is None else sorted(filters.procedures),
            channels=sorted(filters.channels),
            received_by=sorted(filters.places),
        ),
    )


def dimensions_of(query: PublishedQuery) -> list[Dimension]:
    return [Dimension(name) for name in query.by]


def question_of(query: PublishedQuery, catalogue: Catalogue) -> FigureQuery:
    """The question of a document, without a grouping."""
    filters, as_of = query.filters, local(query.as_of)
    return FigureQuery(
        first=query.first,
        last=query.last,
        as_of=as_of,
        period=query.period,
        filters=Filters(
            frozenset(filters.departments),
            None if filters.procedures is None else frozenset(filters.procedures),
            frozenset(filters.channels),
            frozenset(filters.received_by),
        ),
        definition=query.definition,
        known_at=local(query.as_known_at),
        organised=catalogue.organised_on(as_of.date()) if query.organised == NOW else None,
    )


class AskedFigures(msgspec.Struct, frozen=True):
    """Of a document with figures, what they were asked by, and a hash of the catalogue that they were counted with."""

    query: PublishedQuery
    catalogue: str


def reach_of_figures(asked: AskedFigures, catalogue: Catalogue) -> Reach:
    """Whose dossiers a document may count. As organised now that is what the catalogue of its day says: of another one
    than ours nobody knows who had taken over from whom."""
    if asked.query.organised == NOW and asked.catalogue != fingerprint(catalogue):
        return EVERYWHERE
    return reach_of(question_of(asked.query, catalogue))


def those_within(scope: Scope, catalogue: Catalogue) -> Callable[[AskedFigures], bool] | None:
    """Chooses the documents that count nothing outside; None for all of them."""
    if scope.is_everything:
        return None
    return lambda asked: reach_of_figures(asked, catalogue).is_within(scope)


def report_of(document: FrozenFigures, by: Dimension, catalogue: Catalogue) -> Report:
    """The figures of a document as a report by one of its dimensions, for whoever renders a form of them.

    They are the stored ones, whatever has been counted since. A column that came with a later release is 0.
    """
    table = next(table for table in document.tables if table.by == by)
    query = replace(question_of(document.query, catalogue), by=(by,))
    rows = tuple(ReportRow((row["key"][by.value],), _figures(row)) for row in table.rows)
    pin = Pin(0, 0, microseconds(document.query.as_known_at))
    return Report(query, _figures(document.total), rows, tuple(table.identities), pin)


def _figures(row: dict[str, Any]) -> Figures:
    return {key: row.get(key, 0) for key in KEYS}


def fingerprint(catalogue: Catalogue) -> str:
    """A hash of what rows depend on: the procedures' fields and levels, and what became of units."""
    about = sorted((code, one.field, one.level) for code, one in catalogue.procedures.items())
    changes = [
        (str(change.day), change.units, change.heir, [(part.heir, sorted(part.procedures)) for part in change.parts])
        for change in catalogue.unit_changes
    ]
    return hashlib.sha256(encode((about, changes))).hexdigest()
