"""Opening a dossier and posting its events one by one, as a counter does."""

import asyncio
from typing import Any

import pytest

from tests.intake.conftest import Start
from tests.intake.sending import CODE, KEY, Sender, cloud_event, received

NEW = {"department": "H59.15", "procedure": "2.000635", "channel": "online", "received_at": "2023-12-08T08:31:00+07:00"}
HOUSEHOLD_NAME = "Nguyễn Thị Minh Khai"


async def open_dossier(intake: Sender, key: str | None = None, **changes: Any) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await intake.http.post("/v1/dossiers", json=NEW | changes, headers=headers)


async def test_a_new_dossier_gets_a_code_a_deadline_and_a_place(intake: Sender) -> None:
    answer = await open_dossier(intake)
    assert (answer.status_code, answer.headers["Location"]) == (201, f"/v1/dossiers/{CODE}")
    body = answer.json()
    assert (body["code"], body["state"], body["due_at"]) == (CODE, "received", "2023-12-15T08:31:00+07:00")
    (logged,) = await intake.log()
    assert logged["event"]["data"]["due_at"] == "2023-12-15T08:31:00+07:00"
    assert logged["event"]["data"]["term"] == {"amount": 5, "unit": "working_days"}
    assert logged["event"]["sequence"] == 1


async def test_serials_restart_daily_and_go_by_agency(intake: Sender) -> None:
    asked = [
        NEW,
        NEW,
        NEW | {"received_at": "2023-12-09T08:00:00+07:00"},
        NEW | {"department": "H59.16", "procedure": "9.999999", "due_at": "2023-12-20T08:00:00+07:00"},
    ]
    codes = [(await intake.http.post("/v1/dossiers", json=body)).json()["code"] for body in asked]
    assert codes == [CODE, "H59.15-231208-0002", "H59.15-231209-0001", "H59.16-231208-0001"]


async def test_a_minted_code_skips_those_that_are_taken(intake: Sender) -> None:
    await intake.bulk(received("H59.15-231208-0001"), received("H59.15-231208-0003"))
    assert [(await open_dossier(intake)).json()["code"] for _ in range(2)] == [
        "H59.15-231208-0002",
        "H59.15-231208-0004",
    ]


async def test_codes_minted_at_once_are_unique(intake: Sender) -> None:
    answers = await asyncio.gather(*(open_dossier(intake) for _ in range(40)))
    codes = {answer.json()["code"] for answer in answers}
    assert codes == {f"H59.15-231208-{number:04d}" for number in range(1, 41)}


async def test_the_same_key_and_request_get_the_same_answer_even_at_once_and_later(intake: Sender) -> None:
    answers = await asyncio.gather(*(open_dossier(intake, key='"k-1"') for _ in range(8)))
    await intake.event(event="processing_started", occurred_at="2023-12-11T08:00:00+07:00")
    answers.append(await open_dossier(intake, key="k-1"))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len(await intake.log()) == 2


async def test_a_code_that_is_taken_is_what_is_wrong_with_another_dossier(intake: Sender) -> None:
    first = await open_dossier(intake)
    again = (await open_dossier(intake, code=first.json()["code"])).json()
    assert (again["code"], again["field"]) == ("transition_not_allowed", "code")
    assert "another dossier needs another code" in again["detail"]
    elsewhere = (await open_dossier(intake, department="H99.99", due_at="2023-12-20T17:00:00+07:00")).json()
    assert elsewhere["field"] == "department"
    assert "data." not in elsewhere["detail"]


async def test_a_key_with_another_request_is_refused(intake: Sender) -> None:
    await open_dossier(intake, key="k-1")
    other = await open_dossier(intake, key="k-1", channel="postal")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_an_applicant_leaves_only_a_pseudonym(intake: Sender) -> None:
    first = await open_dossier(intake, applicant=HOUSEHOLD_NAME)
    await open_dossier(intake, applicant=HOUSEHOLD_NAME)
    names = [entry["event"]["data"]["applicant"] for entry in await intake.log()]
    assert names[0] == names[1] != HOUSEHOLD_NAME
    assert HOUSEHOLD_NAME not in str(await intake.log()) + first.text


@pytest.mark.parametrize(
    ("change", "status", "word"),
    [
        ({"colour": "red"}, 422, "colour"),
        ({"channel": "fax"}, 422, "channel"),
        ({"department": None}, 422, "department"),
        ({"department": "H59.99"}, 422, "H59.99"),
        ({"department": "Sở Tư pháp"}, 422, "department"),
        ({"procedure": "9.999999"}, 422, "due_at"),
        ({"received_at": "2023-12-08T08:31:00"}, 422, "received_at"),
        ({"received_at": "2999-01-01T00:00:00+07:00"}, 422, "five minutes"),
        ({"received_at": "1950-01-02T08:00:00+07:00"}, 422, "days off are known"),
        ({"code": "15"}, 422, "code"),
    ],
)
async def test_a_wrong_request_is_answered_with_what_is_wrong(
    intake: Sender, change: dict[str, Any], status: int, word: str
) -> None:
    answer = await open_dossier(intake, **change)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert word in answer.json()["detail"]
    assert not await intake.log()


async def test_a_procedure_nobody_knows_is_taken_with_a_deadline_of_its_own(intake: Sender) -> None:
    answer = await open_dossier(intake, procedure="9.999999", due_at="2023-12-20T08:00:00+07:00")
    assert (answer.status_code, answer.json()["term"]) == (201, None)


async def test_a_deadline_the_sender_gave_gets_no_term_from_us(intake: Sender) -> None:
    await open_dossier(intake, due_at="2023-12-20T08:00:00+07:00")
    (logged,) = await intake.log()
    assert "term" not in logged["event"]["data"]


async def test_events_follow_each_other_with_state_deadline_and_class(intake: Sender) -> None:
    await open_dossier(intake)
    paused = await intake.event(event="supplement_requested", occurred_at="2023-12-11T08:00:00+07:00")
    resumed = await intake.event(event="supplemented", occurred_at="2023-12-12T08:00:00+07:00")
    resolved = await intake.event(event="resolved", occurred_at="2023-12-19T08:00:00+07:00")
    assert [answer.status_code for answer in (paused, resumed, resolved)] == [201, 201, 201]
    assert [answer.json()["timeliness"] for answer in (paused, resumed, resolved)] == ["suspended", "within", "overdue"]
    assert resumed.json()["due_at"] == "2023-12-18T08:31:00+07:00"
    assert [answer.json()["sequence"] for answer in (paused, resumed, resolved)] == [2, 3, 4]
    logged = (await intake.log(after=2))[0]["event"]
    assert logged["data"] == {"due_at": "2023-12-18T08:31:00+07:00"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"event": "processing_started", "occured_at": "2023-12-11T08:00:00+07:00"}, "occured_at"),
        ({"event": "processing_started", "data": {"officer": "o-1"}}, "data"),
        ({"event": "processing_started", "time": "2023-12-11T08:00:00+07:00"}, "time"),
    ],
)
async def test_a_field_that_looks_like_one_of_the_events_is_a_slip(
    intake: Sender, body: dict[str, Any], field: str
) -> None:
    await open_dossier(intake)
    answer = await intake.event(**body)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    assert answer.json()["detail"].startswith(f"{field}: ")
    assert "occurred_at" in answer.json()["detail"]
    assert len(await intake.log()) == 1


async def test_what_a_vendor_wants_to_keep_goes_into_x(intake: Sender) -> None:
    await open_dossier(intake)
    at = "2023-12-11T08:00:00+07:00"
    beside = await intake.event(event="resolved", occurred_at=at, note="collected by the brother")
    assert (beside.status_code, beside.json()["field"]) == (422, "note")
    answer = await intake.event(event="resolved", occurred_at=at, x={"note": "collected by the brother", "copies": 2})
    assert answer.status_code == 201, answer.text
    assert (await intake.log())[-1]["event"]["data"]["x"] == {"note": "collected by the brother", "copies": 2}


async def test_a_pause_of_a_dossier_that_was_overdue_moves_nothing(intake: Sender) -> None:
    await open_dossier(intake)
    await intake.event(event="supplement_requested", occurred_at="2023-12-18T08:00:00+07:00")
    resumed = await intake.event(event="supplemented", occurred_at="2023-12-20T08:00:00+07:00")
    assert (resumed.json()["due_at"], resumed.json()["timeliness"]) == ("2023-12-15T08:31:00+07:00", "overdue")
    assert "due_at" not in (await intake.log())[-1]["event"]["data"]


async def test_a_deadline_that_no_pause_moves_is_refused_and_the_one_in_force_may_be_repeated(intake: Sender) -> None:
    await open_dossier(intake)
    at = "2023-12-11T08:00:00+07:00"
    moved = await intake.event(event="resolved", occurred_at=at, due_at="2024-02-29T08:00:00+07:00")
    assert (moved.status_code, moved.json()["code"], moved.json()["field"]) == (422, "no_pause", "due_at"), moved.text
    assert "stays due at 2023-12-15T08:31:00+07:00; leave due_at out" in moved.json()["detail"]
    repeated = await intake.event(event="resolved", occurred_at=at, due_at="2023-12-15T01:31:00Z")
    assert repeated.status_code == 201, repeated.text


async def test_a_correction_repeats_the_deadline_as_it_was_sent_and_names_its_own_field(intake: Sender) -> None:
    await open_dossier(intake)
    at = "2023-12-11T08:00:00+07:00"
    correction: dict[str, Any] = {
        "event": "corrected",
        "occurred_at": at,
        "field": "due_at",
        "old_value": "2023-12-15t01:31:00z",
        "reason": "typing",
    }
    early = await intake.event(**correction, new_value="2023-01-01T08:00:00+07:00")
    assert (early.json()["code"], early.json()["field"]) == ("deadline_before_receipt", "new_value"), early.text
    right = await intake.event(**correction, new_value="2023-12-20t01:31:00z")
    assert (right.status_code, right.json()["due_at"]) == (201, "2023-12-20T08:31:00+07:00"), right.text


async def test_an_event_without_a_time_happens_now(start: Start) -> None:
    async with start(clock="2023-12-11T09:00:00+07:00") as intake:
        await open_dossier(intake)
        await intake.event(event="processing_started")
        assert (await intake.log())[-1]["event"]["time"] == "2023-12-11T09:00:00+07:00"


async def test_a_cloud_event_again_gets_the_first_answer_with_200(intake: Sender) -> None:
    event = cloud_event("processing_started", "2023-12-11T08:00", officer="o-1")
    first, receipt = await intake.cloud_event(received()), await intake.cloud_event(event)
    await intake.event(event="resolved", occurred_at="2023-12-12T08:00:00+07:00")
    again = await intake.cloud_event(event)
    assert (first.status_code, receipt.status_code, again.status_code) == (201, 201, 200)
    assert again.json() == receipt.json()


async def test_an_event_with_a_key_is_logged_once(intake: Sender) -> None:
    await open_dossier(intake)
    answers = [
        await intake.event(event="fee_paid", amount_vnd=50_000, headers={"Idempotency-Key": "p-1"}) for _ in range(2)
    ]
    other = await intake.event(event="fee_paid", amount_vnd=60_000, headers={"Idempotency-Key": "p-1"})
    assert [answer.status_code for answer in (*answers, other)] == [201, 200, 422]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize(
    ("event", "status", "code"),
    [
        (cloud_event("resolved", "2023-12-12T08:00", "H59.15-231208-0009"), 404, "unknown_dossier"),
        (cloud_event("supplemented", "2023-12-12T08:00"), 409, "transition_not_allowed"),
        (cloud_event("processing_started", "2023-12-07T08:00"), 409, "time_goes_back"),
        (received(event_id="used") | {"source": "/other"}, 409, "id_reused"),
        (
            cloud_event("corrected", "2023-12-12T08:00", field="channel", old_value="postal", new_value="online"),
            409,
            "correction_does_not_match",
        ),
        (cloud_event("rated", "2023-12-12T08:00", score=9), 422, "malformed"),
        (cloud_event("lost", "2023-12-12T08:00"), 422, "unknown_type"),
        (
            cloud_event("corrected", "2023-12-12T08:00", field="department", old_value="H59.15", new_value="H1"),
            422,
            "unknown_department",
        ),
    ],
)
async def test_what_is_not_allowed_is_refused_with_its_code(
    intake: Sender, event: dict[str, Any], status: int, code: str
) -> None:
    await intake.bulk(received(event_id="used"))
    answer = await intake.cloud_event(event, event["subject"])
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert len(await intake.log()) == 1


async def test_an_event_for_another_dossier_than_the_path_is_refused(intake: Sender) -> None:
    answer = await intake.cloud_event(received(), "H59.15-231208-0002")
    assert (answer.status_code, "subject" in answer.json()["detail"]) == (422, True)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"event": 1}', b'{"event": "resolved", "occurred_at": "yesterday"}', b"\xff"]
)
async def test_a_body_that_is_no_event_is_malformed(intake: Sender, body: bytes) -> None:
    answer = await intake.http.post(f"/v1/dossiers/{CODE}/events", content=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")


async def test_without_the_key_nothing_but_health_and_metrics_answers(intake: Sender) -> None:
    wrong = {"Authorization": f"Bearer {KEY}x"}
    calls = [
        ("POST", "/v1/dossiers"),
        ("POST", "/v1/events"),
        ("POST", f"/v1/dossiers/{CODE}/events"),
        ("GET", "/v1/log"),
    ]
    assert {(await intake.http.request(method, path, headers=wrong)).status_code for method, path in calls} == {401}
    open_to_all = ["/healthz/live", "/healthz/ready", "/metrics", "/openapi.json", "/docs"]
    assert {(await intake.http.get(path, headers=wrong)).status_code for path in open_to_all} == {200}
