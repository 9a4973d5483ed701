"""The chain of published documents in the database: appended one after the other, read, and never changed."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.publishing.documents import AskedFigures, Members
from services.reporting.publishing.refusals import ChainDiffers, RevisedMeanwhile, UnknownDocument
from services.reporting.read_model.store import audit_of
from services.reporting.read_model.tables import publications
from shared.auditing.entries import Act, AuditEntry
from shared.contract.envelope import encode
from shared.contract.http.publications import PublicationSummary, RestoredDocuments, RevisionSummary
from shared.contract.http.published_documents import (
    FORMAT,
    NOTE,
    PUBLICATION,
    REVISION,
    NoteDocument,
    PublicationDocument,
    RevisionDocument,
)
from shared.publishing.verification import NamedBytes, verified
from shared.sealing import SEAL, opened, sealed
from shared.service.sql import take_lock, writing

_LOCK = 0x6D6F7470  # any number of our own: "motp"
_ACTS = {PUBLICATION: Act.PUBLISHED, REVISION: Act.REVISED, NOTE: Act.NOTED}
_of = publications.c
_END = select(_of.place, _of.sha256).order_by(_of.place.desc()).limit(1)
READ_AT_ONCE = 5  # documents of an export: a revision may have ten megabytes


class KeptDocument(NamedTuple):
    """A document as it is kept."""

    number: int
    within: int
    sha256: str
    body: bytes


async def append(
    engine: AsyncEngine, kind: str, members: Members, published_at: datetime, number: int | None = None
) -> KeptDocument:
    """Seal the members as the chain's next document and keep it; without a number, as the next publication.

    Under a lock, so that no two documents follow the same one. Raises RevisedMeanwhile.
    """
    async with _durably_writing(engine) as connection:
        await take_lock(connection, _LOCK)
        end = (await connection.execute(_END)).one_or_none()
        if number is None:
            number = 1 + int((await connection.execute(select(func.coalesce(func.max(_of.number), 0)))).scalar_one())
        within = 0 if kind == PUBLICATION else 1 + await _last_within(connection, number, kind)
        if kind == REVISION and (await _latest_figures(connection, number))[1] != members["revises"]:
            raise RevisedMeanwhile(
                f"another revision of publication {number} was published meanwhile; look whether one is still due"
            )
        place = {
            "format": FORMAT,
            "kind": kind,
            "place": 1 if end is None else end.place + 1,
            "previous": None if end is None else end.sha256,
            "published_at": msgspec.to_builtins(published_at),
            "number": number,
        }
        document = members | place | ({kind: within} if within else {})
        seal = await asyncio.to_thread(sealed, document)  # a long one takes a second
        await connection.execute(publications.insert(), _row(place, within, seal.sha256, seal.body))
        details = {"place": place["place"], "sha256": seal.sha256, **({kind: within} if within else {})}
        await audit_of(engine).write(connection, AuditEntry(_ACTS[kind], f"publication {number}", details))
    return KeptDocument(number, within, seal.sha256, seal.body)


async def restore(engine: AsyncEngine, bodies: Sequence[bytes]) -> RestoredDocuments:
    """Bring documents back that an export has and the chain lost, in their order; all of them, or none.

    Raises ChainDiffers when one has another one in its place, does not follow the chain's end, or does not hold.
    """
    found = await asyncio.to_thread(
        verified, [NamedBytes(f"line {number}", one) for number, one in enumerate(bodies, 1)]
    )
    if wrong := [one.sentence for one in found if not one.holds]:
        raise ChainDiffers(f"nothing was brought back: {wrong[0]}")
    present = 0
    async with _durably_writing(engine) as connection:
        await take_lock(connection, _LOCK)
        for number, body in enumerate(bodies, 1):
            document = opened(body)
            place, seal = document["place"], document[SEAL]
            there = (await connection.execute(select(_of.sha256).where(_of.place == place))).scalar_one_or_none()
            end = (await connection.execute(_END)).one_or_none()
            if there == seal:
                present += 1
                continue
            follows = (1, None) if end is None else (end.place + 1, end.sha256)
            if there is not None or (place, document["previous"]) != follows:
                raise ChainDiffers(
                    f"nothing was brought back: line {number} is document {place}, and the chain here has another one "
                    f"in its place or ends elsewhere, at {follows[0] - 1}; an export of this installation, from its "
                    "beginning, can be brought back"
                )
            try:
                row = _row(document, document.get(document["kind"], 0), seal, body)
                await connection.execute(publications.insert(), row)
            except (msgspec.ValidationError, IntegrityError) as unfit:
                raise ChainDiffers(f"nothing was brought back: line {number} is no document of a chain") from unfit
        if present < len(bodies):
            end = (await connection.execute(_END)).one()
            details = {"documents": len(bodies) - present, "place": end.place, "sha256": end.sha256}
            await audit_of(engine).write(connection, AuditEntry(Act.PUBLICATIONS_RESTORED, details=details))
    return RestoredDocuments(restored=len(bodies) - present, present=present)


def _row(document: Members, within: int, seal: str, body: bytes) -> Members:
    kind = document["kind"]
    named = {name: document[name] for name in ("place", "kind", "number")}
    return named | {"within": within, "sha256": seal, "summary": _summary(kind, body), "body": body}


@asynccontextmanager
async def _durably_writing(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """As `writing`, and no power cut undoes it: what the read model forgets is read again, a publication is not."""
    if engine.dialect.name == "postgresql":
        async with writing(engine) as connection:
            yield connection
        return
    async with engine.connect() as connection:
        await connection.execution_options(sqlite_begin="BEGIN IMMEDIATE")
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        async with driver.execute("PRAGMA synchronous") as usual:
            (level,) = await usual.fetchone()
        await driver.execute("PRAGMA synchronous=FULL")
        try:
            async with connection.begin():
                yield connection
        finally:
            await driver.execute(f"PRAGMA synchronous={level}")


def _summary(kind: str, body: bytes) -> bytes:
    if kind == PUBLICATION:
        document = msgspec.json.decode(body, type=PublicationDocument)
        query, seal = document.query, document.sha256
        assert isinstance(seal, str)
        return encode(
            PublicationSummary(
                number=document.number,
                title=document.title,
                first=query.first,
                last=query.last,
                period=query.period,
                definition=query.definition,
                organised=query.organised,
                by=query.by,
                provisional=document.provisional,
                as_known_at=query.as_known_at,
                published_at=document.published_at,
                sha256=seal,
            )
        )
    if kind == REVISION:
        revision = msgspec.json.decode(body, type=RevisionDocument)
        assert isinstance(revision.sha256, str)
        return encode(
            RevisionSummary(
                revision=revision.revision,
                as_known_at=revision.query.as_known_at,
                published_at=revision.published_at,
                sha256=revision.sha256,
                cells=len(revision.changes),
                dossiers=len(revision.moved),
            )
        )
    return b""


async def _last_within(connection: AsyncConnection, number: int, kind: str) -> int:
    last = select(func.coalesce(func.max(_of.within), 0)).where(_of.number == number, _of.kind == kind)
    return int((await connection.execute(last)).scalar_one())


async def _latest_figures(connection: AsyncConnection, number: int) -> tuple[int, str]:
    """Which revision (0: none) has the publication's last figures, and its hash."""
    rows = select(_of.within, _of.sha256).where(_of.number == number, _of.kind.in_((PUBLICATION, REVISION)))
    found = (await connection.execute(rows.order_by(_of.within.desc()).limit(1))).one_or_none()
    if found is None:
        raise _unknown(number)
    return found.within, found.sha256


def _unknown(number: int, revision: int = 0) -> UnknownDocument:
    what = f"revision {revision} of publication {number}" if revision else f"publication {number}"
    return UnknownDocument(f"there is no {what}; GET /v1/publications lists what was published")


async def kept(connection: AsyncConnection, number: int, revision: int = 0) -> KeptDocument:
    """A publication, or a revision of it. Raises UnknownDocument."""
    kind = REVISION if revision else PUBLICATION
    wanted = select(_of.number, _of.within, _of.sha256, _of.body).where(
        _of.number == number, _of.kind == kind, _of.within == revision
    )
    row = (await connection.execute(wanted)).one_or_none()
    if row is None:
        raise _unknown(number, revision)
    return KeptDocument(*row)


async def latest(connection: AsyncConnection, number: int) -> KeptDocument:
    """The document with the publication's last figures. Raises UnknownDocument."""
    revision, _ = await _latest_figures(connection, number)
    return await kept(connection, number, revision)


async def asked_figures(connection: AsyncConnection, number: int) -> list[AskedFigures]:
    """By what the figures of a publication and of its revisions were asked. Raises UnknownDocument."""
    wanted = select(_of.body).where(_of.number == number, _of.kind.in_((PUBLICATION, REVISION)))
    bodies = (await connection.execute(wanted)).scalars().all()
    if not bodies:
        raise _unknown(number)
    return [_asked(body) for body in bodies]


def _asked(body: bytes) -> AskedFigures:
    return msgspec.json.decode(body, type=AskedFigures)


async def summaries(
    connection: AsyncConnection,
    limit: int,
    before: int | None,
    chosen: Callable[[AskedFigures], bool] | None = None,
) -> list[PublicationSummary]:
    """Of publications the newest first, below a number; those whose question is chosen."""
    wanted = select(_of.number, _of.summary).where(_of.kind == PUBLICATION).order_by(_of.number.desc())
    if before is not None:
        wanted = wanted.where(_of.number < before)
    if chosen is None:
        rows = (await connection.execute(wanted.limit(limit))).all()
    else:
        rows = await _chosen(connection, wanted, limit, chosen)
    counted = select(_of.number, _of.kind, func.count()).where(
        _of.number.in_([row.number for row in rows]), _of.kind != PUBLICATION
    )
    counts = {
        (number, kind): count
        for number, kind, count in await connection.execute(counted.group_by(_of.number, _of.kind))
    }
    return [
        msgspec.structs.replace(
            msgspec.json.decode(row.summary, type=PublicationSummary),
            revisions=counts.get((row.number, REVISION), 0),
            notes=counts.get((row.number, NOTE), 0),
        )
        for row in rows
    ]


async def _chosen(
    connection: AsyncConnection, wanted: Select[Any], limit: int, chosen: Callable[[AskedFigures], bool]
) -> list[Any]:
    """The first rows whose documents are chosen; what a summary tells does not decide it."""
    rows: list[Any] = []
    async with connection.stream(
        wanted.add_columns(_of.body), execution_options={"yield_per": READ_AT_ONCE}
    ) as documents:
        async for row in documents:
            if chosen(_asked(row.body)):
                rows.append(row)
            if len(rows) == limit:
                break
    return rows


async def revisions(connection: AsyncConnection, number: int) -> list[RevisionSummary]:
    """Those of a publication, in their order."""
    wanted = select(_of.summary).where(_of.number == number, _of.kind == REVISION).order_by(_of.within)
    return [msgspec.json.decode(row, type=RevisionSummary) for row in (await connection.execute(wanted)).scalars()]


async def notes(connection: AsyncConnection, number: int) -> list[NoteDocument]:
    """The later notes of a publication, in their order."""
    wanted = select(_of.body).where(_of.number == number, _of.kind == NOTE).order_by(_of.within)
    return [msgspec.json.decode(row, type=NoteDocument) for row in (await connection.execute(wanted)).scalars()]


async def documents_after(connection: AsyncConnection, place: int) -> Sequence[tuple[int, bytes]]:
    """The next documents of the chain, each with its place."""
    wanted = select(_of.place, _of.body).where(_of.place > place).order_by(_of.place).limit(READ_AT_ONCE)
    return [(row.place, row.body) for row in await connection.execute(wanted)]
