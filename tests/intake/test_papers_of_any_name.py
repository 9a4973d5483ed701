"""A paper comes whatever a name is written in; what the fonts lack is marked, and a failure is no letter in a log."""

import json

import pytest
from structlog.testing import capture_logs

from services.intake.http import papers
from services.intake.papers.paper import Applicant, FormNumber
from shared.papers import typesetting
from shared.papers.printable import printable, printable_values
from shared.papers.typesetting import NotTypeset
from tests.intake.printing import history_of, paper, pdf_of, text_of
from tests.intake.sending import CODE, KEY, Sender, cloud_event, received
from tests.support.browser import OWN_PAGE

NOTE = "□: chữ không có trong phông chữ in"


NAMES = {
    "Nguyễn Thị Hoa": "Nguyễn Thị Hoa",
    "Nguye\u0302\u0303n": "Nguyễn",
    "Ｈｏａ": "Hoa",
    "H\u200bo\u00ada\ufeff": "Hoa",
    "Hoa\U000e0041\ufe0f": "Hoa",
    "Hoa 🏠": "Hoa □",
    "សុខ វណ្ណា": "□□ □□□",
    "สมชาย": "□□□□□",
    "王小明": "□□□",
    "홍길동": "□□□",
    "ꨌꩌ": "□",
    "Hoa \ue000\ufffe": "Hoa □□",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_printed_as_the_fonts_can(name: str) -> None:
    assert printable(name) == NAMES[name]


def test_a_receipt_comes_with_every_one_of_them_and_says_what_the_mark_is() -> None:
    written, shown = ", ".join(NAMES), ", ".join(NAMES.values())
    receipt = text_of(pdf_of(paper(FormNumber.RECEIPT, history_of(received()), Applicant(name=written))))
    assert f"tổ chức: {shown} Địa chỉ" in receipt
    assert NOTE in receipt
    plain = text_of(pdf_of(paper(FormNumber.RECEIPT, history_of(received()), Applicant(name="□ Hoa\u200b"))))
    assert "tổ chức: □ Hoa Địa chỉ" in plain
    assert NOTE not in plain


def test_no_letter_of_the_basic_plane_is_left_that_the_fonts_lack() -> None:
    with_a_mark = {printable(chr(code)) for code in range(0x10000) if not 0xD800 <= code < 0xE000}
    letters = "".join(sorted(set("".join(with_a_mark))))
    made = paper(FormNumber.RECEIPT, history_of(received()), Applicant(name=" ".join(letters), address=letters))
    assert pdf_of(made).startswith(b"%PDF")


@pytest.mark.parametrize(
    ("form", "data"),
    [
        (FormNumber.SUPPLEMENT, cloud_event("supplement_requested", "2023-12-09T09:00", missing="giấy 漢字")),
        (FormNumber.STOP, cloud_event("stopped", "2023-12-09T09:00", reason="vì 😀")),
        (FormNumber.CONTROL, cloud_event("assigned", "2023-12-09T09:00", officer="o-1", unit="Tổ 漢")),
        (FormNumber.CONTROL, cloud_event("forwarded", "2023-12-09T09:00", agency="👨\u200d👩")),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_every_form_comes_with_letters_that_no_font_has(form: FormNumber, data: dict[str, object]) -> None:
    assert "□" in text_of(pdf_of(paper(form, history_of(received(), data))))


def test_the_note_is_in_the_papers_language_and_its_values_stay_values() -> None:
    made = printable_values({"language": "en", "footer": "Form 01", "rows": (["漢", 1, None],), "slip": None})
    assert made["footer"] == "Form 01 · □: a letter that the font of this paper lacks"
    assert (made["rows"], made["slip"]) == ([["□", 1, None]], None)


def test_what_the_typesetter_refuses_is_told_without_a_letter_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typesetting, "printable_values", lambda values: values)
    made = paper(FormNumber.RECEIPT, history_of(received()), Applicant(name="Hoa ក"))
    with pytest.raises(NotTypeset, match="the text$") as refused:
        pdf_of(made)
    assert "17" not in str(refused.value)


async def test_a_failure_of_printing_is_a_page_in_the_readers_language(
    intake: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> bytes:
        raise NotTypeset("it is broken")

    monkeypatch.setattr(papers, "printed", fails)
    await intake.bulk(received())
    assert (await intake.http.post("/session", data={"key": KEY}, headers=OWN_PAGE)).status_code == 303
    with capture_logs() as logged:
        page = await intake.http.get(f"/print/01/{CODE}")
        english = await intake.http.get(f"/print/01/{CODE}?lang=en")
        answer = await intake.http.get(f"/v1/dossiers/{CODE}/forms/01")
    assert [each.status_code for each in (page, english, answer)] == [500, 500, 500]
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "chưa in được mẫu 01" in page.text
    assert "form 01 can&#39;t be printed just now" in english.text
    assert answer.json()["code"] == "paper_not_printed"
    failures = [entry for entry in logged if entry["event"] == "paper_not_printed"]
    assert [json.dumps(entry) for entry in failures if set(entry) - {"event", "log_level", "form", "why"}] == []
    assert len(failures) == 3
