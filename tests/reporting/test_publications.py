"""What is published stays as it was: verifiable, opened into its dossiers, revised with those that moved."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from random import Random
from typing import Any

import httpx
import msgspec
import pytest
from pydantic import SecretStr
from sqlalchemy import select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.documents.forms.form import form_of
from services.reporting.documents.forms.tables import as_json
from services.reporting.figures.query import Dimension, FigureQuery
from services.reporting.intake.client import IntakeLog
from services.reporting.publishing import chain
from services.reporting.publishing.freezing import LOOK_AGAIN_S, Freezing
from services.reporting.publishing.publications import Publications
from services.reporting.publishing.refusals import UnknownDocument
from services.reporting.read_model.sums import MEASURE_CODES, covering
from services.reporting.read_model.tables import publications, sums
from shared.catalogue import Catalogue
from shared.contract.envelope import encode
from shared.domain.counting import Measure
from shared.domain.fields import CorrectableField
from shared.language.languages import Language
from shared.publishing.cells import cells_of
from shared.publishing.verification import NamedBytes, documents_in, verified
from tests.builders.events import CODE, event, received
from tests.builders.times import at
from tests.reporting.databases import on_sqlite
from tests.reporting.published import (
    KEY,
    NOW,
    PERIOD,
    SmallOffice,
    documents,
    office_of,
    opened,
    published,
    refused,
    reporting_of,
    small_office,
)
from tests.reporting.recorded import Recorded

EVERY = ["department", "field", "channel", "level", "procedure", "month", "received_by"]


@pytest.fixture
async def office(engine: AsyncEngine) -> SmallOffice:
    """With half of its events recorded."""
    made = small_office(engine, 21)
    await made.record(len(made.lines) // 2)
    return made


@pytest.fixture
async def client(office: SmallOffice, shipped: Catalogue) -> AsyncIterator[httpx.AsyncClient]:
    async with reporting_of(office, shipped) as reporting:
        yield reporting


def holds(*bodies: bytes) -> list[str]:
    """The sentences on documents in which nothing is wrong."""
    findings = verified([NamedBytes(f"file {number}", body) for number, body in enumerate(bodies)])
    assert [one.sentence for one in findings if not one.holds] == []
    return [one.sentence for one in findings]


def some_cells(rng: Random, document: dict[str, Any], most: int) -> list[str]:
    cells = cells_of(document)
    counting = [cell for cell, count in cells.items() if count]
    return rng.sample(counting, min(most, len(counting))) + rng.sample(list(cells), 5)


async def test_a_publication_has_the_figures_that_were_answered(client: httpx.AsyncClient) -> None:
    asked = (await client.get("/v1/figures", params=PERIOD | {"by": "department"})).json()
    answer = await client.post("/v1/publications", json=PERIOD | {"title": "Quý I"})
    assert answer.status_code == 201, answer.text
    document = answer.json()
    assert (document["number"], document["place"], document["previous"]) == (1, 1, None)
    assert (document["title"], document["provisional"], document["query"]["by"]) == (
        "Quý I",
        False,
        ["department", "field"],
    )
    assert document["total"] == asked["total"]
    assert document["total"]["received_total"] > 5
    assert document["tables"][0]["rows"] == asked["rows"]
    assert answer.headers["Location"] == "/v1/publications/1"
    again = await client.get("/v1/publications/1")
    assert again.content == answer.content
    assert again.headers["ETag"] == f'"{document["sha256"]}"'
    assert again.headers["Motcua-Sha256"] == document["sha256"]
    (said,) = holds(again.content)
    assert "publication 1, Quý I" in said


@pytest.mark.parametrize("seed", range(2))
async def test_a_published_number_opens_into_its_dossiers_whatever_follows(
    client: httpx.AsyncClient, office: SmallOffice, seed: int
) -> None:
    """Of every dimension: at once, after all later events, and after a rebuild, the same dossiers."""
    document = await published(client, by=EVERY, organised=("then", "now")[seed])
    cells = some_cells(Random(seed), document, 25)
    before = {cell: await opened(client, 1, cell) for cell in cells}
    await office.record(len(office.lines))
    assert {cell: await opened(client, 1, cell) for cell in cells} == before
    await rebuilt(client, office)
    assert {cell: await opened(client, 1, cell) for cell in cells} == before
    assert (await client.get("/v1/publications/1")).json() == document


async def rebuilt(client: httpx.AsyncClient, office: SmallOffice) -> None:
    path = (await client.post("/v1/rebuilds")).headers["Location"]
    body = b"\n".join(encode(line) for line in office.lines)
    await client.post(f"{path}/events?after=0", content=body)
    await client.post(f"{path}/settled")
    swapped = (await client.post(f"{path}/swap")).json()
    assert (swapped["swapped"], swapped["dossiers_differing"]) == (True, 0)


async def test_later_facts_appear_and_are_revised_with_the_dossiers_that_moved(
    client: httpx.AsyncClient, office: SmallOffice
) -> None:
    first = await published(client, by=EVERY)
    state = (await client.get("/v1/publications/1/revisions")).json()
    assert (state["revisions"], state["pending"]["differs"], state["pending"]["dossiers"]) == ([], False, 0)
    assert refused(await client.post("/v1/publications/1/revisions")) == (409, "nothing_changed")

    await office.record(len(office.lines) * 3 // 4)
    pending = (await client.get("/v1/publications/1/revisions")).json()["pending"]
    assert pending["differs"]
    assert pending["dossiers"] > 0
    answer = await client.post("/v1/publications/1/revisions")
    assert answer.status_code == 201, answer.text
    revision = answer.json()
    assert (revision["number"], revision["revision"], revision["revises"]) == (1, 1, first["sha256"])
    assert (len(revision["changes"]), len(revision["moved"])) == (pending["cells"], pending["dossiers"])
    assert revision["recounted_because"] == []
    now = (await client.get("/v1/figures", params=PERIOD)).json()["total"]
    assert revision["total"] == now != first["total"]
    for moved in revision["moved"]:
        assert moved["events"], "each moved for something that became known"
    await office.record(len(office.lines))
    second = (await client.post("/v1/publications/1/revisions")).json()
    assert (second["revision"], second["revises"], second["known_before"]) == (
        2,
        revision["sha256"],
        revision["query"]["as_known_at"],
    )
    listed = (await client.get("/v1/publications/1/revisions")).json()
    assert [one["revision"] for one in listed["revisions"]] == [1, 2]
    assert not listed["pending"]["differs"]
    bodies = [(await client.get(f"/v1/publications/1{path}")).content for path in ("", "/revisions/1", "/revisions/2")]
    assert bodies[1] == answer.content
    said = holds(*bodies)
    assert "the chain holds from its beginning to 3" in said[-1]
    for number, document in ((1, revision), (2, second)):
        for cell in some_cells(Random(3), document, 8):
            await opened(client, 1, cell, revision=number)


async def test_a_dossier_that_only_changed_its_row_has_moved(engine: AsyncEngine, shipped: Catalogue) -> None:
    """Its department is corrected: the total is the same, and two rows are not."""
    to_other = {"field": CorrectableField.DEPARTMENT, "old_value": "H59.15", "new_value": "H59.02"}
    history = [received(at("2023-03-01"), due_at=at("2023-03-20")), event("corrected", "2023-03-12 09:00", **to_other)]
    recorded = Recorded({CODE: history}, {CODE: [at("2023-03-01"), at("2023-03-12")]})
    office = office_of(engine, recorded)
    await office.record(1)
    async with reporting_of(office, shipped) as client:
        first = await published(client)
        await office.record(2)
        revision = (await client.post("/v1/publications/1/revisions")).json()
    assert revision["total"] == first["total"]
    (moved,) = revision["moved"]
    assert (moved["code"], moved["events"]) == (CODE, ["corrected"])
    assert "department.H59.15.received_total" in moved["left"]
    assert "department.H59.02.received_total" in moved["entered"]
    assert {(one["before"], one["after"], one["recounted"]) for one in revision["changes"]} == {(1, 0, 0), (0, 1, 0)}


async def test_dossiers_that_change_places_have_moved_though_no_number_changed(
    engine: AsyncEngine, shipped: Catalogue
) -> None:
    """One turns out to have been entered twice and is voided, and one like it was forgotten."""
    opened_so = received(at("2023-03-01"), due_at=at("2023-03-20"))
    forgotten = CODE.replace("0001", "0002")
    history = {CODE: [opened_so, event("voided", "2023-03-12 09:00")], forgotten: [opened_so]}
    recorded = Recorded(history, {CODE: [at("2023-03-01"), at("2023-03-12")], forgotten: [at("2023-03-13")]})
    office = office_of(engine, recorded)
    await office.record(1)
    async with reporting_of(office, shipped) as client:
        first = (await client.post("/v1/publications", json=PERIOD)).content
        await office.record(3)
        pending = (await client.get("/v1/publications/1/revisions")).json()["pending"]
        assert (pending["differs"], pending["cells"], pending["dossiers"]) == (True, 0, 2)
        revision = (await client.post("/v1/publications/1/revisions")).content
        assert refused(await client.post("/v1/publications/1/revisions")) == (409, "nothing_changed")
    holds(first, revision)
    found = msgspec.json.decode(revision)
    assert found["changes"] == []
    assert [(one["code"], one["events"]) for one in found["moved"]] == [(CODE, ["voided"]), (forgotten, ["received"])]
    assert found["moved"][0]["left"] == found["moved"][1]["entered"]


async def test_intake_that_does_not_tell_leaves_the_why_unknown(
    client: httpx.AsyncClient, office: SmallOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    await published(client)
    await office.record(len(office.lines))
    monkeypatch.setattr("services.reporting.publishing.publications.MOST_ASKED", 1)
    office.asked.clear()
    moved = (await client.post("/v1/publications/1/revisions")).json()["moved"]
    assert [one["events"] is None for one in moved] == [False] + [True] * (len(moved) - 1)
    assert sum(path.startswith("/v1/dossiers/") for path in office.asked) == 1
    assert len(moved) > 1


async def test_more_dossiers_than_a_revision_lists_are_another_publication(
    office: SmallOffice, shipped: Catalogue
) -> None:
    async with reporting_of(office, shipped, most_moved=2) as client:
        await published(client)
        await office.record(len(office.lines))
        pending = (await client.get("/v1/publications/1/revisions")).json()["pending"]
        assert (pending["dossiers"], pending["most"]) == (2, 2)
        assert refused(await client.post("/v1/publications/1/revisions")) == (409, "too_many_moved")
        assert (await published(client))["number"] == 2


async def test_nothing_is_published_while_something_is_not_counted(
    client: httpx.AsyncClient, office: SmallOffice, shipped: Catalogue
) -> None:
    await office.record(office.recorded + 1, counted=False)
    assert refused(await client.post("/v1/publications", json=PERIOD)) == (409, "behind")
    assert refused(await client.post("/v1/publications/1/revisions")) == (404, "not_found")
    await office.record(office.recorded)
    assert (await published(client))["log"] == {
        "events": office.recorded,
        "position": office.recorded,
        "set_aside": 0,
    }
    office.answers = False
    assert refused(await client.post("/v1/publications", json=PERIOD)) == (503, "completeness_unknown")
    async with reporting_of(office, shipped, knows_intake=False) as alone:
        answer = await alone.post("/v1/publications", json=PERIOD)
        assert refused(answer) == (503, "completeness_unknown")
        assert "MOTCUA_REPORTING_INTAKE_URL" in answer.json()["detail"]


async def test_what_comes_a_little_later_is_waited_for(office: SmallOffice, shipped: Catalogue) -> None:
    """The projector is behind at the first look, and not at the second; what was recorded before is all counted."""
    await office.record(office.recorded + 3, counted=False)
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)
        if seconds == LOOK_AGAIN_S:
            await office.record(office.recorded)

    query = FigureQuery(first=date(2023, 1, 20), last=date(2023, 3, 10), as_of=NOW)
    intake = IntakeLog("http://intake", SecretStr(KEY), httpx.MockTransport(office.intake))
    frozen = await Freezing(office.engine, shipped, office.now, intake, pause=pause).figures(query, [Dimension.LEVEL])
    assert frozen["log"]["events"] == office.recorded
    settled, *looks = waits
    assert settled == pytest.approx(1.5, abs=0.01), "the second in which it was asked for is over, and half another one"
    assert looks == [LOOK_AGAIN_S]


async def test_figures_that_do_not_add_up_are_not_published(client: httpx.AsyncClient, engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            text("UPDATE sums SET amount = amount + 1 WHERE measure = 12 AND department = '' AND procedure = ''")
        )
    answer = await client.post("/v1/publications", json=PERIOD)
    assert refused(answer) == (409, "identity_broken")
    assert "6(t)=11(t-1)" in answer.json()["detail"]


async def test_tables_that_do_not_add_up_to_the_office_are_not_published(
    client: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    """Each of them holds by itself: one dossier more was received, and is in progress."""
    in_period = covering(date.fromisoformat(PERIOD["from"]), date.fromisoformat(PERIOD["to"]))
    received, is_open = (MEASURE_CODES[measure] for measure in (Measure.RECEIVED, Measure.OPEN))
    of_department = sums.c.department != "", sums.c.procedure == "", sums.c.span.in_(in_period)
    cells = select(sums.c.span, sums.c.department, sums.c.received_by, sums.c.channel).where(*of_department)
    async with engine.begin() as connection:
        both = cells.where(sums.c.measure == received).intersect(cells.where(sums.c.measure == is_open))
        cell = tuple((await connection.execute(both.limit(1))).one())
        same = (sums.c.span, sums.c.department, sums.c.received_by, sums.c.channel)
        more = update(sums).where(
            tuple_(*same) == cell, sums.c.procedure == "", sums.c.measure.in_((received, is_open))
        )
        assert (await connection.execute(more.values(amount=sums.c.amount + 1))).rowcount == 2
    answer = await client.post("/v1/publications", json=PERIOD)
    assert refused(answer) == (409, "figures_disagree")
    assert "the figures by department and those of the whole office differ by " in answer.json()["detail"]


async def test_a_model_that_lost_a_dossier_is_not_published(client: httpx.AsyncClient, engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM dossiers WHERE code = (SELECT min(code) FROM dossiers)"))
    assert refused(await client.post("/v1/publications", json=PERIOD)) == (409, "figures_disagree")


async def test_a_model_of_old_rules_is_not_published(client: httpx.AsyncClient, engine: AsyncEngine) -> None:
    await published(client)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE model SET rules = 1"))
    for path in ("", "/1/revisions"):
        assert refused(await client.post(f"/v1/publications{path}", json=PERIOD)) == (503, "old_rules")
    assert (await client.get("/v1/publications/1")).status_code == 200


async def test_a_period_that_has_not_ended_is_provisional_or_not_published(
    office: SmallOffice, shipped: Catalogue
) -> None:
    async with reporting_of(office, shipped, now=NOW.replace(month=3, day=10)) as client:
        assert refused(await client.post("/v1/publications", json=PERIOD)) == (409, "period_not_ended")
        assert (await published(client, provisional=True))["provisional"] is True
    async with reporting_of(office, shipped, now=NOW.replace(month=3, day=11)) as client:
        answer = await client.post("/v1/publications", json=PERIOD | {"as_of": "2023-03-09"})
        assert refused(answer) == (409, "period_not_ended")
        assert (await published(client, as_of="2023-03-10"))["number"] == 2


async def test_notes_are_kept_with_numbers_for_good(client: httpx.AsyncClient) -> None:
    note = {"cell": "total.received_total", "text": "Gồm hồ sơ chuyển từ kỳ trước.", "author": "cb-0417"}
    first = await published(client, notes=[note])
    number = first["total"]["received_total"]
    assert first["notes"] == [note | {"count": number}]
    answer = await client.post("/v1/publications/1/notes", json={"cell": "total.resolved_overdue", "text": "Xem lại"})
    assert answer.status_code == 201, answer.text
    later = answer.json()
    assert (later["kind"], later["note"], later["about"], later["place"]) == ("note", 1, first["sha256"], 2)
    assert (later["count"], later["author"]) == (first["total"]["resolved_overdue"], None)
    assert (await client.get("/v1/publications/1/notes")).json() == {"number": 1, "notes": [later]}
    assert (await client.get("/v1/publications")).json()["publications"][0]["notes"] == 1
    holds(*(await client.get("/v1/publications/documents")).content.splitlines())


@pytest.mark.parametrize(
    ("members", "status", "code", "field"),
    [
        ({"title": "gọi 0912 345 678"}, 422, "personal_data", "title"),
        ({"title": "a\x07b"}, 422, "malformed", "title"),
        ({"notes": [{"cell": "total.received_total", "text": "a@b.vn"}]}, 422, "personal_data", "notes.0.text"),
        ({"notes": [{"cell": "total.nothing", "text": "x"}]}, 404, "not_found", None),
        ({"by": ["colour"]}, 422, "malformed", "by"),
        ({"by": []}, 422, "malformed", "by"),
        ({"titel": "x"}, 422, "malformed", "titel"),
        ({"from": 1}, 422, "malformed", "from"),
        ({"period": "2023-Q1"}, 422, "malformed", "period"),
        ({"as_known_at": "2024-01-01T00:00:00+07:00"}, 422, "malformed", "as_known_at"),
    ],
)
@on_sqlite
async def test_what_is_wrong_with_a_request_is_named(
    client: httpx.AsyncClient, members: dict[str, Any], status: int, code: str, field: str | None
) -> None:
    answer = await client.post("/v1/publications", json=PERIOD | members)
    assert (*refused(answer), answer.json()["field"]) == (status, code, field), answer.text


async def test_a_body_that_is_none_is_refused(client: httpx.AsyncClient) -> None:
    for body in (b"", b"{", b"[]", b"\xff", b"[" * 100_000):
        assert refused(await client.post("/v1/publications", content=body)) == (422, "malformed")
    assert refused(await client.post("/v1/publications", content=b" " * 2_000_000)) == (413, "too_large")


async def test_what_is_not_there_is_told(client: httpx.AsyncClient) -> None:
    assert refused(await client.get("/v1/publications/1")) == (404, "not_found")
    await published(client)
    for path in ("2", "1/revisions/1", "2/revisions", "2/notes", "1/dossiers?cell=total.colour", "1/dossiers?cell=x"):
        assert refused(await client.get(f"/v1/publications/{path}")) == (404, "not_found"), path
    assert refused(await client.get("/v1/publications/x")) == (422, "malformed")
    assert refused(await client.get("/v1/publications?colour=red")) == (422, "malformed")


async def test_publications_are_listed_page_by_page_the_newest_first(client: httpx.AsyncClient) -> None:
    for number in range(1, 6):
        assert (await published(client, title=f"Lần {number}"))["number"] == number
    pages, path = [], "/v1/publications?limit=2"
    while path:
        answer = await client.get(path)
        pages.append([one["number"] for one in answer.json()["publications"]])
        link = answer.headers.get("Link", "")
        assert bool(link) is (answer.json()["cursor"] is not None)
        path = link.partition(">")[0].lstrip("<")
    assert pages == [[5, 4], [3, 2], [1]]


async def test_many_at_once_make_one_chain(client: httpx.AsyncClient, engine: AsyncEngine) -> None:
    """Publications and notes at the same time: each follows another one, and none is lost."""
    await published(client)
    note = {"cell": "total.received_total", "text": "x"}
    answers = await asyncio.gather(
        *(client.post("/v1/publications", json=PERIOD) for _ in range(4)),
        *(client.post("/v1/publications/1/notes", json=note) for _ in range(6)),
    )
    assert [answer.status_code for answer in answers] == [201] * 10
    exported = (await client.get("/v1/publications/documents")).content
    found = documents(exported)
    assert [one["place"] for one in found] == list(range(1, 12))
    assert sorted(one["number"] for one in found if one["kind"] == "publication") == [1, 2, 3, 4, 5]
    assert sorted(one["note"] for one in found if one["kind"] == "note") == [1, 2, 3, 4, 5, 6]
    assert [one.sentence for one in verified(documents_in("export", exported)) if not one.holds] == []


async def test_of_two_revisions_at_once_one_is_refused(client: httpx.AsyncClient, office: SmallOffice) -> None:
    await published(client)
    await office.record(len(office.lines))
    answers = await asyncio.gather(*(client.post("/v1/publications/1/revisions") for _ in range(2)))
    codes = sorted((answer.status_code, answer.json().get("code", "")) for answer in answers)
    assert codes[0] == (201, "")
    assert codes[1][1] in ("revised_meanwhile", "nothing_changed")


async def test_its_form_has_the_published_figures(
    client: httpx.AsyncClient, office: SmallOffice, engine: AsyncEngine, shipped: Catalogue
) -> None:
    """After later events too: whoever renders a form gets the stored figures as a report."""
    document = await published(client)
    await office.record(len(office.lines))
    of = Publications(engine, shipped, office.now, office.now, Freezing(engine, shipped, office.now, None))
    report, carries = await of.report(1, Dimension.DEPARTMENT)
    assert (carries.number, carries.sha256) == (1, document["sha256"])
    assert carries.published_at.isoformat() == document["published_at"]
    with pytest.raises(UnknownDocument, match="has no table by month, it has department, field"):
        await of.report(1, Dimension.MONTH)
    form = as_json(form_of(report, shipped, Language.VIETNAMESE))
    assert form.total == document["total"]
    rows = document["tables"][0]["rows"]
    assert [line["code"] for line in form.lines] == [row["key"]["department"] for row in rows]
    assert [line["received_total"] for line in form.lines] == [row["received_total"] for row in rows]


async def test_a_changed_row_of_the_database_is_seen_by_whoever_verifies(
    client: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    await published(client)
    async with engine.begin() as connection:
        body = (await connection.execute(select(publications.c.body))).scalar_one()
        changed = body.replace(b'"received_total":', b'"received_total":1', 1)
        await connection.execute(publications.update().values(body=changed))
    answer = await client.get("/v1/publications/1")
    (finding,) = verified([NamedBytes("it", answer.content)])
    assert not finding.holds
    assert "its content was changed" in finding.sentence


@pytest.mark.parametrize("because", ["history", "rules", "catalogue"])
async def test_what_no_dossier_explains_is_told_as_such(
    client: httpx.AsyncClient, office: SmallOffice, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, because: str
) -> None:
    """What was known then is known otherwise: the history was lost, or other rules or another catalogue count now."""
    with monkeypatch.context() as earlier:
        if because == "rules":
            earlier.setattr("services.reporting.publishing.documents.RULES_VERSION", 3)
        if because == "catalogue":
            earlier.setattr("services.reporting.publishing.documents.fingerprint", lambda _catalogue: "another")
        first = (await client.post("/v1/publications", json=PERIOD)).content
    await office.record(len(office.lines))
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM history"))
    answer = await client.post("/v1/publications/1/revisions")
    assert answer.status_code == 201, answer.text
    revision = answer.json()
    assert revision["recounted_because"] == [because]
    assert any(change["recounted"] for change in revision["changes"])
    assert (await client.get("/v1/figures", params=PERIOD)).json()["total"] == revision["total"]
    holds(first, answer.content)


async def test_a_number_that_is_counted_otherwise_today_says_both(
    client: httpx.AsyncClient, office: SmallOffice, engine: AsyncEngine
) -> None:
    document = await published(client)
    await office.record(len(office.lines))
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM history"))
    page = (await client.get("/v1/publications/1/dossiers?cell=total.received_total")).json()
    assert page["published"] == document["total"]["received_total"] != page["counted"]
    assert len(page["dossiers"]) == page["counted"]


async def test_an_export_brings_back_what_a_lost_database_had(
    client: httpx.AsyncClient, office: SmallOffice, engine: AsyncEngine
) -> None:
    await published(client)
    await office.record(len(office.lines))
    await client.post("/v1/publications/1/revisions")
    await client.post("/v1/publications/1/notes", json={"cell": "total.received_total", "text": "x"})
    path = "/v1/publications/documents"
    exported = (await client.get(path)).content
    listed = [(await client.get(f"/v1/publications{one}")).json() for one in ("", "/1/revisions", "/1/notes")]
    assert (await client.post(path, content=exported)).json() == {"restored": 0, "present": 3}
    async with engine.begin() as connection:
        await connection.execute(publications.delete().where(publications.c.place > 1))
    without_the_second = b"".join(exported.splitlines(keepends=True)[::2])
    assert refused(await client.post(path, content=without_the_second)) == (409, "chain_differs")
    assert len((await client.get(path)).content.splitlines()) == 1, "nothing of it was brought back"
    assert (await client.post(path, content=exported)).json() == {"restored": 2, "present": 1}
    assert (await client.get(path)).content == exported
    assert [(await client.get(f"/v1/publications{one}")).json() for one in ("", "/1/revisions", "/1/notes")] == listed
    async with engine.begin() as connection:
        await connection.execute(publications.delete())
    await published(client, title="Another chain")
    assert refused(await client.post(path, content=exported)) == (409, "chain_differs")
    changed = exported.replace(b"corrected", b"corrupted").replace(b"resolved_total", b"resolved_totol", 1)
    assert refused(await client.post(path, content=changed)) == (409, "chain_differs")


@pytest.mark.parametrize(
    "narrowed",
    [
        {"department": ["H59.15"]},
        {"received_by": ["H59.02"], "channel": ["online", "in_person"]},
        {"level": ["province"], "organised": "now"},
        {"definition": "instant/1", "procedure": ["2.000635"]},
    ],
    ids=["department", "place", "level", "procedure"],
)
async def test_narrowed_figures_are_revised_and_opened_too(
    client: httpx.AsyncClient, office: SmallOffice, narrowed: dict[str, Any]
) -> None:
    document = await published(client, by=EVERY, **narrowed)
    await office.record(len(office.lines))
    revision = (await client.post("/v1/publications/1/revisions")).json()
    assert revision["recounted_because"] == []
    assert revision["query"]["filters"] == document["query"]["filters"]
    for options, figures in (({}, document), ({"revision": 1}, revision)):
        for cell in some_cells(Random(9), figures, 6):
            await opened(client, 1, cell, **options)


async def test_what_was_known_at_a_past_instant_is_published_as_such(
    client: httpx.AsyncClient, office: SmallOffice
) -> None:
    known_at = office.lines[office.recorded // 2].event.recordedtime
    assert known_at is not None
    then = {"as_known_at": known_at.isoformat(), "as_of": "2023-12-30"}
    early = await client.post("/v1/publications", json=PERIOD | {"as_known_at": known_at.isoformat()})
    assert refused(early) == (409, "period_not_ended"), "it is judged as at that instant, too, unless told otherwise"
    document = await published(client, **then)
    asked = (await client.get("/v1/figures", params=PERIOD | then)).json()
    now = (await client.get("/v1/figures", params=PERIOD)).json()
    assert document["total"] == asked["total"] != now["total"]
    revision = (await client.post("/v1/publications/1/revisions")).json()
    assert (revision["total"], revision["recounted_because"]) == (now["total"], [])


async def test_an_intake_that_goes_away_does_not_keep_a_revision_from_being_made(
    client: httpx.AsyncClient, office: SmallOffice
) -> None:
    await published(client)
    await office.record(len(office.lines))
    office.tells = False
    revision = (await client.post("/v1/publications/1/revisions")).json()
    assert {one["events"] for one in revision["moved"]} == {None}


async def test_a_power_cut_undoes_no_publication(office: SmallOffice) -> None:
    """SQLite syncs each of these commits, and the read model's as seldom as before."""
    if office.engine.dialect.name != "sqlite":
        return  # PostgreSQL syncs every commit
    levels = []
    async with chain._durably_writing(office.engine) as connection:
        levels.append((await connection.exec_driver_sql("PRAGMA synchronous")).scalar_one())
    async with office.engine.connect() as connection:
        levels.append((await connection.exec_driver_sql("PRAGMA synchronous")).scalar_one())
    assert levels == [2, 1]
