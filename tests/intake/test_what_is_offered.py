"""A procedure belongs to departments and is offered by channels, and what the law wants said is said."""

from dataclasses import replace
from typing import Any

import pytest

from services.intake.accepting.candidates import as_logged
from services.intake.accepting.parsing import parse
from services.intake.log.history import history
from shared.domain.errors import Refusal
from shared.domain.events import Channel, OnlineLevel
from tests.intake.explained import Office, with_procedure
from tests.intake.sending import APPLICANT_KEY, CODE, Sender, cloud_event, lines, received

DUE = "2023-12-20T08:00:00+07:00"


def refused(office: Office, event: dict[str, Any]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        office.takes(event)
    return caught.value


def submitted(**data: Any) -> dict[str, Any]:
    return cloud_event(
        "submitted", "2023-12-08T08:00", **{"department": "H59.15", "procedure": "2.000635", "channel": "online"} | data
    )


@pytest.mark.parametrize("make", [received, submitted])
def test_another_department_is_refused_with_those_that_handle_it(make: Any) -> None:
    more = {"due_at": DUE} if make is received else {}
    found = refused(Office(), make(department="H59.16", **more))
    assert (found.code, found.field) == ("wrong_department", "data.department")
    assert "H59.15" in found.detail
    Office(with_procedure(departments=("H59.16",))).takes(make(department="H59.16", **more))
    Office(with_procedure(department=None)).takes(make(department="H59.16", **more))


def test_an_unknown_procedure_belongs_to_every_department() -> None:
    Office().takes(received(department="H59.16", procedure="9.999999", due_at=DUE))
    Office().takes(received(department="H59.16", procedure="9.999999", channel="postal", due_at=DUE))


def test_a_channel_that_is_not_offered_is_refused_with_those_that_are() -> None:
    office = Office(with_procedure(channels=(Channel.IN_PERSON, Channel.POSTAL)))
    found = refused(office, received(channel="online"))
    assert (found.code, found.field) == ("channel_not_offered", "data.channel")
    assert "in_person, postal" in found.detail
    office.takes(received(channel="postal"))


def test_a_level_that_is_not_offered_is_refused() -> None:
    office = Office(with_procedure(online_levels=(OnlineLevel.PARTIAL,)))
    found = refused(office, received(online_level="full"))
    assert (found.code, found.field) == ("channel_not_offered", "data.online_level")
    for level in ("partial", None):
        replace(office).takes(received(online_level=level))


@pytest.mark.parametrize("channel", ["in_person", "postal"])
def test_a_level_goes_with_the_online_channel_only(channel: str) -> None:
    found = refused(Office(), received(channel=channel, online_level="full"))
    assert (found.code, found.field) == ("online_level_not_online", "data.online_level")
    assert (
        refused(Office(), received(procedure="9.999999", channel=channel, online_level="full", due_at=DUE)).code
        == found.code
    )


def correction(field: str, old: str | None, new: str | None) -> dict[str, Any]:
    return cloud_event("corrected", "2023-12-09T08:00", field=field, old_value=old, new_value=new, reason="gõ nhầm")


@pytest.mark.parametrize(
    ("field", "old", "new", "code"),
    [
        ("department", "H59.15", "H59.16", "wrong_department"),
        ("procedure", "2.000635", "1.004616", "wrong_department"),
        ("channel", "online", "postal", "online_level_not_online"),
    ],
)
def test_a_correction_brings_in_no_more_than_a_receipt(field: str, old: str, new: str, code: str) -> None:
    found = refused(Office().takes(received(online_level="full", due_at=DUE)), correction(field, old, new))
    assert (found.code, found.field) == (code, "data.new_value")


def test_the_channel_can_be_corrected_once_the_level_is_gone() -> None:
    office = Office().takes(
        received(online_level="full"),
        correction("online_level", "full", None),
        correction("channel", "online", "postal"),
    )
    assert office.view().channel == "postal"


GROUNDS = {
    "withdrawn": ("reason", {}),
    "stopped": ("reason", {}),
    "apologised": ("reason", {}),
    "extended": ("legal_ground", {"due_at": DUE}),
    "corrected": ("reason", {"field": "channel", "old_value": "online", "new_value": "postal"}),
}


@pytest.mark.parametrize("name", GROUNDS)
@pytest.mark.parametrize("said", [{}, None, " \n "])
def test_what_the_law_wants_said_is_asked_for(name: str, said: Any) -> None:
    field, data = GROUNDS[name]
    given = {} if said == {} else {field: said}
    found = refused(Office().takes(received()), cloud_event(name, "2023-12-09T08:00", **data, **given))
    assert (found.code, found.field) == ("malformed", f"data.{field}")
    Office().takes(received(), cloud_event(name, "2023-12-09T08:00", **data, **{field: "khoản 3 Điều 15"}))


def test_a_declined_submission_says_why() -> None:
    assert refused(Office().takes(submitted()), cloud_event("declined", "2023-12-09T08:00")).field == "data.reason"


def test_events_of_an_old_log_are_read_without_their_grounds() -> None:
    """An old log holds events that the door refuses today:
    without grounds, with fields nobody knows, for any department."""
    old = [
        received(department="H59.16", due_at=DUE),
        cloud_event("extended", "2023-12-09T08:00", due_at=DUE),
        cloud_event("withdrawn", "2023-12-10T08:00"),
    ]
    candidates = [parse(lines(event), APPLICANT_KEY) for event in old]
    log = [as_logged(each, number, each.occurred_at, {}) for number, each in enumerate(candidates, start=1)]
    log[0] = log[0].replace(b'"data":{', b'"data":{"window":7,"x":[[1]],')
    assert history(CODE, [(event, "") for event in log])[-1].after.state == "withdrawn"


async def test_an_old_event_without_its_ground_is_still_a_repeat(intake: Sender) -> None:
    await intake.bulk(received())
    event = cloud_event("withdrawn", "2023-12-09T08:00", reason="rút")
    assert (await intake.bulk(event))["accepted"] == 1
    assert (await intake.bulk(event))["duplicates"] == 1


async def test_a_key_that_came_with_a_repeat_is_remembered(intake: Sender) -> None:
    first, other = received(), cloud_event("processing_started", "2023-12-09T08:00")
    await intake.bulk(first)

    async def post(event: dict[str, Any]) -> Any:
        headers = {"content-type": "application/cloudevents+json", "Idempotency-Key": "k-1"}
        return await intake.http.post(f"/v1/dossiers/{CODE}/events", content=lines(event), headers=headers)

    assert (await post(first)).status_code == 200
    answer = await post(other)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
        422,
        "idempotency_key_reused",
        "Idempotency-Key",
    )
    assert (await post(first)).status_code == 200
    assert len(await intake.log()) == 1


async def test_a_wrong_transition_says_what_is_allowed(intake: Sender) -> None:
    await intake.bulk(received())
    answer = await intake.event(event="supplemented", occurred_at="2023-12-09T08:00:00+07:00")
    body = answer.json()
    assert (answer.status_code, body["code"], body["field"]) == (409, "transition_not_allowed", "event")
    assert body["allowed"] == (await intake.dossier())["allowed"]
    assert "resolved" in body["allowed"]
    assert ", ".join(body["allowed"]) in body["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"event": "resolved", "outcom": "granted"}, "outcom"),
        ({"event": "resolved", "occurred_at": "2999-12-31T23:59:59Z"}, "occurred_at"),
        ({"event": "resolved", "occurred_at": "yesterday"}, "occurred_at"),
        ({"event": "resolved", "outcome": "maybe"}, "outcome"),
        ({"event": "withdrawn"}, "reason"),
        ({"event": "closed"}, "event"),
        ({"outcome": "granted"}, "event"),
        ({"event": "supplemented", "applicant": "A", "phone": "09"}, "applicant"),
    ],
)
async def test_the_short_form_names_its_own_fields(intake: Sender, body: dict[str, Any], field: str) -> None:
    await intake.bulk(received())
    answer = (await intake.event(**{"occurred_at": "2023-12-09T08:00:00+07:00"} | body)).json()
    assert (answer["status"], answer["field"]) == (422, field), answer
    assert answer["detail"].startswith(f"{field}: ")
    assert "data." not in answer["detail"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"channel": "fax"}, "channel"),
        ({"department": None}, "department"),
        ({"department": "H59.99"}, "department"),
        ({"department": "H59.16"}, "department"),
        ({"procedure": "two"}, "procedure"),
        ({"procedure": "9.999999"}, "procedure"),
        ({"received_at": "2023-12-08"}, "received_at"),
        ({"received_at": "2999-12-31T23:59:59Z"}, "received_at"),
        ({"due_at": "2999-12-31T23:59:59Z"}, "due_at"),
        ({"due_at": "2023-01-01T00:00:00Z"}, "due_at"),
        ({"code": "15"}, "code"),
        ({"online_level": "full", "channel": "postal"}, "online_level"),
    ],
)
async def test_a_refused_dossier_names_its_field_and_code(intake: Sender, change: dict[str, Any], field: str) -> None:
    new = {
        "department": "H59.15",
        "procedure": "2.000635",
        "channel": "online",
        "received_at": "2023-12-08T08:31:00+07:00",
    }
    answer = (await intake.http.post("/v1/dossiers", json=new | change)).json()
    assert (answer["status"], answer["field"], bool(answer["code"])) == (422, field, True), answer
    assert "pattern" not in answer["detail"]


async def test_a_bulk_rejection_names_its_field(intake: Sender) -> None:
    answer = await intake.bulk(received(channel="fax"), received(due_at="2999-12-31T23:59:59Z"), received(outcom="x"))
    assert [each["field"] for each in answer["rejections"]] == ["data.channel", "data.due_at", "data.outcom"]


async def test_the_end_of_a_day_as_other_writers_have_it_stays_in_the_day(intake: Sender) -> None:
    end = "2023-12-31T23:59:59.9999999+07:00"
    new = {
        "department": "H59.15",
        "procedure": "2.000635",
        "channel": "online",
        "received_at": end,
        "due_at": "2024-01-15T23:59:59.9999999+07:00",
    }
    answer = (await intake.http.post("/v1/dossiers", json=new)).json()
    assert (answer["code"], answer["due_at"]) == ("H59.15-231231-0001", "2024-01-15T23:59:59.999999+07:00")
    late = (await intake.event(answer["code"], event="resolved", occurred_at="2024-01-16T00:00:00+07:00")).json()
    assert late["timeliness"] == "overdue"
