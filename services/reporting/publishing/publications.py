"""Publishing: figures are frozen, revised when later facts changed them, opened into their dossiers, and annotated."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

import msgspec
from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.figures.query import Dimension, FigureQuery, of_row
from services.reporting.figures.range_sums import Pin, pinned
from services.reporting.figures.reach import Reach
from services.reporting.figures.report import Report, report_in
from services.reporting.opening.lists import LIST_START, ListPlace, list_page
from services.reporting.opening.tokens import TokenFigure
from services.reporting.publishing import chain
from services.reporting.publishing.chain import KeptDocument
from services.reporting.publishing.documents import (
    Members,
    dimensions_of,
    fingerprint,
    question_of,
    reach_of_figures,
    report_of,
)
from services.reporting.publishing.freezing import Freezing, check_ended, end_of_second
from services.reporting.publishing.moves import DossierMove, NumbersOfDocument, moves
from services.reporting.publishing.refusals import NothingChanged, TooManyMoved, UnknownDocument
from services.reporting.read_model.store import answering
from services.reporting.read_model.sums import microseconds
from shared.catalogue import Catalogue
from shared.contract.http.publications import NewNote, PendingRevision, PublishedDossiers, RevisionSummary
from shared.contract.http.published_documents import (
    NOTE,
    PUBLICATION,
    REVISION,
    ChangedCell,
    FrozenFigures,
    MovedDossier,
    NoteDocument,
    PublicationDocument,
    PublishedNote,
    RevisionDocument,
)
from shared.domain.columns import KEYS
from shared.domain.counting import RULES_VERSION
from shared.domain.localtime import local
from shared.publishing.cells import (
    NOT_IN_CATALOGUE,
    TOTAL,
    CellCounts,
    cell_name,
    cells_of,
    counts,
    differing,
    moved_by,
)
from shared.publishing.traces import Published

MOST_MOVED = 20_000  # dossiers in one revision: some ten megabytes
MOST_ASKED = 500  # of them, so many are asked for at intake: what became known of them
ASKED_WITHIN_S = 20.0


class PublicationStory(NamedTuple):
    """A publication and what came after it."""

    document: PublicationDocument
    revisions: list[RevisionSummary]
    notes: list[NoteDocument]


@dataclass(frozen=True, slots=True)
class Publications:
    """`clock` judges whether a period has ended, `recording_clock` is the one that knowledge goes by."""

    engine: AsyncEngine
    catalogue: Catalogue
    clock: Callable[[], datetime]
    recording_clock: Callable[[], datetime]
    freezing: Freezing
    most_moved: int = MOST_MOVED

    async def publish(
        self, query: FigureQuery, title: str | None, notes: Sequence[NewNote], *, provisional: bool
    ) -> KeptDocument:
        """Freeze the figures of the query and publish them. Raises NotPublished and what freezing raises."""
        if not provisional:
            check_ended(query, self.clock())
        frozen = await self.freezing.figures(replace(query, by=()), query.by)
        cells = cells_of(frozen)
        members = frozen | {
            "title": title or query.period or f"{query.first} – {query.last}",
            "provisional": provisional,
            "notes": [
                msgspec.to_builtins(
                    PublishedNote(cell=one.cell, count=_count(cells, one.cell), text=one.text, author=one.author)
                )
                for one in notes
            ],
        }
        return await chain.append(self.engine, PUBLICATION, members, self._now())

    async def annotate(self, number: int, note: NewNote) -> KeptDocument:
        """Keep a note with a number of the publication, as it was published last. Raises UnknownDocument."""
        async with self.engine.connect() as connection:
            last = await chain.latest(connection, number)
        members = msgspec.to_builtins(note) | {
            "about": last.sha256,
            "count": _count(cells_of(msgspec.json.decode(last.body)), note.cell),
        }
        return await chain.append(self.engine, NOTE, members, self._now(), number)

    async def revise(self, number: int) -> KeptDocument:
        """Publish what the figures are by what is known now, and which dossiers moved. Raises NotPublished."""
        async with self.engine.connect() as connection:
            before = _figures(await chain.latest(connection, number))
        query, by = question_of(before.query, self.catalogue), dimensions_of(before.query)
        known_at = end_of_second(self.recording_clock())
        frozen = await self.freezing.figures(replace(query, known_at=known_at), by)
        then, now = cells_of(msgspec.to_builtins(before)), cells_of(frozen)
        changed = differing(then, now)
        async with answering(self.engine) as connection:
            moved = await self._moved(connection, before, known_at, self.most_moved + 1)
        if not (changed or moved):
            raise NothingChanged(f"publication {number} says what is known now: no revision is due")
        if len(moved) > self.most_moved:
            raise TooManyMoved(
                f"more than {self.most_moved} dossiers moved, which is no revision any more; publish the period anew "
                "with POST /v1/publications"
            )
        dossiers = await self._with_events(moved, before.query.as_known_at, known_at)
        changes = _changes(then, now, changed, moved_by(dossiers))
        members = frozen | {
            "revises": before.sha256,
            "known_before": msgspec.to_builtins(before.query.as_known_at),
            "changes": [msgspec.to_builtins(change) for change in changes],
            "moved": dossiers,
            "recounted_because": self._why_recounted(before) if any(one.recounted for one in changes) else [],
        }
        return await chain.append(self.engine, REVISION, members, self._now(), number)

    async def pending(self, number: int) -> PendingRevision:
        """Whether numbers, or the dossiers behind them, are others now than those published last.

        Raises UnknownDocument."""
        async with answering(self.engine) as connection:
            before = _figures(await chain.latest(connection, number))
            now = await self._cells_now(connection, before)
            changed = differing(cells_of(msgspec.to_builtins(before)), now)
            moved = await self._moved(connection, before, None, self.most_moved)
        return PendingRevision(
            differs=bool(changed or moved),
            cells=len(changed),
            dossiers=len(moved),
            most=self.most_moved,
            since=before.query.as_known_at,
        )

    async def dossiers(
        self, number: int, revision: int, cell: str, limit: int, after: ListPlace = LIST_START
    ) -> tuple[PublishedDossiers, ListPlace | None]:
        """The dossiers behind a published number, as known when it was frozen. Raises UnknownDocument."""
        async with answering(self.engine) as connection:
            document = _figures(await chain.kept(connection, number, revision))
            published = _count(cells_of(msgspec.to_builtins(document)), cell)
            pin = (await pinned(connection))._replace(known_at=microseconds(document.query.as_known_at))
            figure = self._figure(document, cell, pin)
            counted = await self._cell_now(connection, figure) if after == LIST_START else UNSET
            page = await list_page(connection, figure, self.catalogue, limit, after)
        assert isinstance(document.sha256, str)
        answer = PublishedDossiers(
            number=number,
            revision=revision or None,
            sha256=document.sha256,
            cell=cell,
            as_known_at=document.query.as_known_at,
            published=published,
            counted=counted,
            dossiers=page.items,
            cursor=None,
        )
        return answer, page.after

    async def story(self, number: int) -> PublicationStory:
        """A publication with its revisions and its later notes. Raises UnknownDocument."""
        async with self.engine.connect() as connection:
            body = (await chain.kept(connection, number)).body
            revisions, notes = await chain.revisions(connection, number), await chain.notes(connection, number)
        return PublicationStory(msgspec.json.decode(body, type=PublicationDocument), revisions, notes)

    async def revision(self, number: int, revision: int) -> RevisionDocument:
        """Raises UnknownDocument."""
        async with self.engine.connect() as connection:
            body = (await chain.kept(connection, number, revision)).body
        return msgspec.json.decode(body, type=RevisionDocument)

    async def report(self, number: int, by: Dimension, revision: int = 0) -> tuple[Report, Published]:
        """The figures of a publication as a report by one of its dimensions, and what a file made of it carries.

        Raises UnknownDocument.
        """
        async with self.engine.connect() as connection:
            document = await chain.kept(connection, number, revision)
        figures = _figures(document)
        return self.as_report(figures, by), Published(number, document.sha256, local(figures.published_at))

    def as_report(self, document: FrozenFigures, by: Dimension) -> Report:
        """The figures of a document as a report by one of its dimensions. Raises UnknownDocument."""
        if by not in dimensions_of(document.query):
            has = ", ".join(document.query.by)
            raise UnknownDocument(f"publication {document.number} has no table by {by.value}, it has {has}")
        return report_of(document, by, self.catalogue)

    def _figure(self, document: FrozenFigures, cell: str, pin: Pin) -> TokenFigure:
        """The number as a token would name it; a row of time is a period of its own."""
        query = question_of(document.query, self.catalogue)
        name, column = cell.rsplit(".", 1)
        if name == TOTAL:
            return TokenFigure(query, (), column, pin)
        dimension, value = name.split(".", 1)
        by = Dimension(dimension)
        narrowed, key = of_row(replace(query, by=(by,)), (None if value == NOT_IN_CATALOGUE else value,))
        return TokenFigure(narrowed, key, column, pin)

    async def _cell_now(self, connection: AsyncConnection, figure: TokenFigure) -> int:
        report = await report_in(connection, figure.query, self.catalogue)
        if not figure.key:
            return report.total[figure.column]
        return next((row.figures[figure.column] for row in report.rows if row.key == figure.key), 0)

    async def _cells_now(self, connection: AsyncConnection, document: FrozenFigures) -> CellCounts:
        """The document's numbers by all that is known now."""
        query, cells = replace(question_of(document.query, self.catalogue), known_at=None), CellCounts()
        for dimension in dimensions_of(document.query):
            report = await report_in(connection, replace(query, by=(dimension,)), self.catalogue)
            cells |= {cell_name(None, None, column): count for column, count in report.total.items()}
            for row in report.rows:
                cells |= {cell_name(dimension, row.key[0], column): count for column, count in row.figures.items()}
        return cells

    async def _moved(
        self, connection: AsyncConnection, before: FrozenFigures, known_at: datetime | None, most: int
    ) -> list[DossierMove]:
        """At most so many dossiers that moved since the document, up to an instant."""
        pin = await pinned(connection, known_at)
        then = pin._replace(known_at=microseconds(before.query.as_known_at))
        columns, found = frozenset(counts(before.total)), list[DossierMove]()
        query, by = question_of(before.query, self.catalogue), dimensions_of(before.query)
        async for move in moves(connection, NumbersOfDocument(query, by, columns, self.catalogue), then, pin):
            found.append(move)
            if len(found) == most:
                break
        return found

    async def reaches(self, number: int) -> list[Reach]:
        """Whose dossiers its figures may count, and those of its revisions. Raises UnknownDocument."""
        async with self.engine.connect() as connection:
            documents = await chain.asked_figures(connection, number)
        return [reach_of_figures(asked, self.catalogue) for asked in documents]

    async def _with_events(self, moved: Sequence[DossierMove], after: datetime, until: datetime) -> list[Members]:
        """With what became known of each, as far as intake tells."""
        events: Mapping[str, list[str]] = {}
        if self.freezing.intake is not None:
            asked = [one.code for one in moved[:MOST_ASKED]]
            events = await self.freezing.intake.recorded_between(asked, after, until, ASKED_WITHIN_S)
        return [
            msgspec.to_builtins(
                MovedDossier(
                    code=one.code,
                    left=one.left,
                    entered=one.entered,
                    known_at=one.known_at,
                    events=events.get(one.code),
                )
            )
            for one in moved
        ]

    def _why_recounted(self, before: FrozenFigures) -> list[str]:
        because = ["rules"] if before.rules != RULES_VERSION else []
        because += ["catalogue"] if before.catalogue != fingerprint(self.catalogue) else []
        return because or ["history"]

    def _now(self) -> datetime:
        return local(self.recording_clock())


def _figures(kept: KeptDocument) -> FrozenFigures:
    return msgspec.json.decode(kept.body, type=FrozenFigures)


def _count(cells: CellCounts, cell: str) -> int:
    if cell not in cells:
        columns = ", ".join(KEYS[:3])
        raise UnknownDocument(
            f"{cell} is no number of it; write total.COLUMN or DIMENSION.VALUE.COLUMN, with a column such as {columns}"
        )
    return cells[cell]


def _changes(then: CellCounts, now: CellCounts, changed: Sequence[str], moved: CellCounts) -> list[ChangedCell]:
    """Each changed number; of a difference that no dossier explains, how much that is.

    A number that dossiers would have changed, and that did not, changes twice: by them, and back.
    """
    cells = dict.fromkeys([*changed, *(cell for cell, step in moved.items() if step)])
    return [
        ChangedCell(
            cell=cell,
            before=then.get(cell, 0),
            after=now.get(cell, 0),
            recounted=now.get(cell, 0) - then.get(cell, 0) - moved.get(cell, 0),
        )
        for cell in cells
    ]
