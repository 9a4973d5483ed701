"""A key bound to a department or a unit of receipt: what is outside is refused, whatever the body says, and nothing is
told of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.access.made_keys import bearer, make_key
from tests.intake import sending
from tests.intake.conftest import Start
from tests.intake.sending import CODE, NDJSON, Sender, cloud_event, lines

OWN, OTHER = "H59.15", "H59.16"
OTHER_CODE = "H59.16-231208-0001"
ANY_UNITS = "1.000001"  # a procedure of every department
OF_OTHER = {"department": OTHER}
RECEIVED_FOR = {"department": OTHER, "received_by": OWN}


def received(code: str = CODE, **changes: Any) -> dict[str, Any]:
    return sending.received(code, procedure=ANY_UNITS, **changes)


@dataclass(frozen=True, slots=True)
class BoundOffice:
    """Intake, and a caller with a key for `H59.15` (or what a test says) beside the one who may do everything."""

    everything: Sender
    folder: Path

    def caller(self, *grants: str) -> Sender:
        client = self.everything.http
        bound = httpx.AsyncClient(
            transport=client._transport,
            base_url=client.base_url,
            headers=bearer(make_key(self.folder, *grants)),
        )
        return Sender(bound, self.everything.service)


@pytest.fixture
async def office(start: Start, tmp_path: Path) -> AsyncIterator[BoundOffice]:
    async with start(access_dir=tmp_path) as intake:
        yield BoundOffice(intake, tmp_path)


@asynccontextmanager
async def counter_of(office: BoundOffice, *grants: str) -> AsyncIterator[Sender]:
    caller = office.caller(*(grants or (f"counter@{OWN}",)))
    async with caller.http:
        yield caller


def forbidden(answer: httpx.Response, *names: str) -> None:
    """403 as the contract has it, and the sentence holds the names."""
    body = answer.json()
    assert (answer.status_code, body["code"], body["status"]) == (403, "forbidden", 403), answer.text
    assert [name for name in names if name not in body["detail"]] == []


async def test_a_dossier_of_another_department_is_not_received(office: BoundOffice) -> None:
    async with counter_of(office) as counter:
        body = {"department": OTHER, "procedure": ANY_UNITS, "channel": "in_person", "code": OTHER_CODE}
        forbidden(await counter.http.post("/v1/dossiers", json=body), OTHER, OWN)
        vietnamese = await counter.http.post("/v1/dossiers", json=body, headers={"Accept-Language": "vi"})
        assert "cơ quan H59.16" in vietnamese.json()["detail"]
        forbidden(await counter.cloud_event(received(OTHER_CODE, **OF_OTHER), OTHER_CODE), OTHER)
        short = {"event": "received", "department": OTHER, "procedure": ANY_UNITS, "channel": "postal"}
        forbidden(await counter.http.post(f"/v1/dossiers/{OTHER_CODE}/events", json=short), OTHER)
        assert (
            await counter.http.post("/v1/dossiers", json=body | {"department": OWN, "code": CODE})
        ).status_code == 201
    assert [entry["event"]["subject"] for entry in await office.everything.log()] == [CODE]


async def test_the_dossier_decides_and_not_what_the_event_says(office: BoundOffice) -> None:
    """Each event, with the own department in its data and in its code where it can be written."""
    await office.everything.bulk(received(OTHER_CODE, **OF_OTHER))
    async with counter_of(office) as counter:
        for name, data in {
            "processing_started": {},
            "received": {"department": OWN, "procedure": ANY_UNITS, "channel": "online"},
            "assigned": {"unit": OWN},
            "resolved": {"outcome": "granted"},
            "withdrawn": {"reason": "by request"},
            "voided": {"reason": "entered twice"},
            "corrected": {"field": "department", "old_value": OTHER, "new_value": OWN, "reason": "wrong"},
        }.items():
            forbidden(await counter.cloud_event(cloud_event(name, "2023-12-08T09:00", OTHER_CODE, **data), OTHER_CODE))
        forbidden(await counter.http.get(f"/v1/dossiers/{OTHER_CODE}"), OTHER_CODE, OTHER, OWN)
        assert (await counter.http.get("/v1/dossiers/H59.16-231208-0002")).status_code == 404
    assert len(await office.everything.log()) == 1


async def test_a_unit_that_received_for_another_department_goes_on_with_it(office: BoundOffice) -> None:
    await office.everything.bulk(received(OTHER_CODE, **RECEIVED_FOR), received("H59.16-231208-0002", **OF_OTHER))
    async with counter_of(office, f"counter@received_by:{OWN}") as counter:
        assert (await counter.event(OTHER_CODE, event="processing_started")).status_code == 201
        assert (await counter.http.get(f"/v1/dossiers/{OTHER_CODE}")).status_code == 200
        forbidden(await counter.event("H59.16-231208-0002", event="processing_started"))
        by_the_way = {"procedure": ANY_UNITS, "channel": "online", "code": "H59.16-231208-0003"}
        forbidden(await counter.http.post("/v1/dossiers", json=OF_OTHER | by_the_way))
        assert (await counter.http.post("/v1/dossiers", json=RECEIVED_FOR | by_the_way)).status_code == 201


@pytest.mark.parametrize(
    ("grant", "corrected", "is_inside"),
    [
        (f"counter@{OWN}", ("department", OWN, OTHER), False),
        (f"counter@{OWN},{OTHER}", ("department", OWN, OTHER), True),
        (f"counter@received_by:{OWN}", ("received_by", None, OTHER), False),
        (f"counter@received_by:{OWN},received_by:{OTHER}", ("received_by", None, OTHER), True),
        (f"counter@received_by:{OWN}", ("department", OWN, OTHER), False),  # then its own department received it
    ],
)
async def test_a_correction_stays_inside_before_and_after(
    office: BoundOffice, grant: str, corrected: tuple[str, str | None, str], *, is_inside: bool
) -> None:
    await office.everything.bulk(received())
    async with counter_of(office, grant) as counter:
        field, old, new = corrected
        answer = await counter.event(
            event="corrected", field=field, old_value=old, new_value=new, reason="entered wrong"
        )
        if is_inside:
            assert answer.status_code == 201
        else:
            forbidden(answer, new)


async def test_what_an_event_points_at_is_inside_too(office: BoundOffice) -> None:
    await office.everything.bulk(received(OTHER_CODE, **OF_OTHER), received())
    async with counter_of(office) as counter:
        following = {"department": OWN, "procedure": ANY_UNITS, "channel": "online", "follows": OTHER_CODE}
        forbidden(await counter.http.post("/v1/dossiers", json=following), OTHER_CODE)
        forbidden(await counter.event(event="voided", reason="entered twice", duplicate_of=OTHER_CODE), OTHER_CODE)
        assert (await counter.http.post("/v1/dossiers", json=following | {"follows": CODE})).status_code == 201


async def test_a_repeat_of_what_another_sent_reveals_nothing(office: BoundOffice) -> None:
    """By id, by Idempotency-Key, with the same content and with other content."""
    secret = received(OTHER_CODE, event_id="the-id", **OF_OTHER)
    assert (await office.everything.cloud_event(secret, OTHER_CODE)).status_code == 201
    body = {"department": OTHER, "procedure": ANY_UNITS, "channel": "online"}
    first = await office.everything.http.post("/v1/dossiers", json=body, headers={"Idempotency-Key": "k-1"})
    async with counter_of(office) as counter:
        told = [
            await counter.cloud_event(secret, OTHER_CODE),
            await counter.cloud_event(received(CODE, event_id="the-id")),
            await counter.http.post("/v1/dossiers", json=body, headers={"Idempotency-Key": "k-1"}),
            await counter.http.post(
                "/v1/dossiers", json=body | {"department": OWN}, headers={"Idempotency-Key": "k-1"}
            ),
        ]
        for answer in told:
            forbidden(answer)
            assert OTHER_CODE not in answer.text
            assert first.json()["code"] not in answer.text
        assert (await counter.bulk(secret))["rejections"][0]["code"] == "forbidden"


async def test_ones_own_repeat_gets_the_first_answer(office: BoundOffice) -> None:
    async with counter_of(office) as counter:
        body = {"department": OWN, "procedure": ANY_UNITS, "channel": "online"}
        answers = [
            await counter.http.post("/v1/dossiers", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)
        ]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()


async def test_in_a_bulk_call_only_the_line_outside_is_rejected(office: BoundOffice) -> None:
    await office.everything.bulk(received(OTHER_CODE, **OF_OTHER))
    body = lines(
        received("H59.15-231208-0001"),
        received("H59.16-231208-0009", **OF_OTHER),
        cloud_event("processing_started", "2023-12-08T09:00", OTHER_CODE),
        received("H59.15-231208-0002"),
        cloud_event("processing_started", "2023-12-08T09:00", "H59.15-231208-0001"),
    )
    async with counter_of(office) as counter:
        answer = (await counter.http.post("/v1/events", content=body, headers={"content-type": NDJSON})).json()
    assert (answer["accepted"], answer["duplicates"], answer["rejected"]) == (3, 0, 2)
    assert [(one["line"], one["code"]) for one in answer["rejections"]] == [(2, "forbidden"), (3, "forbidden")]


async def test_a_dossier_opened_in_the_same_call_is_known_by_its_department(office: BoundOffice) -> None:
    async with counter_of(office, f"counter@{OWN}", f"counter@{OTHER}") as both:
        answer = await both.bulk(received(OTHER_CODE, **OF_OTHER), received(CODE, follows=OTHER_CODE))
        assert answer["accepted"] == 2
    async with counter_of(office) as counter:
        answer = await counter.bulk(received("H59.15-231208-0005", follows=OTHER_CODE))
        assert [one["code"] for one in answer["rejections"]] == ["forbidden"]


async def test_the_log_and_announcements_are_for_all_departments_or_nobody(office: BoundOffice) -> None:
    async with counter_of(office, f"admin@{OWN},{OTHER}") as bound:
        for path in ("/v1/log", "/v1/log/head", "/v1/calendar/announcements", "/v1/calendar/announcements/a"):
            forbidden(await bound.http.get(path), "@*")
        for path in ("/v1/log/resend", "/v1/log/restore", "/v1/calendar/announcements"):
            forbidden(await bound.http.post(path, json={}), "@*")
    async with counter_of(office, "admin@*") as admin:
        assert (await admin.http.get("/v1/log/head")).status_code == 200
