"""Forms 01-07 on paper: each says what the log holds, fits where it should, and is read back by other libraries."""

import re
import unicodedata
from datetime import date

import pytest
from hypothesis import given, settings

from services.intake.papers.letters import printable, promised_at_receipt
from services.intake.papers.paper import (
    NOBODY,
    TITLES,
    Applicant,
    FormNumber,
    Letter,
    NoSuchPaper,
    Sheet,
)
from services.intake.papers.print import file_name, printed
from services.intake.papers.register import register
from services.intake.papers.slip import slip_of
from shared.domain.dossier import Dossier
from shared.papers.heading import UNNAMED
from tests.builders.histories import History, histories
from tests.builders.times import at
from tests.intake.explained import NOW, SHIPPED
from tests.intake.printing import (
    A4,
    A5,
    KEY,
    PUBLIC_URL,
    history_of,
    logged,
    paper,
    pdf_of,
    qr_codes_of,
    sizes_of,
    text_of,
)
from tests.intake.sending import CODE, cloud_event, received

HOA = Applicant("Nguyễn Thị Hòa", "12 Trần Phú, phường 1, Trà Vinh", "0912 345 678", "hoa@example.vn")
BEGUN = [
    cloud_event("submitted", "2023-12-07T15:00", department="H59.15", procedure="2.000635", channel="online"),
    received(),
    cloud_event("processing_started", "2023-12-08T09:10", unit="Phòng Hộ tịch", officer="o-17"),
]
PAUSED = [
    cloud_event(
        "supplement_requested",
        "2023-12-11T09:00",
        missing="Bản sao giấy khai sinh\nTờ khai theo mẫu",
        due_at="2023-12-29T17:00:00+07:00",
    ),
    cloud_event("supplemented", "2023-12-13T15:10"),
]
LATE = [
    cloud_event("forwarded", "2023-12-13T16:00", agency="Cục Thuế tỉnh", due_at="2023-12-15T16:00:00+07:00"),
    cloud_event("forward_answered", "2023-12-18T16:00", agency="Cục Thuế tỉnh"),
    cloud_event(
        "assigned", "2023-12-18T16:10", unit="Phòng Tư pháp", officer="o-20", due_at="2023-12-22T16:00:00+07:00"
    ),
    cloud_event(
        "apologised", "2023-12-20T08:00", reason="Chờ cơ quan phối hợp", promised_at="2023-12-22T10:00:00+07:00"
    ),
]
STOPPED = [cloud_event("stopped", "2023-12-21T08:00", reason="Hết thời hạn bổ sung")]
DECLINED = [BEGUN[0], cloud_event("declined", "2023-12-08T08:00", reason="Không thuộc thẩm quyền")]
REFUSED = [*BEGUN, cloud_event("resolved", "2023-12-14T08:00", outcome="refused")]
REOPENED = cloud_event("reopened", "2023-12-22T08:00", reason="nhầm", legal_ground="Điều 5")
HEAD = [
    "ỦY BAN NHÂN DÂN TỈNH TRÀ VINH",
    "TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG",
    "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    "Độc lập - Tự do - Hạnh phúc",
]
ABOUT = [
    "Họ tên cá nhân/Tên tổ chức: Nguyễn Thị Hòa",
    "Địa chỉ: 12 Trần Phú, phường 1, Trà Vinh",
    "Số điện thoại: 0912 345 678",
    "Nội dung yêu cầu giải quyết: Cấp bản sao Trích lục hộ tịch (mã thủ tục 2.000635)",
    "Cơ quan giải quyết: Sở Tư pháp",
]
WRITTEN = {
    FormNumber.RECEIPT: (
        [*BEGUN, *PAUSED, *LATE],
        [
            "Số: ……/TNHS",
            "Trà Vinh, ngày 08 tháng 12 năm 2023",
            f"Mã hồ sơ: {CODE}",
            "Nơi tiếp nhận: Sở Tư pháp",
            *ABOUT,
            "Hình thức nộp: Trực tuyến",
            "Thành phần hồ sơ nộp gồm: 1. ....",
            "Thời hạn giải quyết theo quy định: 5 ngày làm việc",
            "Thời gian nhận hồ sơ: 08 giờ 31 phút, ngày 08 tháng 12 năm 2023",
            "Thời gian trả kết quả: 08 giờ 31 phút, ngày 15 tháng 12 năm 2023",
            "Cách tính thời hạn: 5 ngày làm việc sau ngày tiếp nhận, vào cùng giờ",
            "https://motcua.example.vn/look-up",
            f"Mã tra cứu: {slip_of(CODE, KEY).grouped}",
            "NGƯỜI NỘP HỒ SƠ",
            "NGƯỜI TIẾP NHẬN HỒ SƠ",
            "Mẫu số 01 - Thông tư 03/2025/TT-VPCP",
        ],
    ),
    FormNumber.SUPPLEMENT: (
        [*BEGUN, *PAUSED],
        [
            "Trà Vinh, ngày 11 tháng 12 năm 2023",
            *ABOUT,
            "1. Bản sao giấy khai sinh 2. Tờ khai theo mẫu",
            "Lý do: ....",
            "Thời hạn bổ sung, hoàn thiện hồ sơ: 17 giờ 00 phút, ngày 29 tháng 12 năm 2023",
            "Người xử lý hồ sơ: o-17, Phòng Hộ tịch",
            "thời hạn giải quyết tạm dừng tính",
            "NGƯỜI HƯỚNG DẪN",
        ],
    ),
    FormNumber.REFUSAL: (
        DECLINED,
        [
            "Trà Vinh, ngày 08 tháng 12 năm 2023",
            *ABOUT,
            "Thời gian nộp hồ sơ: 15 giờ 00 phút, ngày 07 tháng 12 năm 2023",
            "từ chối tiếp nhận, giải quyết hồ sơ này lúc 08 giờ 00 phút, ngày 08 tháng 12 năm 2023",
            "Lý do: Không thuộc thẩm quyền",
            "Căn cứ pháp lý: ....",
        ],
    ),
    FormNumber.APOLOGY: (
        [*BEGUN, *PAUSED, *LATE],
        [
            "Trà Vinh, ngày 20 tháng 12 năm 2023",
            "Kính gửi: Nguyễn Thị Hòa",
            *ABOUT[1:],
            "Thời gian hẹn trả kết quả: 14 giờ 41 phút, ngày 19 tháng 12 năm 2023",
            "Lý do: Chờ cơ quan phối hợp",
            "xin lỗi",
            "Thời gian hẹn lại: 10 giờ 00 phút, ngày 22 tháng 12 năm 2023",
            "Người xử lý hồ sơ: o-20, Phòng Tư pháp",
            f"Mã tra cứu: {slip_of(CODE, KEY).grouped}",
            "THỦ TRƯỞNG CƠ QUAN, ĐƠN VỊ",
        ],
    ),
    FormNumber.STOP: (
        [*BEGUN, *STOPPED],
        [
            "Trà Vinh, ngày 21 tháng 12 năm 2023",
            *ABOUT,
            "thông báo dừng giải quyết hồ sơ này từ 08 giờ 00 phút, ngày 21 tháng 12 năm 2023",
            "Lý do: Hết thời hạn bổ sung",
            "Căn cứ pháp lý: ....",
        ],
    ),
    FormNumber.CONTROL: (
        [*BEGUN, *PAUSED, *LATE, *STOPPED],
        [
            "1 Sở Tư pháp 07/12/2023 15:00 08/12/2023 15:00 08/12/2023 08:31 Trước hạn Xem xét tiếp nhận",
            "2 Sở Tư pháp 08/12/2023 08:31 – 08/12/2023 08:31 – Tiếp nhận (trực tuyến)",
            "3 Phòng Hộ tịch, o-17 08/12/2023 09:10 – 18/12/2023 16:10 –",
            "4 Tạm dừng: chờ bổ sung giấy tờ 11/12/2023 09:00 29/12/2023 17:00 13/12/2023 15:10 –",
            "5 Cục Thuế tỉnh 13/12/2023 16:00 15/12/2023 16:00 18/12/2023 16:00 Quá hạn Phối hợp giải quyết",
            "6 Phòng Tư pháp, o-20 18/12/2023 16:10 22/12/2023 16:00 21/12/2023 08:00 Trước hạn",
            "7 Sở Tư pháp 20/12/2023 08:00 – 20/12/2023 08:00 – Xin lỗi (Chờ cơ quan phối hợp)",
            "8 Sở Tư pháp 21/12/2023 08:00 – 21/12/2023 08:00 – Dừng xử lý (Hết thời hạn bổ sung)",
            "Thời hạn trả kết quả: 14 giờ 41 phút, ngày 19 tháng 12 năm 2023",
            "Xếp loại hồ sơ: Quá hạn (by-date/1).",
            "Trang 1/1",
        ],
    ),
}
OF_ONE_PAGE = [form for form in FormNumber if form not in (FormNumber.CONTROL, FormNumber.REGISTER)]


@pytest.mark.parametrize("form", WRITTEN)
def test_each_form_says_what_the_log_holds(form: FormNumber) -> None:
    events, said = WRITTEN[form]
    pdf = pdf_of(paper(form, history_of(*events), HOA))
    text = text_of(pdf)
    for each in (TITLES[form].upper(), *HEAD, *said):
        assert each in text
    assert unicodedata.is_normalized("NFC", text)
    assert text.count("(Ký, ghi rõ họ tên") == 2
    assert sizes_of(pdf) == [A4[::-1] if form is FormNumber.CONTROL else A5]


def test_the_register_has_a_row_for_each_dossier_and_repeats_its_head() -> None:
    done = history_of(*BEGUN, cloud_event("resolved", "2023-12-14T08:00"), cloud_event("returned", "2023-12-14T09:00"))
    made = register("H59.15", (date(2023, 12, 8), date(2023, 12, 10)), [done] * 60, SHIPPED, NOW)
    pdf = pdf_of(made)
    text, pages = text_of(pdf), len(sizes_of(pdf))
    row = (
        f"{CODE} Cấp bản sao Trích lục hộ tịch (mã thủ tục 2.000635) Sở Tư pháp Trực tuyến 08/12/2023 08:31 "
        "15/12/2023 08:31 14/12/2023 08:00 14/12/2023 09:00; trực tiếp Đã trả kết quả"
    )
    assert text.count(row) == 60
    assert text.count("Mã hồ sơ") >= pages - 1 > 1, "the signatures may stand on a page of their own"
    assert f"Trang {pages}/{pages}" in text
    assert "Tổng số: 60 hồ sơ" in text
    assert "từ ngày 08/12/2023 đến ngày 10/12/2023" in text
    assert set(sizes_of(pdf)) == {A4[::-1]}
    assert file_name(made) == "07-so-theo-doi-H59.15-20231208-20231210.pdf"


def test_a_register_without_dossiers_says_so() -> None:
    text = text_of(pdf_of(register("H59.15", (date(2023, 12, 8),) * 2, [], SHIPPED, NOW)))
    assert "Hồ sơ tiếp nhận ngày 08/12/2023" in text
    assert "Tổng số: 0 hồ sơ" in text


def test_who_applied_is_a_dotted_line_for_who_may_not_know() -> None:
    for form in OF_ONE_PAGE:
        text = text_of(pdf_of(paper(form, history_of(*WRITTEN[form][0]))))
        name = "Kính gửi" if form is FormNumber.APOLOGY else "Họ tên cá nhân/Tên tổ chức"
        for line in (name, "Địa chỉ", "Số điện thoại", "Email"):
            assert f"{line}: ...." in text


def test_an_office_that_is_not_set_is_a_dotted_line() -> None:
    pdf = printed(paper(FormNumber.RECEIPT, history_of(*BEGUN)), UNNAMED, NOW)
    assert "…………, ngày 08 tháng 12 năm 2023" in text_of(pdf)


@pytest.mark.parametrize("form", [FormNumber.RECEIPT, FormNumber.APOLOGY])
@pytest.mark.parametrize("public_url", [PUBLIC_URL, None, f"https://dichvucong.{'x' * 80}.example.vn/mot-cua/"])
def test_the_qr_code_is_read_off_a_printed_page(form: FormNumber, public_url: str | None) -> None:
    pdf = pdf_of(paper(form, history_of(*WRITTEN[form][0]), HOA), public_url)
    slip = slip_of(CODE, KEY)
    for dpi in (300, 150):
        assert qr_codes_of(pdf, dpi) == [slip.content(public_url)]
    assert sizes_of(pdf) == [A5]


def test_a_reprinted_receipt_has_what_was_set_right_and_keeps_its_promise() -> None:
    moved = cloud_event("extended", "2023-12-12T08:00", legal_ground="Điều 5", due_at="2023-12-28T10:00:00+07:00")
    wrong_channel = cloud_event(
        "corrected", "2023-12-12T09:00", field="channel", old_value="online", new_value="postal", reason="nhầm"
    )
    text = text_of(pdf_of(paper(FormNumber.RECEIPT, history_of(*BEGUN, moved, wrong_channel))))
    assert "Hình thức nộp: Bưu chính công ích" in text
    assert "Thời gian trả kết quả: 08 giờ 31 phút, ngày 15 tháng 12 năm 2023" in text


@pytest.mark.parametrize(
    ("events", "promised"),
    [
        ([received()], "2023-12-15 08:31"),
        (
            [
                received(),
                cloud_event(
                    "corrected",
                    "2023-12-08T09:00",
                    field="due_at",
                    old_value="2023-12-15T08:31:00+07:00",
                    new_value="2023-12-18T08:31:00+07:00",
                    reason="nhầm",
                ),
            ],
            "2023-12-18 08:31",
        ),
        ([received(), *PAUSED], "2023-12-15 08:31"),
    ],
)
def test_the_receipt_promises_the_date_that_was_right(events: list[dict[str, object]], promised: str) -> None:
    assert promised_at_receipt(history_of(*events)) == at(promised)


@pytest.mark.parametrize(
    ("form", "events"),
    [
        (FormNumber.RECEIPT, BEGUN[:1]),
        (FormNumber.SUPPLEMENT, BEGUN),
        (FormNumber.REFUSAL, BEGUN),
        (FormNumber.REFUSAL, [*REFUSED, REOPENED]),
        (FormNumber.APOLOGY, BEGUN),
        (FormNumber.STOP, BEGUN),
        (FormNumber.STOP, [*BEGUN, *STOPPED, REOPENED]),
        (FormNumber.RECEIPT, [*BEGUN, cloud_event("voided", "2023-12-22T08:00", reason="nhầm")]),
    ],
)
def test_what_never_happened_or_was_annulled_has_no_paper(form: FormNumber, events: list[dict[str, object]]) -> None:
    with pytest.raises(NoSuchPaper) as refused:
        paper(form, history_of(*events))
    assert CODE in refused.value.detail
    assert CODE in refused.value.vietnamese


def test_an_extension_has_the_form_with_its_legal_ground_and_the_new_date() -> None:
    moved = cloud_event("extended", "2023-12-12T08:00", legal_ground="Điều 5", due_at="2023-12-28T10:00:00+07:00")
    said = text_of(pdf_of(paper(FormNumber.APOLOGY, history_of(*BEGUN, moved))))
    for each in (
        "Thời gian hẹn trả kết quả: 08 giờ 31 phút, ngày 15 tháng 12 năm 2023",
        "được gia hạn. Căn cứ pháp lý: Điều 5 Lý do: ....",
        "Thời gian hẹn lại: 10 giờ 00 phút, ngày 28 tháng 12 năm 2023",
    ):
        assert each in said


def test_the_letters_that_there_are_are_those_that_can_be_printed() -> None:
    everything = history_of(*BEGUN, *PAUSED, *LATE, *STOPPED)
    assert [str(form) for form in printable(everything)] == ["01", "02", "04", "05"]
    assert [str(form) for form in printable(history_of(*REFUSED))] == ["01", "03"]
    assert [str(form) for form in printable(history_of(*REFUSED, REOPENED))] == ["01"]
    assert printable(history_of(BEGUN[0])) == []


def test_a_refusal_in_the_matter_has_the_form_too() -> None:
    text = text_of(pdf_of(paper(FormNumber.REFUSAL, history_of(*REFUSED))))
    assert "từ chối giải quyết hồ sơ này lúc 08 giờ 00 phút, ngày 14 tháng 12 năm 2023" in text


def test_a_request_before_the_receipt_says_that_the_term_has_not_begun() -> None:
    sent_back = cloud_event("supplement_requested", "2023-12-08T08:00", missing="Tờ khai")
    text = text_of(pdf_of(paper(FormNumber.SUPPLEMENT, history_of(BEGUN[0], sent_back))))
    assert "Hồ sơ chưa được tiếp nhận; thời hạn giải quyết được tính từ khi hồ sơ được tiếp nhận." in text


LONG = "Giấy chứng nhận quyền sử dụng đất và tài sản gắn liền với đất " * 32  # 2,000 characters
MANY_LINES = "\n".join(f"giấy tờ thứ {number}" for number in range(1, 121))
UNBROKEN = "Ư" * 1_999 + "."


@pytest.mark.parametrize("missing", [LONG[:2000].strip(), MANY_LINES, UNBROKEN, "#set page() $x$ *a* \\ `b` @c <d>"])
def test_a_long_or_strange_text_is_set_whole_and_runs_on(missing: str) -> None:
    asked = cloud_event("supplement_requested", "2023-12-11T09:00", missing=missing)
    pdf = pdf_of(paper(FormNumber.SUPPLEMENT, history_of(*BEGUN, asked), HOA))
    squeezed = re.sub(r"\s|\d+\. ", "", text_of(pdf))
    if missing == UNBROKEN:
        assert squeezed.count("Ư") >= 1_999, "the foot of a page stands in between"
    else:
        assert all(re.sub(r"\s", "", line) in squeezed for line in missing.splitlines())
    assert "NGƯỜIHƯỚNGDẪN" in squeezed
    if missing == MANY_LINES:
        assert len(sizes_of(pdf)) > 1


@settings(max_examples=200, deadline=None)
@given(histories())
def test_a_paper_of_any_history_is_made_or_refused_with_a_sentence(drawn: tuple[Dossier, History]) -> None:
    entries = logged(drawn[1])
    for form in FormNumber:
        if form is FormNumber.REGISTER:
            continue
        try:
            made = paper(form, entries)
        except NoSuchPaper:
            continue
        assert made.form is form
        if isinstance(made, Sheet):
            assert all(len(row) == len(made.columns) for row in made.rows)


@settings(max_examples=12, deadline=None)
@given(histories())
def test_letters_of_any_history_fit_on_a_page(drawn: tuple[Dossier, History]) -> None:
    entries = logged(drawn[1])
    letters: list[Letter] = []
    for form in OF_ONE_PAGE:
        try:
            made = paper(form, entries, HOA)
        except NoSuchPaper:
            continue
        assert isinstance(made, Letter)
        letters.append(made)
    for made in letters:
        assert len(sizes_of(pdf_of(made))) == 1
    assert len(sizes_of(pdf_of(paper(FormNumber.CONTROL, entries)))) <= 3


def test_the_same_paper_is_the_same_bytes() -> None:
    made = paper(FormNumber.RECEIPT, history_of(*BEGUN), NOBODY)
    assert pdf_of(made) == pdf_of(made)
