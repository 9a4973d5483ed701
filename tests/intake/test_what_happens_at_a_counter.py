"""What offices do in 2026, as intake decides it: each deadline derived by hand from the calendar of December 2023.

Friday the 8th, 08:31, is the receipt; five working days make Friday the 15th, 08:31.
Sessions: 07:00–11:30, 13:30–17:00.
"""

from typing import Any

import pytest

from shared.domain.counting import Measure, facts
from shared.domain.errors import Refusal
from shared.domain.fields import Channel
from shared.domain.lifecycle import State
from shared.domain.terms import Term, TermUnit
from tests.builders.times import at
from tests.intake.explained import Office, texts, with_procedure
from tests.intake.sending import CODE, Sender, cloud_event, received

PAUSED = cloud_event("supplement_requested", "2023-12-12T08:00", missing="bản sao giấy khai sinh")


def submitted(time: str = "2023-12-08T15:00", **data: Any) -> dict[str, Any]:
    about = {"department": "H59.15", "procedure": "2.000635", "channel": "online"}
    return cloud_event("submitted", time, **about | data)


def due_after(*events: dict[str, Any]) -> object:
    dossier = Office().takes(*events).dossier
    assert dossier is not None
    return dossier.due_at


def refusal_of(*events: dict[str, Any]) -> Refusal:
    office = Office().takes(*events[:-1])
    with pytest.raises(Refusal) as refused:
        office.takes(events[-1])
    return refused.value


@pytest.mark.parametrize("name", ["resolved", "returned", "withdrawn", "stopped", "transferred"])
def test_a_closing_ends_the_pause_and_moves_the_deadline_first(name: str) -> None:
    data = {} if name in ("resolved", "returned") else {"reason": "như đã thông báo"}
    office = Office().takes(received(), PAUSED, cloud_event(name, "2023-12-13T08:00", **data))
    dossier = office.dossier
    assert dossier is not None
    assert (dossier.state, dossier.closed_at) == (State(name), at("2023-12-13 08:00"))
    assert dossier.suspensions[-1].ended_at == at("2023-12-13 08:00")
    assert dossier.due_at == at("2023-12-18 08:31")  # 7 h of Tuesday and 1 h of Wednesday are a working day
    assert texts(office.view(), "resumed")[0].startswith("Resumed Wed 2023-12-13 08:00")


def test_a_supplement_that_does_not_come_lapses_and_the_clock_goes_on() -> None:
    asked = cloud_event("supplement_requested", "2023-12-12T08:00", due_at="2023-12-13T17:00:00+07:00")
    office = Office().takes(received(), asked, cloud_event("supplement_lapsed", "2023-12-14T08:00"))
    dossier = office.dossier
    assert dossier is not None
    assert (dossier.state, dossier.due_at) == (State.PROCESSING, at("2023-12-19 08:31"))
    assert dossier.suspensions[0].due_at == at("2023-12-13 17:00")
    assert "to be brought by Wed 2023-12-13 17:00" in texts(office.view(), "pause")[0]
    assert texts(office.view(), "resumed")[0].startswith("Resumed without the supplement Thu 2023-12-14 08:00")


def test_the_applicants_term_is_not_over_before_it_is_given() -> None:
    asked = cloud_event("supplement_requested", "2023-12-12T08:00", due_at="2023-12-11T17:00:00+07:00")
    assert refusal_of(received(), asked).field == "data.due_at"


def test_a_suspension_on_another_ground_stops_the_clock() -> None:
    ground = "chờ ý kiến của cơ quan có thẩm quyền"
    office = Office().takes(
        received(),
        cloud_event("suspended", "2023-12-12T08:00", ground=ground),
        cloud_event("resumed", "2023-12-13T08:00"),
    )
    dossier = office.dossier
    assert dossier is not None
    assert (dossier.state, dossier.due_at) == (State.PROCESSING, at("2023-12-18 08:31"))
    assert dossier.suspensions[0].kind is State.SUSPENDED
    assert ground in texts(office.view(), "pause")[0]
    assert refusal_of(received(), cloud_event("suspended", "2023-12-12T08:00")).field == "data.ground"


@pytest.mark.parametrize(
    ("by", "due"),
    [
        ({"amount": 5, "unit": "working_days"}, "2023-12-22 08:31"),
        ({"amount": 8, "unit": "working_hours"}, "2023-12-18 08:31"),
        ({"amount": 2, "unit": "calendar_days"}, "2023-12-18 08:31"),  # the 17th is a Sunday
        ({"amount": 1, "unit": "months"}, "2024-01-15 08:31"),
    ],
)
def test_an_extension_by_a_term_is_counted_from_the_deadline_in_force(by: dict[str, Any], due: str) -> None:
    extended = cloud_event("extended", "2023-12-12T08:00", by=by, legal_ground="khoản 3 Điều 15")
    assert due_after(received(), extended) == at(due)


def test_an_extension_names_exactly_one_of_by_and_due_at() -> None:
    ground = {"legal_ground": "khoản 3 Điều 15"}
    neither = cloud_event("extended", "2023-12-12T08:00", **ground)
    both = cloud_event(
        "extended",
        "2023-12-12T08:00",
        by={"amount": 5, "unit": "working_days"},
        due_at="2024-02-01T08:00:00+07:00",
        **ground,
    )
    assert refusal_of(received(), neither).field == "data.due_at"
    assert refusal_of(received(), both).field == "data.by"


def without_a_deadline() -> Office:
    return Office(with_procedure(term=None)).takes(received())


def test_a_dossier_without_a_deadline_gets_one_by_a_term_from_when_the_clock_starts() -> None:
    office = without_a_deadline().takes(
        cloud_event(
            "deadline_set",
            "2023-12-12T09:00",
            term={"amount": 3, "unit": "working_days"},
            starts_at="2023-12-11T10:00:00+07:00",
            ground="đã thông báo nghĩa vụ tài chính",
        )
    )
    dossier = office.dossier
    assert dossier is not None
    assert (dossier.due_at, dossier.due_original) == (at("2023-12-14 10:00"), None)
    assert dossier.term == Term(3, TermUnit.WORKING_DAYS)
    assert "3 working days from Mon 2023-12-11 10:00" in texts(office.view(), "deadline")[-1]


def test_a_first_deadline_is_refused_where_there_is_one_or_nothing_says_it() -> None:
    ground = {"ground": "đã thông báo nghĩa vụ tài chính"}
    there = cloud_event("deadline_set", "2023-12-12T09:00", due_at="2023-12-20T08:00:00+07:00", **ground)
    assert refusal_of(received(), there).code == "deadline_there"
    with pytest.raises(Refusal, match="term: how long"):
        without_a_deadline().takes(cloud_event("deadline_set", "2023-12-12T09:00", **ground))
    nothing = cloud_event("extended", "2023-12-12T08:00", by={"amount": 1, "unit": "months"}, legal_ground="Điều 15")
    with pytest.raises(Refusal, match="deadline_set gives it one"):
        without_a_deadline().takes(nothing)


def test_an_officer_takes_over_in_any_state_and_the_clock_does_not_move() -> None:
    office = Office().takes(
        received(),
        PAUSED,
        cloud_event("assigned", "2023-12-12T09:00", officer="o-18", unit="Phòng Hộ tịch"),
        cloud_event("resolved", "2023-12-13T08:00"),
        cloud_event("assigned", "2023-12-13T09:00", officer="o-19"),
    )
    dossier = office.dossier
    assert dossier is not None
    assert (dossier.officer, dossier.state, dossier.due_at) == ("o-19", State.RESOLVED, at("2023-12-18 08:31"))
    assert refusal_of(received(), cloud_event("assigned", "2023-12-12T09:00")).field == "data.officer"


def test_a_wrong_procedure_is_corrected_with_the_deadline_of_the_right_one_and_its_pauses() -> None:
    office = Office().takes(
        received(procedure="1.004650", term={"amount": 1, "unit": "working_days"}, department="H59.03"),
        cloud_event("supplement_requested", "2023-12-11T08:00"),
        cloud_event("supplemented", "2023-12-12T08:00"),
    )
    before = office.dossier
    assert before is not None
    assert before.due_at == at("2023-12-12 08:31")
    office.takes(
        cloud_event(
            "corrected",
            "2023-12-14T08:00",
            field="procedure",
            old_value="1.004650",
            new_value="1.004628",
            reason="chọn nhầm thủ tục",
            recompute=True,
        )
    )
    dossier = office.dossier
    assert dossier is not None
    term = office.catalogue.procedures["1.004628"].term
    assert dossier.term == term
    assert len(dossier.deadlines) == 2
    assert dossier.due_original == dossier.deadlines[0].due_at != dossier.due_at
    assert "the deadline is counted again" in texts(office.view(), "corrected")[0]


def test_a_reopened_dossier_was_never_closed_and_keeps_its_deadline() -> None:
    closed = [received(), cloud_event("resolved", "2023-12-12T08:00"), cloud_event("returned", "2023-12-13T08:00")]
    reopened = cloud_event("reopened", "2023-12-14T08:00", reason="cấp nhầm", legal_ground="Điều 18 Luật Tố cáo")
    office = Office().takes(*closed, reopened)
    dossier = office.dossier
    assert dossier is not None
    assert (dossier.state, dossier.closed_at, dossier.closed_as) == (State.PROCESSING, None, None)
    assert (dossier.returned_at, dossier.return_channel, dossier.outcome) == (None, None, None)
    assert dossier.due_at == at("2023-12-15 08:31")
    assert "the dossier was never closed" in texts(office.view(), "reopened")[0]
    for field in ("reason", "legal_ground"):
        bare = {name: value for name, value in reopened["data"].items() if name != field}
        assert refusal_of(*closed, reopened | {"data": bare, "id": f"without-{field}"}).field == f"data.{field}"


def test_a_voided_dossier_is_over_and_no_twin_of_itself() -> None:
    voided = cloud_event("voided", "2023-12-12T08:00", reason="nhập hai lần", duplicate_of="H59.15-231208-0002")
    office = Office().takes(received(), voided)
    assert office.view().explanation[-1].text.endswith("not counted, voided.")
    with pytest.raises(Refusal, match="allowed now: nothing"):
        office.takes(cloud_event("resolved", "2023-12-13T08:00"))
    itself = cloud_event("voided", "2023-12-12T08:00", reason="nhập hai lần", duplicate_of=CODE)
    assert refusal_of(received(), itself).field == "data.duplicate_of"


def test_the_receipt_is_corrected_within_what_is_known_to_have_happened() -> None:
    def corrected(new: str, old: str = "2023-12-08T08:31:00+07:00") -> dict[str, Any]:
        return cloud_event(
            "corrected",
            "2023-12-14T08:00",
            field="received_at",
            old_value=old,
            new_value=f"{new}:00+07:00",
            reason="ghi nhầm ngày",
        )

    dossier = Office().takes(received(), PAUSED, corrected("2023-12-07T16:00")).dossier
    assert dossier is not None
    assert (dossier.received_at, dossier.due_at) == (at("2023-12-07 16:00"), at("2023-12-15 08:31"))
    anew = corrected("2023-12-07T16:00")
    anew["data"]["recompute"] = True
    assert due_after(received(), anew) == at("2023-12-14 16:00")
    assert refusal_of(received(), PAUSED, corrected("2023-12-12T09:00")).field == "data.new_value"


def test_an_applicant_is_corrected_by_pseudonyms_only() -> None:
    office = Office().takes(
        received(applicant="Nguyễn Thị Hoa"),
        cloud_event(
            "corrected",
            "2023-12-12T08:00",
            field="applicant",
            old_value="Nguyễn Thị Hoa",
            new_value="Trần Văn Nam",
            reason="nhập nhầm người nộp",
        ),
    )
    logged = b"".join(line for line, _ in office.log).decode()
    assert "Nguyễn" not in logged
    assert "Trần" not in logged
    assert office.dossier is not None
    assert office.dossier.applicant is not None
    assert office.dossier.applicant.startswith("p-")


@pytest.mark.parametrize(
    ("handed_in", "to_be_answered"),
    [
        ("2023-12-08T15:00", "2023-12-11 15:00"),  # Friday 15–17, Monday 7–11:30 and 13:30–15
        ("2023-12-08T20:00", "2023-12-11 17:00"),
        ("2023-12-09T10:00", "2023-12-11 17:00"),  # a Saturday
    ],
)
def test_an_online_application_is_to_be_answered_within_eight_working_hours(
    handed_in: str, to_be_answered: str
) -> None:
    office = Office().takes(submitted(handed_in))
    dossier = office.dossier
    assert dossier is not None
    assert [waits.due_at for waits in dossier.acceptances] == [at(to_be_answered)]
    assert "to be accepted, declined or sent back by" in texts(office.view(), "submitted")[0]
    by_post = Office().takes(submitted(handed_in, channel="postal")).dossier
    assert by_post is not None
    assert (by_post.counted_acceptances, by_post.acceptances[0].due_at) == ((), None)


def test_an_application_that_is_sent_back_is_answered_and_waits_again_when_it_comes_again() -> None:
    office = Office().takes(
        submitted(),
        cloud_event("supplement_requested", "2023-12-11T09:00", missing="giấy khai sinh"),
        cloud_event("supplemented", "2023-12-12T10:00"),
        received(time="2023-12-14T08:00"),
    )
    dossier = office.dossier
    assert dossier is not None
    first, second = dossier.acceptances
    assert (first.answered_at, first.is_late(at("2023-12-31"))) == (at("2023-12-11 09:00"), False)
    assert (second.due_at, second.answered_at) == (at("2023-12-13 10:00"), at("2023-12-14 08:00"))
    assert second.is_late(at("2023-12-31"))
    assert dossier.suspensions == ()  # its clock had not started
    assert [text.split(" ", 1)[0] for text in texts(office.view(), "acceptance")] == ["Sent", "Accepted"]


def test_a_channel_of_the_office_is_kept_and_its_class_is_counted() -> None:
    kiosk = Office().takes(received(channel="kiosk", online_level="full")).dossier
    unknown = Office().takes(received(channel="unknown")).dossier
    assert kiosk is not None
    assert unknown is not None
    assert (kiosk.channel, kiosk.counted_channel) == ("kiosk", Channel.ONLINE)
    assert (unknown.channel, unknown.counted_channel) == ("unknown", Channel.IN_PERSON)
    assert refusal_of(received(channel="pigeon")).code == "unknown_channel"
    assert refusal_of(received(channel="commune_centre", online_level="full")).code == "online_level_not_online"
    assert refusal_of(received(channel="kiosk", channel_class="postal")).field == "data.channel_class"


def test_a_term_may_depend_on_the_channel() -> None:
    by_channel = with_procedure(channel_terms={"online": Term(3, TermUnit.WORKING_DAYS)})
    dues = {
        channel: Office(by_channel).takes(received(channel=channel)).dossier.due_at  # type: ignore[union-attr]
        for channel in ("online", "kiosk", "in_person")
    }
    assert dues == {
        "online": at("2023-12-13 08:31"),
        "kiosk": at("2023-12-13 08:31"),  # counted as online
        "in_person": at("2023-12-15 08:31"),
    }


def test_where_it_was_received_is_another_unit_than_the_one_that_answers() -> None:
    dossier = Office().takes(received(received_by="H59.02", follows="H59.15-231108-0007")).dossier
    assert dossier is not None
    assert (dossier.department, dossier.place_of_receipt) == ("H59.15", "H59.02")
    assert dossier.follows == "H59.15-231108-0007"
    assert refusal_of(received(received_by="H99.99")).field == "data.received_by"


def test_nothing_decided_and_nobody_knows_why_is_an_administrative_closing() -> None:
    dossier = Office().takes(received(), cloud_event("stopped", "2023-12-20T08:00", reason="administrative")).dossier
    assert dossier is not None
    assert (dossier.state, dossier.is_administrative) == (State.STOPPED, True)


def test_the_steps_of_a_dossier_say_who_had_it_and_for_how_much_working_time() -> None:
    office = Office().takes(
        received(),
        cloud_event("assigned", "2023-12-11T08:00", officer="o-17", unit="Phòng Hộ tịch"),
        cloud_event(
            "assigned", "2023-12-12T08:00", officer="o-18", unit="Phòng Hộ tịch", due_at="2023-12-13T17:00:00+07:00"
        ),
        cloud_event("resolved", "2023-12-13T10:00"),
    )
    first, second = office.view().steps
    assert (first.officer, first.started_at, first.ended_at) == ("o-17", at("2023-12-11 08:00"), at("2023-12-12 08:00"))
    assert first.working_minutes == 8 * 60
    assert (second.officer, second.due_at, second.ended_at) == ("o-18", at("2023-12-13 17:00"), at("2023-12-13 10:00"))
    assert second.working_minutes == 10 * 60  # 7 h of Tuesday after 08:00, and 3 h of Wednesday
    office.takes(cloud_event("reopened", "2023-12-14T08:00", reason="cấp nhầm", legal_ground="Điều 18"))
    assert [step.ended_at for step in office.view().steps] == [at("2023-12-12 08:00"), None]


async def test_the_catalogue_lists_the_channels_with_their_classes(intake: Sender) -> None:
    channels = {channel["code"]: channel["counted_as"] for channel in (await intake.http.get("/v1/channels")).json()}
    assert channels["kiosk"] == "online"
    assert channels["unknown"] == "in_person"
    assert set(channels) >= {"online", "in_person", "postal"}


async def test_a_dossier_taken_in_elsewhere_is_opened_over_http(intake: Sender) -> None:
    body = {
        "department": "H59.15",
        "procedure": "2.000635",
        "channel": "commune_centre",
        "received_by": "H59.02",
        "follows": "000.00.15.H59-231108-0007",
        "received_at": "2023-12-08T08:31:00+07:00",
    }
    opened = await intake.http.post("/v1/dossiers", json=body)
    assert opened.status_code == 201, opened.text
    assert (opened.json()["received_by"], opened.json()["channel"]) == ("H59.02", "commune_centre")
    view = (await intake.http.get(opened.headers["Location"])).json()
    assert (view["received_by"], view["follows"]) == ("H59.02", "000.00.15.H59-231108-0007")
    refused = await intake.http.post("/v1/dossiers", json=body | {"channel": "pigeon"})
    assert (refused.status_code, refused.json()["field"]) == (422, "channel")


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (
            received(),
            cloud_event(
                "extended", "2023-12-11T08:00", by={"amount": 2, "unit": "working_days"}, legal_ground="khoản 3 Điều 15"
            ),
        ),
        (
            received(department="H59.01", procedure="2.002314"),
            cloud_event(
                "deadline_set", "2023-12-11T08:00", term={"amount": 2, "unit": "working_days"}, ground='theo "TB 5"'
            ),
        ),
    ],
)
async def test_what_intake_filled_in_is_no_other_content_when_it_is_sent_again(
    intake: Sender, first: dict[str, Any], again: dict[str, Any]
) -> None:
    answer = await intake.bulk(first, again, again)
    assert (answer["accepted"], answer["duplicates"], answer["rejections"]) == (2, 1, [])
    logged = (await intake.log())[-1]["event"]["data"]
    whole = again | {"data": again["data"] | {"due_at": logged["due_at"]}}
    assert (await intake.bulk(whole))["duplicates"] == 1
    other = again | {"data": again["data"] | {"due_at": "2029-12-28T17:00:00+07:00"}}
    assert [each["code"] for each in (await intake.bulk(other))["rejections"]] == ["id_reused"]


async def test_the_short_form_takes_a_first_deadline_by_a_term(intake: Sender) -> None:
    await intake.bulk(received(department="H59.01", procedure="2.002314"))
    answer = await intake.event(
        event="deadline_set",
        occurred_at="2023-12-11T08:00:00+07:00",
        term={"amount": 2, "unit": "working_days"},
        ground='theo "TB 5"',
    )
    assert (answer.status_code, answer.json().get("due_at")) == (201, "2023-12-13T08:00:00+07:00"), answer.text
    finer = {"amount": 2, "unit": "working_days", "ground": 1}
    for term in ({"event": "extended", "by": finer}, {"event": "deadline_set", "term": finer}):
        refused = await intake.http.post(f"/v1/dossiers/{CODE}/events", json=term)
        assert refused.json()["field"].endswith(".ground"), refused.text


def corrected_channel(at_time: str = "2023-12-21T08:00", **more: Any) -> dict[str, Any]:
    about: dict[str, Any] = {"field": "channel", "old_value": "online", "new_value": "postal", "recompute": True}
    return cloud_event("corrected", at_time, **about | {"reason": "nhập nhầm"} | more)


def test_nobody_writes_the_deadlines_of_a_recomputed_dossier() -> None:
    late = [received(), cloud_event("resolved", "2024-02-01T08:00")]
    forged = [{"at": "2023-12-08T08:31:00+07:00", "due_at": "2024-12-31T17:00:00+07:00"}]
    for deadlines in (forged, []):
        assert refusal_of(*late, corrected_channel("2024-02-02T08:00", deadlines=deadlines)).field == "data.deadlines"
    wrong_term = corrected_channel("2024-02-02T08:00", term={"amount": 90, "unit": "working_days"})
    assert refusal_of(*late, wrong_term).field == "data.term"
    computed = [{"at": "2023-12-08T08:31:00+07:00", "due_at": "2023-12-15T08:31:00+07:00"}]
    assert due_after(*late, corrected_channel("2024-02-02T08:00", deadlines=computed)) == at("2023-12-15 08:31")


def test_recomputing_takes_no_deadline_away_that_came_after_the_receipt() -> None:
    first = cloud_event(
        "deadline_set", "2023-12-11T08:00", due_at="2023-12-13T08:00:00+07:00", ground="đã thông báo nghĩa vụ"
    )
    assert due_after(received(department="H59.01", procedure="2.002314"), first, corrected_channel()) == at(
        "2023-12-13 08:00"
    )


def test_recomputing_keeps_the_term_that_came_with_the_receipt() -> None:
    own = received(term={"amount": 10, "unit": "working_days"})
    assert due_after(own, corrected_channel("2023-12-11T08:00")) == at("2023-12-22 08:31")


def test_a_dossier_does_not_follow_itself() -> None:
    assert refusal_of(received(follows=CODE)).field == "data.follows"


def test_a_day_without_a_time_is_no_term_that_was_over() -> None:
    asked = cloud_event("supplement_requested", "2023-12-12T09:00", due_at="2023-12-12T00:00:00+07:00")
    assert Office().takes(received(), asked).dossier is not None
    early = submitted("2023-12-08T15:00", acceptance_due_at="2023-12-07T15:00:00+07:00")
    assert refusal_of(early).field == "data.acceptance_due_at"


@pytest.mark.parametrize(
    ("sent", "right", "waits"), [("online", "postal", 0), ("postal", "online", 1), ("online", "kiosk", 1)]
)
def test_the_channel_as_it_is_right_says_whether_an_application_waits(sent: str, right: str, waits: int) -> None:
    dossier = (
        Office()
        .takes(
            submitted(channel=sent),
            cloud_event(
                "corrected", "2023-12-08T16:00", field="channel", old_value=sent, new_value=right, reason="nhập nhầm"
            ),
        )
        .dossier
    )
    assert dossier is not None
    assert len(dossier.counted_acceptances) == waits
    assert sum(amount for _, measure, amount in facts(dossier) if measure is Measure.AWAITING_ACCEPTANCE) == waits
