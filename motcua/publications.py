"""What reporting has published, as values and as bytes; and the files of publications, as they are verified."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from motcua.client import ServiceClient
from motcua.failure import Failure
from motcua.report import FormFile, Group, PrintedReport, Query, form_file, values_of
from shared.contract.http.figures import ListedDossier
from shared.contract.http.publications import (
    NoteList,
    PublicationList,
    PublicationSummary,
    PublishedDossiers,
    RestoredDocuments,
    RevisionList,
)
from shared.contract.http.published_documents import REVISION, FrozenFigures
from shared.domain.localtime import local
from shared.publishing.verification import DocumentFinding, NamedBytes, documents_in, verified

PATH = "/v1/publications"
PAGE = 200
PART_BYTES = 16 * 1024 * 1024
DOSSIERS_PAGE = 5000


def listed(reporting: ServiceClient, filters: Mapping[str, Sequence[str]]) -> Iterator[PublicationSummary]:
    """The publications that stay within the filters, all where there are none; the newest first."""
    query: dict[str, Any] = {"limit": PAGE, **filters}
    while True:
        answer = reporting.answer(PublicationList, "GET", PATH, params=query)
        yield from answer.publications
        if answer.cursor is None:
            return
        query["cursor"] = answer.cursor


def created(reporting: ServiceClient, members: Mapping[str, Any]) -> bytes:
    """Publish; the document."""
    return reporting.call("POST", PATH, json=members).content


def revised(reporting: ServiceClient, number: int) -> bytes:
    """Publish a revision; the document."""
    return reporting.call("POST", f"{PATH}/{number}/revisions").content


def noted(reporting: ServiceClient, number: int, note: Mapping[str, Any]) -> bytes:
    """Keep a note; the document."""
    return reporting.call("POST", f"{PATH}/{number}/notes", json=note).content


def document(reporting: ServiceClient, number: int, revision: int | None) -> bytes:
    """A publication or a revision of it, byte for byte."""
    path = f"{PATH}/{number}" if revision is None else f"{PATH}/{number}/revisions/{revision}"
    return reporting.get(path).content


def form(reporting: ServiceClient, number: int, query: Query, wanted: str) -> FormFile:
    """The statutory form of what was published, in a format of reporting's."""
    return form_file(reporting.get(f"{PATH}/{number}/ii06a", {**query, "format": wanted}))


def revisions(reporting: ServiceClient, number: int) -> RevisionList:
    return reporting.answer(RevisionList, "GET", f"{PATH}/{number}/revisions")


def notes(reporting: ServiceClient, number: int) -> NoteList:
    return reporting.answer(NoteList, "GET", f"{PATH}/{number}/notes")


def exported(reporting: ServiceClient) -> Iterator[bytes]:
    """Every document of the chain, byte for byte."""
    return reporting.lines(f"{PATH}/documents")


def restored(reporting: ServiceClient, lines: Sequence[bytes]) -> RestoredDocuments:
    """Give documents back that reporting lost, in their order, a few at a time."""
    brought, present, part = 0, 0, list[bytes]()
    for number, line in enumerate(lines, 1):
        part.append(line)
        if number == len(lines) or sum(map(len, part)) + len(lines[number]) > PART_BYTES:
            body = b"\n".join(part)
            answer = reporting.answer(RestoredDocuments, "POST", f"{PATH}/documents", content=body)
            brought, present, part = brought + answer.restored, present + answer.present, []
    return RestoredDocuments(restored=brought, present=present)


def dossiers_behind(reporting: ServiceClient, number: int, revision: int | None, cell: str) -> Iterator[ListedDossier]:
    """Every dossier behind a published number, page by page. Fails when they are not as many as it says."""
    query: dict[str, Any] = {"cell": cell, "limit": DOSSIERS_PAGE}
    if revision is not None:
        query["revision"] = revision
    found = 0
    while True:
        page = reporting.answer(PublishedDossiers, "GET", f"{PATH}/{number}/dossiers", params=query)
        found += len(page.dossiers)
        yield from page.dossiers
        if page.cursor is None:
            break
        query["cursor"] = page.cursor
    if found != page.published:
        raise Failure(
            f"{cell} was published as {page.published}, and by today's rules and catalogue it is {found} dossiers: see "
            "`rules` and `software` of the document"
        )


def printed(figures: FrozenFigures) -> PrintedReport:
    """A document's figures as a report, by the first of its tables."""
    query, table = figures.query, figures.tables[0]
    groups = [Group(row["key"], values_of(row)) for row in table.rows]
    return PrintedReport(
        first=query.first,
        last=query.last,
        definition=query.definition,
        as_of=local(query.as_of),
        by=(table.by,),
        total=figures.total,
        groups=tuple(groups),
        known_at=local(query.as_known_at),
        organised=query.organised,
    )


def heading(body: bytes) -> str:
    """What the document calls itself."""
    document = msgspec.json.decode(body)
    if document["kind"] == REVISION:
        return f"Revision {document['revision']} of publication {document['number']}"
    provisional = ", provisional" if document["provisional"] else ""
    return f"Publication {document['number']}: {document['title']}{provisional}"


def figures_in(body: bytes) -> FrozenFigures:
    """The figures of a document that reporting gave."""
    return msgspec.json.decode(body, type=FrozenFigures)


def verify_files(files: Iterable[Path]) -> list[DocumentFinding]:
    """What holds of the documents in the files, and what does not; no service is asked."""
    return verified([one for file in files for one in documents(file)])


def documents(file: Path) -> list[NamedBytes]:
    """Those of a file: one, or one a line."""
    try:
        return documents_in(str(file), file.read_bytes())
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror or error}") from error
