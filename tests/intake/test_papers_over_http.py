"""The papers over HTTP: who may print which, and what is answered where there is none."""

import io
from datetime import date

import pytest
from pypdf import PdfReader

from tests.intake.sending import CODE, Sender, cloud_event, received

SUBMITTED = cloud_event("submitted", "2023-12-07T15:00", department="H59.15", procedure="2.000635", channel="online")


def text_of(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


async def test_the_receipt_is_a_pdf_that_a_browser_shows_under_a_name_of_its_own(intake: Sender) -> None:
    await intake.bulk(received())
    for path in (f"/v1/dossiers/{CODE}/forms/01", f"/print/01/{CODE}"):
        answer = await intake.http.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        assert answer.headers["content-disposition"] == f'inline; filename="01-giay-tiep-nhan-{CODE}.pdf"'
        assert answer.headers["cache-control"] == "no-store"
        assert f"Mã hồ sơ: {CODE}" in text_of(answer.content)


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
    latest, first, second = [text_of((await intake.http.get(path + n)).content) for n in ("", "?n=1", "?n=2")]
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
    }.items():
        assert (await intake.http.get(path)).status_code == status, path


@pytest.mark.parametrize("path", [f"/v1/dossiers/{CODE}/forms/01", f"/print/06/{CODE}", "/print/07?department=H59.15"])
async def test_nobody_prints_without_a_key(intake: Sender, path: str) -> None:
    del intake.http.headers["Authorization"]
    assert (await intake.http.get(path)).status_code == 401


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
    text = text_of(answer.content)
    codes = ["H59.15-231208-0001", "H59.16-231208-0002", "H59.15-231208-0002"]
    assert [text.index(code) for code in codes] == sorted(text.index(code) for code in codes)
    assert ("H59.15-231209-0001" in text, "H59.16-231208-0001" in text, "H59.15-231208-0003" in text) == (False,) * 3
    assert "Tổng số: 3 hồ sơ" in text
    name = f"07-so-theo-doi-H59.15-{date(2023, 12, 8):%Y%m%d}-20231208.pdf"
    assert answer.headers["content-disposition"] == f'inline; filename="{name}"'
