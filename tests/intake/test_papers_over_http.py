"""The papers over HTTP: who may print which, and what is answered where there is none."""

import base64
import io
from datetime import date

import pytest
from pydantic import SecretStr
from pypdf import PdfReader
from sqlalchemy import text

from shared.access.roles import Grant, Principal
from tests.intake.conftest import Start
from tests.intake.sending import CODE, KEY, Sender, cloud_event, received
from tests.support.browser import OWN_PAGE

SUBMITTED = cloud_event("submitted", "2023-12-07T15:00", department="H59.15", procedure="2.000635", channel="online")


async def sign_in(intake: Sender) -> None:
    assert (await intake.http.post("/session", data={"key": KEY}, headers=OWN_PAGE)).status_code == 303


def printed_on(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


async def test_the_receipt_is_a_pdf_that_a_browser_shows_under_a_name_of_its_own(intake: Sender) -> None:
    await intake.bulk(received())
    await sign_in(intake)
    for path in (f"/v1/dossiers/{CODE}/forms/01", f"/print/01/{CODE}"):
        answer = await intake.http.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        assert answer.headers["content-disposition"] == f'inline; filename="01-giay-tiep-nhan-{CODE}.pdf"'
        assert answer.headers["cache-control"] == "no-store"
        assert f"Mã hồ sơ: {CODE}" in printed_on(answer.content)


@pytest.mark.parametrize("form", ["02", "03", "04", "05"])
async def test_what_never_happened_is_a_conflict_in_both_languages(intake: Sender, form: str) -> None:
    await intake.bulk(received())
    english = await intake.http.get(f"/v1/dossiers/{CODE}/forms/{form}")
    assert (english.status_code, english.json()["code"], english.json()["field"]) == (409, "no_such_paper", "form")
    assert f"dossier {CODE} has no form {form}" in english.json()["detail"]
    said = await intake.http.get(f"/v1/dossiers/{CODE}/forms/{form}", headers={"Accept-Language": "vi"})
    assert f"không có mẫu {form} của hồ sơ {CODE}" in said.json()["detail"]


async def test_each_request_for_supplement_has_a_paper_of_its_own(intake: Sender) -> None:
    await intake.bulk(
        received(),
        cloud_event("supplement_requested", "2023-12-11T09:00", missing="bản sao giấy khai sinh"),
        cloud_event("supplemented", "2023-12-12T09:00"),
        cloud_event("supplement_requested", "2023-12-13T09:00", missing="sổ hộ khẩu"),
    )
    path = f"/v1/dossiers/{CODE}/forms/02"
    latest, first, second = [printed_on((await intake.http.get(path + n)).content) for n in ("", "?n=1", "?n=2")]
    assert ("sổ hộ khẩu" in latest, "bản sao giấy khai sinh" in first, latest == second) == (True, True, True)
    third = await intake.http.get(f"{path}?n=3")
    assert (third.status_code, third.json()["detail"].split(":")[0]) == (409, "n")


async def test_unknown_dossiers_forms_and_parameters_are_refused(intake: Sender) -> None:
    await intake.bulk(received())
    for path, status in {
        "/v1/dossiers/H59.15-231208-0009/forms/01": 404,
        "/v1/dossiers/nothing/forms/01": 404,
        f"/v1/dossiers/{CODE}/forms/07": 422,
        f"/v1/dossiers/{CODE}/forms/01?n=0": 422,
        f"/v1/dossiers/{CODE}/forms/06?n=2": 422,
        f"/v1/dossiers/{CODE}/forms/01?m=1": 422,
        "/v1/forms/07?department=H59.15&from=2023-12-08&to=2023-12-07": 422,
        "/v1/forms/07?department=H59.15": 422,
        "/v1/forms/07?department=S%E1%BB%9F&from=2023-12-08": 422,
        "/v1/forms/07?department=H59.15%0A&from=2023-12-08": 422,
        "/v1/forms/07?department=H59.15&from=3584-06-10": 422,
        "/v1/forms/07?department=H59.15&from=2999-12-31": 200,
        "/v1/forms/07?department=H59.99&from=1900-01-01": 200,
    }.items():
        assert (await intake.http.get(path)).status_code == status, path


@pytest.mark.parametrize("path", [f"/v1/dossiers/{CODE}/forms/01", f"/print/06/{CODE}", "/print/07?department=H59.15"])
async def test_nobody_prints_without_a_key(intake: Sender, path: str) -> None:
    await intake.bulk(received())
    del intake.http.headers["Authorization"]
    answer = await intake.http.get(path)
    assert (answer.status_code, CODE in answer.text.replace(path, "")) == (401, False)


async def test_the_pages_say_in_words_what_cannot_be_printed(intake: Sender) -> None:
    await intake.bulk(received())
    await sign_in(intake)
    for path, status, said in (
        (f"/print/05/{CODE}", 409, f"không có mẫu 05 của hồ sơ {CODE}: hồ sơ không bị dừng giải quyết"),
        (f"/print/09/{CODE}", 404, "không có mẫu 09"),
        (f"/print/01/{CODE}?n=x", 422, "n: phải từ 1 đến 100"),
        ("/print/01/H59.15-231208-0077", 404, ""),
        ("/print/07?department=H59.15&from=x", 422, "from: hãy viết ngày như 2026-11-30"),
    ):
        answer = await intake.http.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert said in answer.text
    today = await intake.http.get("/print/07?department=H59.15")
    assert (today.status_code, today.headers["content-type"]) == (200, "application/pdf")


async def test_a_bound_caller_prints_what_is_inside_its_scope_only(
    intake: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {"procedure": "9.999999", "due_at": "2023-12-20T08:00:00+07:00", "department": "H59.16"}
    here, taken_in, elsewhere = CODE, "H59.16-231208-0001", "H59.16-231208-0002"
    await intake.bulk(received(here), received(taken_in, received_by="H59.15", **other), received(elsewhere, **other))

    async def bound(token: str) -> Principal:
        return Principal("key:1", "a clerk", (Grant.parse(token.replace("+", "@")),))

    monkeypatch.setattr(intake.http._transport.app.state.access, "principal_of", bound)  # type: ignore[attr-defined]
    for grant, allowed in (
        ("counter+H59.15", {here}),
        ("counter+H59.16", {taken_in, elsewhere}),
        ("counter+received_by:H59.15", {here, taken_in}),
        ("admin+*", {here, taken_in, elsewhere}),
    ):
        intake.http.headers["Authorization"] = f"Bearer {grant}"
        for code in (here, taken_in, elsewhere):
            answer = await intake.http.get(f"/v1/dossiers/{code}/forms/06")
            assert answer.status_code == (200 if code in allowed else 403), (grant, code)
            assert answer.status_code == 200 or answer.json()["code"] == "forbidden"
        for unit in ("H59.15", "H59.16"):
            answer = await intake.http.get("/v1/forms/07", params={"department": unit, "from": "2023-12-08"})
            listed = {here, taken_in} if unit == "H59.15" else {taken_in, elsewhere}
            if answer.status_code == 403:
                assert unit not in grant
            else:
                text = printed_on(answer.content)
                assert {code for code in (here, taken_in, elsewhere) if code in text} == listed & allowed


async def test_the_register_has_who_was_received_on_these_days_by_the_unit_or_for_it(intake: Sender) -> None:
    day = {"procedure": "9.999999", "due_at": "2023-12-20T08:00:00+07:00"}
    await intake.bulk(
        received("H59.15-231208-0001", "2023-12-08T08:31"),
        received("H59.15-231208-0002", "2023-12-08T23:59"),
        received("H59.15-231209-0001", "2023-12-09T00:00"),
        received("H59.16-231208-0001", "2023-12-08T09:00", department="H59.16", **day),
        received("H59.16-231208-0002", "2023-12-08T10:00", department="H59.16", received_by="H59.15", **day),
        cloud_event(
            "submitted",
            "2023-12-08T11:00",
            "H59.15-231208-0003",
            department="H59.15",
            procedure="2.000635",
            channel="online",
        ),
    )
    answer = await intake.http.get("/v1/forms/07", params={"department": "000.00.15.H59", "from": "2023-12-08"})
    assert answer.status_code == 200, answer.text
    text = printed_on(answer.content)
    codes = ["H59.15-231208-0001", "H59.16-231208-0002", "H59.15-231208-0002"]
    assert [text.index(code) for code in codes] == sorted(text.index(code) for code in codes)
    assert ("H59.15-231209-0001" in text, "H59.16-231208-0001" in text, "H59.15-231208-0003" in text) == (False,) * 3
    assert "Tổng số: 3 hồ sơ" in text
    name = f"07-so-theo-doi-H59.15-{date(2023, 12, 8):%Y%m%d}-20231208.pdf"
    assert answer.headers["content-disposition"] == f'inline; filename="{name}"'


DETAILS = {
    "name": "Nguyễn Thị Hòa",
    "id_number": "084180001234",
    "phone": "0912 345 678",
    "address": "12 Trần Phú, phường 1, Trà Vinh",
}


async def looks(intake: Sender) -> list[tuple[str, str]]:
    """Who saw an applicant's details by which dossier, as the audit has it."""
    async with intake.service.database.reader.connect() as connection:
        rows = (await connection.execute(text("SELECT who, subject, entry FROM audit ORDER BY number"))).all()
    return [(row.who, row.subject) for row in rows if b"applicant_seen" in bytes(row.entry)]


async def test_who_applied_stands_on_the_letters_of_those_who_may_know(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A counter may, an officer may not; nobody reads it off the control slip or the register."""
    master_key = SecretStr(base64.b64encode(b"m" * 32).decode())
    async with start(applicants_key=master_key) as intake:
        asked = cloud_event("supplement_requested", "2023-12-11T09:00", missing="tờ khai")
        assert (await intake.bulk(received(applicant=DETAILS), asked))["accepted"] == 2

        async def by_role(token: str) -> Principal:
            return Principal(f"key:{token}", token, (Grant.parse(f"{token}@H59.15"),))

        monkeypatch.setattr(intake.http._transport.app.state.access, "principal_of", by_role)  # type: ignore[attr-defined]
        for role, knows in (("counter", True), ("officer", False), ("compiler", False)):
            intake.http.headers["Authorization"] = f"Bearer {role}"
            before = await looks(intake)
            for form in ("01", "02"):
                text = printed_on((await intake.http.get(f"/v1/dossiers/{CODE}/forms/{form}")).content)
                for key in ("name", "phone", "address"):
                    assert (DETAILS[key] in text) is knows
                assert DETAILS["id_number"] not in text
            assert (await looks(intake))[len(before) :] == ([(f"key:{role}", CODE)] * 2 if knows else [])
            register = await intake.http.get("/v1/forms/07", params={"department": "H59.15", "from": "2023-12-08"})
            control = await intake.http.get(f"/v1/dossiers/{CODE}/forms/06")
            assert DETAILS["name"] not in printed_on(register.content) + printed_on(control.content)
        intake.http.headers["Authorization"] = "Bearer counter"
        before = await looks(intake)
        assert (await intake.http.get(f"/v1/dossiers/{CODE}/forms/05")).status_code == 409
        assert await looks(intake) == before, "nothing was shown"
