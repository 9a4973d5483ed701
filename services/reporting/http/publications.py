"""`/v1/publications`: figures are published, revised, opened and annotated; documents go out byte for byte."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import Response

from services.reporting.figures.grouping import TooManyRows
from services.reporting.figures.query import Dimension, FigureQuery
from services.reporting.http.bodies import bytes_in, message_in, takes
from services.reporting.http.bounds import Bound, check_list, check_publication, check_question
from services.reporting.http.names import units_named
from services.reporting.http.paging import cursor_after, page_response, place_of
from services.reporting.http.parameters import Cursor, FigureParameters, Limit, Parameters, figure_query
from services.reporting.opening.lists import LIST_START, ListPlace
from services.reporting.publishing import chain
from services.reporting.publishing.chain import KeptDocument
from services.reporting.publishing.documents import those_within
from services.reporting.publishing.publications import Publications
from services.reporting.publishing.refusals import CompletenessUnknown, NotPublished, UnknownDocument
from shared.access.roles import EVERYTHING, Permission, Scope
from shared.catalogue import Catalogue
from shared.contract.http import answered, answered_lines
from shared.contract.http.publications import (
    HASH,
    NewNote,
    NewPublication,
    NoteList,
    PublicationList,
    PublicationSummary,
    PublishedDossiers,
    RestoredDocuments,
    RevisionList,
)
from shared.contract.http.published_documents import NoteDocument, PublicationDocument, RevisionDocument
from shared.domain.texts import hidden_character, personal
from shared.service.access import requires
from shared.service.http import Ndjson, declared_parameters_only, documented, json_response
from shared.service.problems import UNPROCESSABLE, Problem

PATH = "/v1/publications"
JSON = "application/json"
MOST_RESTORED_BYTES = 64 * 1024 * 1024
RETRY_AFTER_S = "5"
LARGEST = 2**53 - 1
UNKNOWN = documented({404: "no such publication, revision or number in it", 422: "a parameter is wrong"})
BAD_BODY = documented({413: "the body is too long", 422: "a member is wrong: `field` names it"})
REFUSED = documented(
    {
        409: "`code` says why nothing was published: `period_not_ended`, `behind`, `identity_broken`, "
        "`figures_disagree`; of a revision also `nothing_changed`, `revised_meanwhile`, `too_many_moved`",
        503: "`code` is `completeness_unknown`: reporting can't ask intake whether everything is counted",
    }
)
Number = Annotated[int, Path(ge=1, le=LARGEST, description="the publication's number: 1, 2, 3 …")]
Revision = Annotated[int, Path(ge=1, le=LARGEST, description="which revision of it, from 1")]


class PublicationsParameters(Parameters):
    """Of the list of publications."""

    department: list[str] | None = Field(None, description="only those that are about these departments alone, by code")
    received_by: list[str] | None = Field(None, description="only those about what these units took in, by code")
    limit: int = Field(50, description="publications of a page at most", ge=1, le=1000)
    cursor: Cursor = None


class PublishedDossiersParameters(Parameters):
    """Of the dossiers behind a published number."""

    cell: str = Field(
        description="the number: `total.<column>`, or `<dimension>.<value>.<column>` such as "
        "department.H59.15.resolved_overdue",
        max_length=500,
    )
    revision: int | None = Field(None, description="as this revision has it", ge=1, le=LARGEST)
    limit: Limit = 1000
    cursor: Cursor = None


async def summaries_within(
    engine: AsyncEngine, catalogue: Catalogue, wanted: Scope, most: int, before: int | None
) -> list[PublicationSummary]:
    """What was published about the scope and nothing else, the newest first; `before` a number where one is given."""
    async with engine.connect() as connection:
        return await chain.summaries(connection, most, before, those_within(wanted, catalogue))


def router(to: Publications) -> APIRouter:
    """The routes. A publication's number is its id."""
    return APIRouter(routes=[route for router in (*_of_all(to), *_of_one(to)) for route in router.routes])


def _for(permission: Permission, *more: Any, everywhere: bool = False) -> APIRouter:
    checked = [Depends(declared_parameters_only), *more]
    return APIRouter(
        prefix="/v1", tags=["publications"], dependencies=[requires(permission, everywhere=everywhere), *checked]
    )


def _of_all(to: Publications) -> Sequence[APIRouter]:
    reading, publishing = _for(Permission.READ_FIGURES), _for(Permission.PUBLISH)
    exporting, restoring = (_for(one, everywhere=True) for one in (Permission.READ_FIGURES, Permission.PUBLISH))

    @publishing.post(
        "/publications",
        status_code=201,
        summary="Freeze the figures of a period and publish them",
        responses={201: answered(PublicationDocument), **REFUSED, **BAD_BODY},
        openapi_extra=takes(NewPublication),
        response_class=Response,
    )
    async def publish(request: Request, scope: Bound) -> Response:
        new = await message_in(request, NewPublication)
        for name, text in _texts(new):
            _check_text(name, text)
        with as_problems():
            document = await to.publish(_query(to, scope, new), new.title, new.notes, provisional=new.provisional)
        return _answer(document, f"{PATH}/{document.number}")

    @reading.get(
        "/publications",
        summary="What was published, the newest first",
        responses={200: answered(PublicationList), **documented({422: "a parameter is wrong"})},
        response_class=Response,
    )
    async def get_list(request: Request, scope: Bound, given: Annotated[PublicationsParameters, Query()]) -> Response:
        wanted = _wanted(to, given)
        check_list(scope, wanted)
        before = None if given.cursor is None else place_of(request, given.cursor, tuple[int])[0]
        found = await summaries_within(to.engine, to.catalogue, wanted, given.limit + 1, before)
        page = found[: given.limit]
        cursor = cursor_after(request, (page[-1].number,) if len(found) > given.limit else None)
        return page_response(request, PublicationList(publications=page, cursor=cursor), cursor)

    @exporting.get(
        "/publications/documents",
        summary="The whole chain: every document byte for byte, one a line, NDJSON",
        response_class=Ndjson,
        responses={200: answered_lines(PublicationDocument)},
    )
    async def get_documents() -> Ndjson:
        return Ndjson(_documents(to))

    @restoring.post(
        "/publications/documents",
        summary="Bring back what an export of the chain has and the chain lacks, NDJSON",
        responses={
            200: answered(RestoredDocuments),
            **documented(
                {
                    409: "`chain_differs`: a document does not hold, or does not continue the chain that is here",
                    413: "the body is too long: send fewer lines at a time",
                }
            ),
        },
        response_class=Response,
    )
    async def restore(request: Request) -> Response:
        lines = [line for line in (await bytes_in(request, MOST_RESTORED_BYTES)).split(b"\n") if line]
        with as_problems():
            return json_response(await chain.restore(to.engine, lines))

    return reading, publishing, exporting, restoring


def inside_only(to: Publications) -> Callable[[int, Scope], Awaitable[None]]:
    """A dependency of routes of one publication: 403 for whoever is bound to less than it is about."""

    async def check(number: Number, scope: Bound) -> None:
        await check_inside(to, number, scope)

    return check


async def check_inside(to: Publications, number: int, scope: Scope) -> None:
    """403 for whoever is bound to less than the publication is about; 404 where there is none."""
    if scope.is_everything:
        return
    with as_problems():
        for reach in await to.reaches(number):
            check_publication(scope, number, reach)


def _of_one(to: Publications) -> Sequence[APIRouter]:
    inside = Depends(inside_only(to))
    reading, publishing = _for(Permission.READ_FIGURES, inside), _for(Permission.PUBLISH, inside)

    @reading.get(
        "/publications/{number}",
        summary="A publication, byte for byte as its hash has it",
        responses={200: answered(PublicationDocument), **UNKNOWN},
        response_class=Response,
    )
    async def get_publication(number: Number) -> Response:
        with as_problems():
            async with to.engine.connect() as connection:
                return _answer(await chain.kept(connection, number))

    @reading.get(
        "/publications/{number}/revisions",
        summary="Its revisions, and whether later facts make another one due",
        responses={200: answered(RevisionList), **UNKNOWN},
        response_class=Response,
    )
    async def get_revisions(number: Number) -> Response:
        with as_problems():
            pending = await to.pending(number)
            async with to.engine.connect() as connection:
                revisions = await chain.revisions(connection, number)
        return json_response(RevisionList(number=number, revisions=revisions, pending=pending))

    @publishing.post(
        "/publications/{number}/revisions",
        status_code=201,
        summary="Publish what its figures are by now, with the dossiers that moved and why",
        responses={201: answered(RevisionDocument), **UNKNOWN, **REFUSED},
        response_class=Response,
    )
    async def revise(number: Number) -> Response:
        with as_problems():
            document = await to.revise(number)
        return _answer(document, f"{PATH}/{number}/revisions/{document.within}")

    @reading.get(
        "/publications/{number}/revisions/{revision}",
        summary="A revision, byte for byte as its hash has it",
        responses={200: answered(RevisionDocument), **UNKNOWN},
        response_class=Response,
    )
    async def get_revision(number: Number, revision: Revision) -> Response:
        with as_problems():
            async with to.engine.connect() as connection:
                return _answer(await chain.kept(connection, number, revision))

    @publishing.post(
        "/publications/{number}/notes",
        status_code=201,
        summary="Keep a note with a published number, for good",
        responses={201: answered(NoteDocument), **UNKNOWN, **BAD_BODY},
        openapi_extra=takes(NewNote),
        response_class=Response,
    )
    async def annotate(number: Number, request: Request) -> Response:
        note = await message_in(request, NewNote)
        for name, text in _texts_of(note, ""):
            _check_text(name, text)
        with as_problems():
            document = await to.annotate(number, note)
        return _answer(document, f"{PATH}/{number}/notes")

    @reading.get(
        "/publications/{number}/notes",
        summary="The notes that were added to it later",
        responses={200: answered(NoteList), **UNKNOWN},
        response_class=Response,
    )
    async def get_notes(number: Number) -> Response:
        with as_problems():
            async with to.engine.connect() as connection:
                await chain.kept(connection, number)
                notes = await chain.notes(connection, number)
        return json_response(NoteList(number=number, notes=notes))

    @reading.get(
        "/publications/{number}/dossiers",
        summary="The dossiers behind a published number, as they counted when it was frozen",
        responses={200: answered(PublishedDossiers), **UNKNOWN},
        response_class=Response,
    )
    async def get_dossiers(
        request: Request, number: Number, given: Annotated[PublishedDossiersParameters, Query()]
    ) -> Response:
        after = LIST_START if given.cursor is None else place_of(request, given.cursor, ListPlace)
        with as_problems():
            page, end = await to.dossiers(number, given.revision or 0, given.cell, given.limit, after)
        cursor = cursor_after(request, end)
        return page_response(request, msgspec.structs.replace(page, cursor=cursor), cursor)

    return reading, publishing


async def _documents(to: Publications) -> AsyncGenerator[bytes]:
    place = 0
    while True:
        async with to.engine.connect() as connection:
            rows = await chain.documents_after(connection, place)
        if not rows:
            return
        yield b"".join(body + b"\n" for _, body in rows)
        place = rows[-1][0]


def _answer(document: KeptDocument, location: str | None = None) -> Response:
    headers = {"ETag": f'"{document.sha256}"', HASH: document.sha256}
    if location is None:
        return Response(document.body, 200, headers, JSON)
    return Response(document.body, 201, headers | {"Location": location}, JSON)


def _texts(new: NewPublication) -> Iterator[tuple[str, str | None]]:
    yield "title", new.title
    for number, note in enumerate(new.notes):
        yield from _texts_of(note, f"notes.{number}.")


def _texts_of(note: NewNote, where: str) -> Iterator[tuple[str, str | None]]:
    yield f"{where}text", note.text
    yield f"{where}author", note.author


def _check_text(field: str, text: str | None) -> None:
    """A published text stays for good: it may not tell who a person is."""
    if text is None:
        return
    if hidden := hidden_character(text, layout=field.endswith("text")):
        raise Problem(
            422,
            UNPROCESSABLE,
            f"{field}: holds the hidden character {hidden}; leave it out",
            field=field,
            vietnamese=f"{field}: có ký tự ẩn {hidden}; hãy bỏ đi",
        )
    if who := personal(text):
        detail = f"{field}: holds {who}, and what is published stays for good; leave it out"
        in_vietnamese = f"{field}: có dữ liệu cá nhân ({who}), mà nội dung đã công bố thì giữ mãi; hãy bỏ đi"
        raise Problem(422, UNPROCESSABLE, detail, field=field, code="personal_data", vietnamese=in_vietnamese)


_OF_QUESTION = (
    *("first", "last", "period", "as_of", "definition", "as_known_at", "organised", "by"),
    *("department", "channel", "procedure", "field", "level", "received_by"),
)


def _wanted(to: Publications, given: PublicationsParameters) -> Scope:
    """What the listed publications stay within."""
    named = {"department": given.department, "received_by": given.received_by}
    if not any(named.values()):
        return EVERYTHING
    today = to.clock().date()
    return Scope(*(units_named(name, values, to.catalogue, today) for name, values in named.items()))


def _query(to: Publications, scope: Scope, new: NewPublication) -> FigureQuery:
    """The question, checked as that of `/v1/figures` is; a table for each dimension."""
    given = {name: value for name in _OF_QUESTION if (value := getattr(new, name)) is not None}
    given.setdefault("by", [Dimension.DEPARTMENT.value, Dimension.FIELD.value])
    query = figure_query(FigureParameters(**given), to.catalogue, to.clock(), to.recording_clock())
    check_question(scope, query)
    if not query.by:
        raise Problem(
            422,
            UNPROCESSABLE,
            "by: is empty; name a dimension, or leave it out",
            field="by",
            vietnamese="by: để trống; hãy ghi một chiều, hoặc bỏ đi",
        )
    return query


@contextmanager
def as_problems() -> Iterator[None]:
    """What can go wrong, as problem details."""
    try:
        yield
    except UnknownDocument as unknown:
        raise Problem(404, "Not Found", str(unknown), vietnamese=unknown.in_vietnamese) from unknown
    except CompletenessUnknown as unknown:
        raise Problem(
            503,
            "Service Unavailable",
            str(unknown),
            code=unknown.code,
            headers={"Retry-After": RETRY_AFTER_S},
            vietnamese=unknown.in_vietnamese,
        ) from unknown
    except NotPublished as refused:
        raise Problem(409, "Conflict", str(refused), code=refused.code, vietnamese=refused.in_vietnamese) from refused
    except TooManyRows as too_many:
        detail = f"by: a table would have more than {too_many.most} rows; leave that dimension out"
        in_vietnamese = f"by: một bảng sẽ có hơn {too_many.most} dòng; hãy bỏ chiều ấy"
        raise Problem(422, UNPROCESSABLE, detail, field="by", vietnamese=in_vietnamese) from too_many
