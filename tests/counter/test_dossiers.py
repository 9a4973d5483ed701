"""A dossier's page: the events that its state allows and no others, each once; found by code, QR code and number."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.json import decode

from services.intake.applicants import table
from services.intake.pages.actions import ACTIONS, FORMS
from services.intake.pages.finding import code_in
from services.intake.pages.site import SEARCHES_AT_ONCE
from shared.domain.lifecycle import EventKind, State, allowed_from
from tests.counter.desk import HEALTH, JUSTICE, KEY, NOW, Desk, actions_of, key_of, mistakes_of, open_desk

KEYED = {"Authorization": f"Bearer {KEY}"}
NUMBER = "079200005678"

REASON, LAW = "hồ sơ phức tạp", "khoản 3 Điều 15 Nghị định 61/2018/NĐ-CP"
LATER = "31/12/2026 17:00"
BATCH = "application/cloudevents-batch+json"
SAID: dict[EventKind, dict[str, str]] = {
    EventKind.DECLINED: {"reason": REASON},
    EventKind.SUPPLEMENT_REQUESTED: {"missing": "bản sao giấy khai sinh", "due_at": LATER},
    EventKind.APOLOGISED: {"reason": REASON, "promised_at": LATER},
    EventKind.EXTENDED: {"by_amount": "3", "by_unit": "working_days", "legal_ground": LAW},
    EventKind.DEADLINE_SET: {"term_amount": "5", "term_unit": "working_days", "ground": REASON},
    EventKind.SUSPENDED: {"ground": REASON},
    EventKind.PAYMENT_REQUESTED: {"amount_vnd": "50.000"},
    EventKind.PAYMENT_SETTLED: {"amount_vnd": "50000", "paid_online": "1"},
    EventKind.FEE_PAID: {"amount_vnd": "50 000"},
    EventKind.FORWARDED: {"agency": "Cục Thuế tỉnh", "due_at": LATER},
    EventKind.STOPPED: {"reason": REASON},
    EventKind.WITHDRAWN: {"reason": REASON},
    EventKind.TRANSFERRED: {"reason": REASON, "agency": "Bộ Tư pháp"},
    EventKind.RESOLVED: {"outcome": "granted", "electronic_result": "1"},
    EventKind.RETURNED: {"channel": "postal"},
    EventKind.RATED: {"score": "5"},
    EventKind.CORRECTED: {"field": "received_by", "new_value": HEALTH, "reason": REASON},
    EventKind.ASSIGNED: {"officer": "o-17", "unit": "Phòng Hộ tịch"},
    EventKind.REOPENED: {"reason": REASON, "legal_ground": LAW},
    EventKind.VOIDED: {"reason": REASON},
}
TO: dict[State, tuple[EventKind, ...]] = {
    State.RECEIVED: (),
    State.PROCESSING: (EventKind.PROCESSING_STARTED,),
    State.AWAITING_SUPPLEMENT: (EventKind.SUPPLEMENT_REQUESTED,),
    State.AWAITING_PAYMENT: (EventKind.PAYMENT_REQUESTED,),
    State.SUSPENDED: (EventKind.SUSPENDED,),
    State.RESOLVED: (EventKind.RESOLVED,),
    State.RETURNED: (EventKind.RESOLVED, EventKind.RETURNED),
    State.WITHDRAWN: (EventKind.WITHDRAWN,),
    State.STOPPED: (EventKind.STOPPED,),
    State.TRANSFERRED: (EventKind.TRANSFERRED,),
    State.VOIDED: (EventKind.VOIDED,),
}


async def submitted(desk: Desk, code: str = "H59.15-261120-0001", hours_ago: float = 1) -> str:
    """An application that came over the portal."""
    at = desk.intake.clock() - timedelta(hours=hours_ago)
    event = {
        "specversion": "1.0",
        "id": f"e-{code}",
        "source": "/portal",
        "type": "vn.motcua.dossier.submitted.v1",
        "subject": code,
        "time": at.isoformat(),
        "data": {"department": JUSTICE, "procedure": "2.000635", "channel": "online", "online_level": "full"},
    }
    answer = await desk.http.post(
        "/v1/events",
        json=[event],
        headers={
            "content-type": "application/cloudevents-batch+json",
            "authorization": "Bearer a-key-for-this-test-only",
        },
    )
    assert answer.json()["accepted"] == 1, answer.text
    return code


async def brought(desk: Desk, state: State, **changed: str) -> str:
    code = await desk.received(**changed)
    for kind in TO[state]:
        assert (await desk.do(code, kind, **SAID.get(kind, {}))).status_code == 303, kind
    return code


@pytest.mark.parametrize("state", [*TO, State.SUBMITTED])
async def test_a_state_offers_what_it_allows_and_each_of_it_is_taken_and_told(desk: Desk, state: State) -> None:
    make = submitted if state is State.SUBMITTED else brought
    code = await submitted(desk) if make is submitted else await brought(desk, state)
    offered = actions_of(await desk.page(f"/dossiers/{code}"))
    there = set(allowed_from(state)) - {EventKind.DEADLINE_SET if state is not State.SUBMITTED else EventKind.EXTENDED}
    assert sorted(offered) == sorted(there)
    for number, event in enumerate(offered):
        kind = EventKind(event)
        other = (
            await submitted(desk, f"H59.15-261120-{number + 2:04}")
            if state is State.SUBMITTED
            else await brought(desk, state, name=f"Người thứ {number}", id_number=str(10_000 + number))
        )
        answer = await desk.do(other, kind, key="one-key-" + other, **SAID.get(kind, {}))
        assert answer.status_code == 303, (kind, mistakes_of(answer.text))
        page = await desk.page(answer.headers["location"])
        assert 'class="saved"' in page, kind
        if kind in FORMS:
            assert f'href="/print/{FORMS[kind]}/{other}"' in page, kind


def test_every_event_after_the_first_has_its_form() -> None:
    assert set(ACTIONS) == set(EventKind) - {EventKind.SUBMITTED}


async def test_an_event_sent_twice_is_one(desk: Desk) -> None:
    code = await desk.received()
    first, again = [await desk.do(code, "suspended", ground=REASON) for _ in range(2)]
    assert (first.headers["location"], again.headers["location"]) == (
        f"/dossiers/{code}?done=suspended",
        f"/dossiers/{code}?again=suspended",
    )
    assert await desk.head() == 2


async def test_each_form_of_a_page_has_its_own_key(desk: Desk) -> None:
    page = await desk.page(f"/dossiers/{await desk.received()}")
    assert len(set(re.findall(r'name="key" value="([^"]+)"', page))) == len(actions_of(page))


async def test_what_is_no_longer_allowed_says_what_is(desk: Desk) -> None:
    code = await desk.received()
    await desk.do(code, "resolved")
    answer = await desk.do(code, "suspended", ground=REASON)
    assert answer.status_code == 409
    said = mistakes_of(answer.text)[""]
    assert "có thể người khác vừa xử lý" in said
    assert "trả kết quả" in said


@pytest.mark.parametrize(
    ("event", "fields", "field", "said"),
    [
        ("supplement_requested", {}, "missing", "điền ô này"),
        ("supplement_requested", {"missing": "x", "due_at": "mai"}, "due_at", "30/11/2026"),
        ("supplement_requested", {"missing": "x", "due_at": "1/1/2020"}, "due_at", "thời hạn"),
        ("stopped", {}, "reason", "điền ô này"),
        ("extended", {"legal_ground": LAW}, "due_at", "thời hạn"),
        ("extended", {"by_amount": "ba", "legal_ground": LAW}, "by", "số nguyên"),
        ("fee_paid", {"amount_vnd": "nhiều"}, "amount_vnd", "số nguyên"),
        ("suspended", {"ground": "gọi 0912345678"}, "ground", "một người"),
        ("assigned", {}, "officer", "bí danh"),
        ("resolved", {"outcome": "lost"}, "outcome", "Giá trị chưa đúng"),
        ("corrected", {"field": "procedure", "new_value": "9.999999", "recompute": "1", "reason": "x"}, "", "danh mục"),
        ("corrected", {"field": "department", "new_value": HEALTH, "reason": "x"}, "new_value", "cơ quan"),
        ("voided", {"reason": "x", "duplicate_of": "H59"}, "duplicate_of", "mã hồ sơ"),
        ("resolved", {"occurred_at": "1/1/2020 08:00"}, "occurred_at", "trước sự việc gần nhất"),
    ],
)
async def test_a_refused_event_stands_at_its_field_and_its_form_is_open(
    desk: Desk, event: str, fields: dict[str, str], field: str, said: str
) -> None:
    code = await desk.received()
    answer = await desk.do(code, event, key="k", **fields)
    assert answer.status_code in (409, 422)
    assert said in mistakes_of(answer.text).get(field, ""), mistakes_of(answer.text)
    assert '<details name="action" open>' in answer.text
    assert 'name="key" value="k"' in answer.text
    by_script = await desk.http.post(
        f"/dossiers/{code}/events", data={"event": event, "key": "k", **fields}, headers={"X-Counter": "1"}
    )
    assert said in by_script.json()["mistakes"][field]
    assert await desk.head() == 1


async def test_a_correction_takes_the_old_value_from_the_dossier(desk: Desk) -> None:
    code = await desk.received(received_at="27/11/2026 08:31")
    for field, new in (("channel", "postal"), ("due_at", "07/12/2026 17:00"), ("received_at", "27/11/2026 09:00")):
        answer = await desk.do(code, "corrected", key=field, field=field, new_value=new, reason="nhập nhầm")
        assert answer.status_code == 303, mistakes_of(answer.text)
    page = await desk.page(f"/dossiers/{code}")
    assert "07/12/2026 17:00" in page
    assert "Bưu chính công ích" in page


async def test_a_foreign_event_name_is_no_form(desk: Desk) -> None:
    code = await desk.received()
    for event in ("submitted", "nothing", ""):
        assert (await desk.do(code, event)).status_code == 422
    assert (await desk.http.get("/dossiers/H59.15-200101-0001")).status_code == 404
    assert (await desk.http.get("/dossiers/%3Cscript%3E")).status_code == 404


@pytest.mark.parametrize(
    "text",
    [
        "H59.15-261130-0001",
        " h59.15-261130-0001 ",
        "https://motcua.example/tra-cuu?code=H59.15-261130-0001&secret=ABCD",
        "http://intake/look-up#H59.15-261130-0001.k3j4",
    ],
)
def test_a_code_is_found_in_whatever_was_scanned(text: str) -> None:
    assert code_in(text) == "H59.15-261130-0001"
    assert code_in("084180001234") is None


async def test_a_dossier_is_found_by_its_code_and_by_its_applicants_number(desk: Desk) -> None:
    code = await desk.received()
    await desk.received(id_number="079200005678", name="Trần Văn Ba")
    by_code = await desk.http.post("/find", data={"sought": f"https://motcua.example/?code={code}"})
    assert by_code.headers["location"] == f"/dossiers/{code}"
    for number in ("084180001234", "084 180 001 234"):
        found = await desk.http.post("/find", data={"sought": number})
        assert found.status_code == 200
        assert found.text.count('<th scope="row">') == 1
        assert code in found.text
        assert number not in str(found.url)
    nobody = await desk.http.post("/find", data={"sought": "000000000000"})
    assert nobody.status_code == 404
    assert "Không có hồ sơ nào khớp" in nobody.text


async def sought(desk: Desk) -> list[tuple[str, dict[str, object]]]:
    """What the audit has of searches: by which pseudonym, and what was found."""
    entries = [decode(line) for line in (await desk.http.get("/v1/audit", headers=KEYED)).content.splitlines()]
    assert NUMBER not in str(entries)
    return [(each["subject"], each["details"]) for each in entries if each["act"] == "applicant_sought"]


@pytest.mark.parametrize("role", ["officer", "compiler", "operator"])
async def test_who_may_not_know_who_applied_finds_nothing_by_a_number(desk: Desk, role: str) -> None:
    code = await desk.received(id_number=NUMBER)
    async with desk.of(f"{role}@*") as reader:
        refused = await reader.http.post("/find", data={"sought": NUMBER})
        assert (refused.status_code, code in refused.text) == (403, False)
        assert "cần quyền xem người nộp" in refused.text
        assert (await reader.http.post("/find", data={"sought": code})).headers["location"] == f"/dossiers/{code}"
        assert "số định danh" not in await reader.page("/find")
    assert await sought(desk) == []


async def test_a_search_by_number_is_in_the_audit_before_it_is_answered(desk: Desk) -> None:
    code = await desk.received(id_number=NUMBER)
    pseudonym = (await desk.http.get(f"/v1/dossiers/{code}", headers=KEYED)).json()["applicant"]
    async with desk.of(f"counter@{JUSTICE}") as clerk:
        assert code in (await clerk.http.post("/find", data={"sought": NUMBER})).text
    async with desk.of(f"counter@{HEALTH}") as clerk:
        assert (await clerk.http.post("/find", data={"sought": NUMBER})).status_code == 404
    assert await sought(desk) == [(pseudonym, {"dossiers": [code]}), (pseudonym, {"dossiers": []})]


async def test_searches_by_number_have_a_rate_and_codes_have_none(desk: Desk) -> None:
    async with desk.of(f"counter@{JUSTICE}") as clerk:
        for number in range(SEARCHES_AT_ONCE):
            assert (await clerk.http.post("/find", data={"sought": f"0{number:011}"})).status_code == 404
        late = await clerk.http.post("/find", data={"sought": NUMBER})
        assert (late.status_code, int(late.headers["retry-after"]) > 0) == (429, True)
        assert "quá nhiều lần" in late.text
        assert (await clerk.http.post("/find", data={"sought": "H59.15-261130-0001"})).status_code == 303
    assert (await desk.http.post("/find", data={"sought": NUMBER})).status_code == 404


async def test_the_dossiers_of_an_erased_person_are_not_found_by_the_number(tmp_path: Path) -> None:
    async with open_desk(tmp_path, erasures_file=tmp_path / "erasures.ndjson") as desk:
        old = await desk.received(id_number=NUMBER, received_at="27/11/2026 08:31")
        pseudonym = (await desk.http.get(f"/v1/dossiers/{old}", headers=KEYED)).json()["applicant"]
        async with desk.intake.database.writer.begin() as connection:
            at = NOW.timestamp() - 60  # before the clock that stands still
            await table.erase(connection, [table.ErasureRow(pseudonym, at, "settings", "yêu cầu")])
        assert (await desk.http.post("/find", data={"sought": NUMBER})).status_code == 404
        new = await desk.received(id_number=NUMBER)
        found = (await desk.http.post("/find", data={"sought": NUMBER})).text
        assert (new in found, old in found) == (True, False)
        assert [details for _, details in await sought(desk)] == [{"dossiers": []}, {"dossiers": [new]}]


async def test_a_form_keeps_its_key_when_it_is_shown_again(desk: Desk) -> None:
    code = await desk.received()
    key = key_of(await desk.page(f"/dossiers/{code}"))
    refused = await desk.do(code, "stopped", key=key)
    assert f'name="key" value="{key}"' in refused.text
    assert (await desk.do(code, "stopped", key=key, reason=REASON)).status_code == 303
