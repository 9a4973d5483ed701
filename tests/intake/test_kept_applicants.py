"""Who applies is kept encrypted, shown to who may see it, found in no other place, and erased for good."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.json import decode
from pydantic import ValidationError
from sqlalchemy import text

from services.intake.accepting.parsing import key_use
from services.intake.http.applicants import applicant_of
from shared.access.roles import Grant, Principal
from shared.service.access import Caller
from shared.service.problems import Problem
from tests.intake.conftest import Start
from tests.intake.keys import MasterKeyFile
from tests.intake.sending import CODE, Sender, cloud_event, received

HOA: dict[str, Any] = {
    "id_number": "084 180 001 234",
    "name": "Nguyễn  Thị Hoa",
    "phone": "0912 345 678",
    "email": "Hoa.NT@example.vn",
    "address": "12 Trần Phú, phường 1, Trà Vinh",
}
KEPT = HOA | {"name": "Nguyễn Thị Hoa"}
ABOUT: dict[str, Any] = {"department": "H59.15", "procedure": "2.000635", "channel": "online"}
AT = "2023-12-08T08:31:00+07:00"


@pytest.fixture
def key_file(tmp_path: Path) -> MasterKeyFile:
    return MasterKeyFile(tmp_path / "keys" / "applicants.key")


@pytest.fixture
async def keeping(start: Start, key_file: MasterKeyFile) -> AsyncIterator[Sender]:
    async with start(applicants_key_file=key_file.path) as sender:
        yield sender


async def applicant(intake: Sender, code: str = CODE) -> dict[str, Any]:
    answer = await intake.http.get(f"/v1/dossiers/{code}/applicant")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def erase(intake: Sender, pseudonym: str, reason: str = "yêu cầu ngày 30/11/2026") -> dict[str, Any]:
    answer = await intake.http.delete(f"/v1/applicants/{pseudonym}", params={"reason": reason})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_every_way_in_keeps_the_details_and_logs_the_same_pseudonym(keeping: Sender) -> None:
    opened = await keeping.http.post("/v1/dossiers", json=ABOUT | {"received_at": AT, "applicant": HOA})
    await keeping.event("H59.15-231208-0002", event="received", occurred_at=AT, applicant=HOA, **ABOUT)
    await keeping.event("H59.15-231208-0003", event="submitted", occurred_at=AT, applicant=HOA, **ABOUT)
    await keeping.cloud_event(received("H59.15-231208-0004", applicant=HOA), "H59.15-231208-0004")
    await keeping.bulk(received("H59.15-231208-0005", applicant=HOA))
    log = await keeping.log()
    assert len(log) == 5
    assert len({entry["event"]["data"]["applicant"] for entry in log}) == 1
    for code in [opened.json()["code"], *(f"H59.15-231208-000{number}" for number in (2, 3, 4, 5))]:
        assert (await applicant(keeping, code))["details"] == KEPT
    assert not any(text in str(log) for text in ("Hoa", "0912", "084", "Trần Phú"))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"id_number": "084180001234", "name": "A B"}, {"id_number": "084.180.001.234", "phone": "0912345678"}, True),
        ({"name": "Lê Văn Đạt", "phone": "+84 912 345 678"}, {"name": "LE VAN DAT", "phone": "0912.345.678"}, True),
        ({"name": "Lê Văn Đạt", "phone": "0912345678"}, {"name": "Lê Thị Mai", "phone": "0912345678"}, False),
        ({"phone": "0912345678"}, {"phone": "0084912345678"}, True),
        ({"email": "Dat@example.vn"}, {"email": "dat@EXAMPLE.vn"}, True),
        ({"name": "Lê Văn Đạt", "address": "1 Trần Phú"}, {"name": "Lê Văn Đạt", "address": "2 Trần Phú"}, False),
        ({"name": "Lê Văn Đạt"}, "Lê  Văn Đạt", True),
        ({"id_number": "084180001234"}, "084180001234", True),
    ],
)
async def test_the_same_person_has_the_same_pseudonym(keeping: Sender, one: Any, other: Any, *, same: bool) -> None:
    await keeping.bulk(received(applicant=one), received("H59.15-231208-0002", applicant=other))
    first, second = [entry["event"]["data"]["applicant"] for entry in await keeping.log()]
    assert (first == second) is same


async def test_a_name_in_the_form_of_a_pseudonym_is_a_name(keeping: Sender) -> None:
    await keeping.bulk(received(applicant=HOA))
    (logged,) = await keeping.log()
    pseudonym = logged["event"]["data"]["applicant"]
    await keeping.bulk(received("H59.15-231208-0002", "2023-12-09T08:00", applicant={"name": pseudonym}))
    assert (await applicant(keeping))["details"] == KEPT
    assert (await keeping.log())[1]["event"]["data"]["applicant"] != pseudonym


@pytest.mark.parametrize(
    ("details", "field"),
    [
        ({"address": "1 Trần Phú"}, "data.applicant"),
        ({}, "data.applicant"),
        ({"name": "A\u202eB"}, "data.applicant.name"),
        ({"name": "\u200b\u200b"}, "data.applicant.name"),
        ({"name": "\ufeff"}, "data.applicant.name"),
        ({"name": "\U000e0041\U000e0042"}, "data.applicant.name"),
        ({"name": "A B", "address": "\u2800 -"}, "data.applicant.address"),
        ({"name": 5}, "data.applicant.name"),
        ({"name": "n" * 201}, "data.applicant.name"),
        ({"phone": "SECRET"}, "data.applicant.phone"),
        ({"id_number": "12"}, "data.applicant.id_number"),
        ({"email": "SECRET"}, "data.applicant.email"),
        ({"name": "A B", "birthday": "1980-02-31"}, "data.applicant.birthday"),
        ({"name": "A B", "nick": "SECRET"}, "data.applicant.nick"),
    ],
)
async def test_details_that_are_wrong_are_refused_by_field_and_not_repeated(
    keeping: Sender, details: dict[str, Any], field: str
) -> None:
    (rejection,) = (await keeping.bulk(received(applicant=details)))["rejections"]
    assert rejection["field"] == field
    assert rejection["detail"].startswith(f"{field}: ")
    assert "SECRET" not in str(rejection)
    short = await keeping.http.post("/v1/dossiers", json=ABOUT | {"applicant": details})
    assert (short.status_code, short.json()["field"]) == (422, field.removeprefix("data."))


async def test_a_later_receipt_changes_the_details_and_an_earlier_one_does_not(keeping: Sender) -> None:
    await keeping.bulk(received(time="2023-12-08T09:00", applicant=HOA))
    number = HOA["id_number"]
    moved = {"id_number": number, "phone": "0987654321"}
    await keeping.bulk(received("H59.15-231208-0002", "2023-12-08T10:00", applicant=moved))
    assert (await applicant(keeping))["details"] == KEPT | {"phone": "0987654321"}
    late = {"id_number": number, "phone": "0900000000"}
    await keeping.bulk(received("H59.15-231208-0003", "2023-12-08T08:00", applicant=late))
    assert (await applicant(keeping))["details"] == KEPT | {"phone": "0987654321"}


async def test_a_repeat_stores_nothing(keeping: Sender) -> None:
    event = received(applicant=HOA)
    await keeping.bulk(event)
    changed = event | {"data": event["data"] | {"applicant": HOA | {"phone": "0999999999"}}}
    assert (await keeping.bulk(changed))["duplicates"] == 1
    assert (await applicant(keeping))["details"] == KEPT


async def test_a_correction_of_the_applicant_brings_the_right_persons_details(keeping: Sender) -> None:
    await keeping.bulk(received(applicant=HOA))
    wrong = (await applicant(keeping))["applicant"]
    right = {"id_number": "084180009999", "name": "Trần Văn Bình"}
    at = "2023-12-09T08:00:00+07:00"
    fields = {"field": "applicant", "old_value": wrong, "new_value": right, "reason": "nhập nhầm"}
    answer = await keeping.event(event="corrected", occurred_at=at, **fields)
    assert answer.status_code == 201, answer.text
    assert (await applicant(keeping))["details"] == right
    assert "Bình" not in str(await keeping.log())


async def test_details_are_put_right_and_stay_of_the_same_person(keeping: Sender) -> None:
    await keeping.bulk(received(applicant=HOA))
    right = {"id_number": HOA["id_number"], "name": "Nguyễn Thị Hoà"}
    answer = await keeping.http.put(f"/v1/dossiers/{CODE}/applicant", json=right)
    assert (answer.status_code, answer.json()["details"]) == (200, right)
    assert (await applicant(keeping))["details"] == right, "what was left out is kept no more"
    other = await keeping.http.put(f"/v1/dossiers/{CODE}/applicant", json={"id_number": "084180009999"})
    assert (other.status_code, other.json()["code"]) == (409, "another_applicant")
    for wrong, field in (({"phone": "SECRET"}, "phone"), ({"nick": "SECRET"}, "nick"), ({"address": "1"}, "data")):
        refused = await keeping.http.put(f"/v1/dossiers/{CODE}/applicant", json=wrong)
        assert (refused.status_code, refused.json()["field"]) == (422, field)
        assert "SECRET" not in refused.text
    assert (await applicant(keeping))["details"] == right
    acts = [decode(line)["act"] for line in (await keeping.http.get("/v1/audit")).content.splitlines()]
    assert acts.count("applicant_put_right") == 1


async def test_nothing_of_an_erased_row_lies_in_the_files_of_sqlite(start: Start, key_file: MasterKeyFile) -> None:
    async with start(applicants_key_file=key_file.path) as intake:
        if intake.service.database.is_postgresql:
            return  # keeps wrapped keys until VACUUM, which docs/personal-data.md says
        codes = [f"H59.15-231208-{number:04}" for number in range(1, 40)]
        await intake.bulk(*(received(code, applicant={"name": f"Lê Văn {code}"}) for code in codes))
        async with intake.service.database.reader.connect() as connection:
            rows = [*await connection.execute(text("SELECT pseudonym, wrapped_key, details FROM applicants"))]
        file = Path(str(intake.service.database.writer.url.database))
        assert all(any(row.details in part for part in parts_of(file)) for row in rows)
        for row in rows[::2]:
            await erase(intake, row.pseudonym)
        for row in rows[::2]:
            assert not any(kept in part for part in parts_of(file) for kept in (row.wrapped_key, row.details))


def parts_of(database: Path) -> list[bytes]:
    return [path.read_bytes() for path in database.parent.glob(f"{database.name}*")]


async def test_without_a_master_key_details_are_refused_and_the_rest_works(start: Start) -> None:
    async with start() as intake:
        refused = await intake.http.post("/v1/dossiers", json=ABOUT | {"received_at": AT, "applicant": HOA})
        assert (refused.status_code, refused.json()["code"]) == (422, "details_not_kept")
        assert "MOTCUA_INTAKE_APPLICANTS_KEY_FILE" in refused.json()["detail"]
        await intake.bulk(received(applicant="Nguyễn Thị Hoa"))
        answer = await applicant(intake)
        assert answer["applicant"].startswith("p-")
        assert answer["details"] is None


TEXTS = [
    ("Nguyễn Thị Hoa", "name"),
    ("bà NGUYEN THI HOA xin rút", "name"),
    ("nguyễn-thị-hoa", "name"),
    ("mã của NguyenThiHoa", "name"),
    ("căn cước 084180001234", "an identity number"),
    ("số 084-180-001234.", "identity number"),
    ("nhà tại 12 TRAN PHU phuong 1, tra vinh", "address"),
]


@pytest.mark.parametrize(("text", "kind"), TEXTS)
async def test_a_text_with_the_applicants_own_details_is_refused_by_field(
    keeping: Sender, text: str, kind: str
) -> None:
    await keeping.bulk(received(applicant=HOA))
    refused = await keeping.event(event="withdrawn", occurred_at="2023-12-09T08:00:00+07:00", reason=text)
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (422, "personal_data", "reason")
    assert kind in refused.json()["detail"]
    assert len(await keeping.log()) == 1


async def test_who_is_told_that_a_text_has_the_applicants_own_details_is_noted(keeping: Sender) -> None:
    await keeping.bulk(received(applicant=HOA))
    pseudonym = (await keeping.dossier())["applicant"]
    guesses = [cloud_event("forwarded", "2023-12-09T08:00", agency=name) for name in ("Nguyễn Thị Hoa", "Trần Văn Ba")]
    assert (await keeping.bulk(guesses[0], guesses[0]))["rejected"] == 2
    assert (await keeping.bulk(guesses[1]))["accepted"] == 1
    await keeping.bulk(received("H59.15-231208-0009", applicant=HOA, x={"note": HOA["name"]}))  # who knows it anyway
    lines = [decode(line) for line in (await keeping.http.get("/v1/audit")).content.splitlines()]
    told = [(each["subject"], each["details"], each["who"]) for each in lines if each["act"] == "applicant_recognised"]
    assert told == [(CODE, {"applicant": pseudonym, "what": "name"}, "settings")]


@pytest.mark.parametrize(
    "event",
    [
        received(applicant=HOA) | {"source": "/counters/Nguy%E1%BB%85n%20Thị%20Hoa"},
        received(applicant=HOA, x={"note": "Nguy\u200bễn Thị Hoa"}),
        received(applicant=HOA, x={"note": "số 084:180:001:234"}),
        received(applicant=HOA, x={"n": 84180001234}),
        received(applicant={"id_number": "2345678"}, x={"n": 2345678}),
        received(applicant=HOA, x={"note": "Nguyễn Thị Hoa"}),
        received(applicant=HOA) | {"source": "/counters/nguyenthihoa"},
        received(applicant=HOA, event_id="084180001234/1"),
        received(applicant=HOA) | {"desk": "nguyen thi hoa"},
        received("H59.15-231208-0912345678", applicant=HOA),
    ],
)
async def test_an_event_names_its_own_applicant_nowhere_else(keeping: Sender, event: dict[str, Any]) -> None:
    (rejection,) = (await keeping.bulk(event))["rejections"]
    assert rejection["code"] == "personal_data"
    assert await keeping.log() == []


async def test_events_of_one_body_know_the_applicant_of_its_receipt(keeping: Sender) -> None:
    forwarded = cloud_event("forwarded", "2023-12-09T08:00", agency="Nguyễn Thị Hoa")
    other = cloud_event("forwarded", "2023-12-09T08:00", agency="Cục Thuế tỉnh Trà Vinh")
    answer = await keeping.bulk(received(applicant=HOA), forwarded, other)
    assert (answer["accepted"], answer["rejected"]) == (2, 1)


async def test_erased_details_are_gone_and_no_event_changes(keeping: Sender, key_file: MasterKeyFile) -> None:
    event = received(applicant=HOA)
    await keeping.bulk(event)
    log, before = await keeping.log(), await applicant(keeping)
    pseudonym = before["applicant"]
    assert (await erase(keeping, pseudonym))["erased"] is True
    assert (await erase(keeping, pseudonym))["erased"] is False
    after = await applicant(keeping)
    assert (after["applicant"], after["details"]) == (pseudonym, None)
    assert after["erased_at"] is not None
    assert await keeping.log() == log
    (line,) = key_file.erasures.read_bytes().splitlines()
    assert decode(line)["applicant"] == pseudonym
    assert key_file.erasures.stat().st_mode & 0o077 == 0


async def test_an_old_receipt_brings_nobody_back_and_a_new_one_does(keeping: Sender) -> None:
    await keeping.bulk(received(applicant=HOA))
    pseudonym = (await applicant(keeping))["applicant"]
    await erase(keeping, pseudonym)
    await keeping.bulk(received("H59.15-231208-0002", "2023-12-09T08:00", applicant=HOA))
    assert (await applicant(keeping, "H59.15-231208-0002"))["details"] is None
    today = keeping.service.clock()
    new = received("H59.15-231208-0003", applicant=HOA, due_at="2029-12-28T17:00:00+07:00")
    await keeping.bulk(new | {"time": today.isoformat()})
    assert (await applicant(keeping, "H59.15-231208-0003"))["details"] == KEPT
    for old in (CODE, "H59.15-231208-0002"):
        shown = await applicant(keeping, old)
        assert (shown["applicant"], shown["details"]) == (pseudonym, None), "kept for the new dossier alone"
        assert shown["erased_at"] is not None


async def test_no_call_puts_an_erased_person_back_on_a_dossier_from_before(keeping: Sender) -> None:
    await keeping.bulk(received(applicant=HOA))
    pseudonym = (await applicant(keeping))["applicant"]
    await erase(keeping, pseudonym)
    refused = await keeping.http.put(f"/v1/dossiers/{CODE}/applicant", json=HOA)
    assert (refused.status_code, refused.json()["code"]) == (409, "applicant_erased")
    assert "was erased at" in refused.json()["detail"]
    path, vietnamese = f"/v1/dossiers/{CODE}/applicant", {"Accept-Language": "vi"}
    assert "đã được xóa" in (await keeping.http.put(path, json=HOA, headers=vietnamese)).json()["detail"]
    for person in ({"id_number": "084180009999", "name": "Trần Văn Bình"}, HOA):
        fields = {"old_value": (await applicant(keeping))["applicant"], "new_value": person, "reason": "nhập nhầm"}
        answer = await keeping.event(event="corrected", field="applicant", **fields)
        assert answer.status_code == 201, answer.text
    assert (await applicant(keeping))["applicant"] == pseudonym
    assert (await applicant(keeping))["details"] is None
    async with keeping.service.database.reader.connect() as connection:
        kept = [row.pseudonym for row in await connection.execute(text("SELECT pseudonym FROM applicants"))]
    assert pseudonym not in kept


async def test_a_database_from_before_the_erasure_has_the_person_erased_again(
    start: Start, key_file: MasterKeyFile
) -> None:
    async with start(applicants_key_file=key_file.path) as intake:
        await intake.bulk(received(applicant=HOA), received("H59.15-231208-0002", applicant={"name": "Lê Văn Đạt"}))
        pseudonym = (await applicant(intake))["applicant"]
    key_file.write_erasure(pseudonym)  # which the file knows of, and the database does not
    async with start(applicants_key_file=key_file.path) as intake:
        assert (await applicant(intake))["details"] is None
        assert (await applicant(intake, "H59.15-231208-0002"))["details"] == {"name": "Lê Văn Đạt"}


async def test_a_file_of_erasures_that_was_lost_is_written_anew_from_the_database(
    start: Start, key_file: MasterKeyFile
) -> None:
    async with start(applicants_key_file=key_file.path) as intake:
        await intake.bulk(received(applicant=HOA))
        await erase(intake, (await applicant(intake))["applicant"])
    written = key_file.erasures.read_bytes()
    key_file.erasures.write_bytes(b'{"applicant":"p-half')  # a crash in the middle of one, and nothing else
    async with start(applicants_key_file=key_file.path):
        assert key_file.erasures.read_bytes() == written
    key_file.erasures.write_bytes(written + b"no erasure\n")
    with pytest.raises(ValidationError, match="MOTCUA_INTAKE_ERASURES_FILE: line 2"):
        async with start(applicants_key_file=key_file.path):
            pass


async def test_erasing_needs_a_place_that_outlasts_a_restored_backup(start: Start, key_file: MasterKeyFile) -> None:
    async with start(applicants_key=key_file.path.read_text()) as intake:
        await intake.bulk(received(applicant=HOA))
        pseudonym = (await applicant(intake))["applicant"]
        refused = await intake.http.delete(f"/v1/applicants/{pseudonym}", params={"reason": "yêu cầu"})
        assert (refused.status_code, refused.json()["code"]) == (503, "cannot_erase")
        assert "MOTCUA_INTAKE_ERASURES_FILE" in refused.json()["detail"]
        assert (await applicant(intake))["details"] == KEPT


async def test_the_reason_of_an_erasure_names_nobody(keeping: Sender) -> None:
    await keeping.bulk(received(applicant=HOA))
    path = f"/v1/applicants/{(await applicant(keeping))['applicant']}"
    for reason in ("bà Nguyen Thi Hoa yêu cầu", "gọi 0987 654 321", "\u001b[31m"):
        refused = await keeping.http.delete(path, params={"reason": reason})
        assert (refused.status_code, refused.json()["field"]) == (422, "reason")
    assert (await applicant(keeping))["details"] == KEPT


async def test_the_first_master_key_wraps_and_rotation_moves_every_data_key(
    start: Start, key_file: MasterKeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.intake.applicants.keeping.ROWS_AT_ONCE", 2)
    async with start(applicants_key_file=key_file.path) as intake:
        people = [{"name": f"Nguyễn Văn {letter}"} for letter in "ABCDE"]
        codes = [f"H59.15-231208-{number:04}" for number in range(1, 6)]
        await intake.bulk(*(received(code, applicant=person) for code, person in zip(codes, people, strict=True)))
        old = key_file.path.read_text()
        key_file.put_new_first()
        answer = (await intake.http.post("/v1/applicants/rotate")).json()
        assert (answer["wrapped"], answer["unreadable"]) == (5, 0)
        assert (await intake.http.post("/v1/applicants/rotate")).json()["wrapped"] == 0
        key_file.keep_first_only()
        assert [(await applicant(intake, code))["details"] for code in codes] == people
        key_file.path.write_text(old)
        refused = await intake.http.get(f"/v1/dossiers/{codes[0]}/applicant")
        assert (refused.status_code, refused.json()["code"]) == (503, "details_unreadable")


async def test_no_ciphertext_opens_in_another_row(keeping: Sender) -> None:
    await keeping.bulk(received(applicant=HOA), received("H59.15-231208-0002", applicant={"name": "Lê Văn Đạt"}))
    async with keeping.service.database.writer.begin() as connection:
        await connection.execute(
            text(
                "UPDATE applicants SET wrapped_key = (SELECT max(wrapped_key) FROM applicants), "
                "details = (SELECT details FROM applicants ORDER BY wrapped_key DESC LIMIT 1)"
            )
        )
    answers = [await keeping.http.get(f"/v1/dossiers/{code}/applicant") for code in (CODE, "H59.15-231208-0002")]
    assert sorted(answer.status_code for answer in answers) == [200, 503]


async def test_a_look_an_erasure_and_a_rotation_stand_in_the_audit_without_the_person(
    keeping: Sender, key_file: MasterKeyFile
) -> None:
    await keeping.bulk(received(applicant=HOA))
    pseudonym = (await applicant(keeping))["applicant"]
    key_file.put_new_first()
    await keeping.http.post("/v1/applicants/rotate")
    await erase(keeping, pseudonym)
    await applicant(keeping)  # of which nothing is left to see
    lines = [decode(line) for line in (await keeping.http.get("/v1/audit")).content.splitlines()]
    told = [(each["act"], each["subject"], each["who"]) for each in lines if each["act"].startswith("applicant_")]
    assert told == [
        ("applicant_seen", CODE, "settings"),
        ("applicant_keys_wrapped", None, "settings"),
        ("applicant_erased", pseudonym, "settings"),
    ]
    assert not any(text in str(lines) for text in HOA.values())


async def test_who_may_see_applicants_of_other_departments_may_not_see_this_one(keeping: Sender) -> None:
    await keeping.bulk(received(applicant=HOA))
    dossier = await keeping.dossier()
    for grant in ("counter@H59.15", "counter@received_by:H59.15"):
        assert (await applicant_of(keeping.service, caller(grant), CODE)).applicant == dossier["applicant"]
    with pytest.raises(Problem) as refused:
        await applicant_of(keeping.service, caller("counter@H59.16"), CODE)
    assert (refused.value.status, refused.value.details.code) == (403, "forbidden")
    assert "H59.15" in refused.value.details.detail
    assert "Hoa" not in refused.value.details.detail


def caller(grant: str) -> Caller:
    granted = Grant.parse(grant)
    return Caller(Principal("key:1", "Quầy 3", (granted,)), granted.scope)


async def test_an_idempotency_key_and_its_request_are_kept_as_digests_that_need_the_secret(keeping: Sender) -> None:
    body = ABOUT | {"received_at": AT, "applicant": HOA}
    headers = {"Idempotency-Key": "0912345678"}
    first = await keeping.http.post("/v1/dossiers", json=body, headers=headers)
    again = await keeping.http.post("/v1/dossiers", json=body, headers=headers)
    assert again.json() == first.json()
    async with keeping.service.database.reader.connect() as connection:
        ((key, digest),) = await connection.execute(text("SELECT key, request_digest FROM idempotency_keys"))
    assert "0912345678" not in key
    plain = key_use("0912345678", "POST /v1/dossiers", body, b"another secret")
    assert plain is not None
    assert plain.request_digest != digest


async def test_a_key_from_before_they_were_digests_is_recognised(keeping: Sender) -> None:
    body = ABOUT | {"received_at": AT, "applicant": "Nguyễn Thị Hoa"}
    first = (await keeping.http.post("/v1/dossiers", json=body)).json()
    use = key_use("k-1", "POST /v1/dossiers", body, b"secret")
    assert use is not None
    assert use.earlier is not None
    row = {"key": use.earlier.key, "digest": use.earlier.request_digest, "code": first["code"], "event": first["id"]}
    async with keeping.service.database.writer.begin() as connection:
        await connection.execute(text("INSERT INTO idempotency_keys VALUES (:key, :digest, :code, :event)"), row)
    again = await keeping.http.post("/v1/dossiers", json=body, headers={"Idempotency-Key": "k-1"})
    assert again.json()["code"] == first["code"]
    other = await keeping.http.post(
        "/v1/dossiers", json=body | {"channel": "postal"}, headers={"Idempotency-Key": "k-1"}
    )
    assert other.json()["code"] == "idempotency_key_reused"


async def test_an_unknown_dossier_and_one_without_an_applicant(keeping: Sender) -> None:
    assert (await keeping.http.get(f"/v1/dossiers/{CODE}/applicant")).status_code == 404
    await keeping.bulk(received())
    assert (await applicant(keeping)) == {
        "code": CODE,
        "applicant": None,
        "details": None,
        "stored_at": None,
        "kept_until": None,
        "erased_at": None,
    }
