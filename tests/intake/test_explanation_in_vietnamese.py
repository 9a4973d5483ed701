"""The explanation in Vietnamese: the same steps as in English, in words of an office, with nothing left in English."""

import re
from typing import Any

import pytest

from shared.domain.timeliness import DEFINITIONS
from shared.language.languages import Language
from tests.intake.explained import Office, with_procedure
from tests.intake.sending import cloud_event, received

IN_DAYS = {"amount": 3, "unit": "working_days"}
IN_HOURS = {"amount": 20, "unit": "working_hours"}
GROUND = "Điều 5"
LIVES: dict[str, tuple[dict[str, Any], ...]] = {
    "in days": (received(time="2024-04-26T10:00", term=IN_DAYS), cloud_event("resolved", "2024-05-06T09:00")),
    "in hours": (received(time="2024-02-07T12:31", term=IN_HOURS),),
    "in months": (received(time="2023-12-30T08:00", term={"amount": 1, "unit": "months"}),),
    "without a deadline": (
        received(),
        cloud_event("deadline_set", "2023-12-11T08:00", term=IN_DAYS, ground=GROUND),
    ),
    "paused": (
        received(term=IN_DAYS),
        cloud_event("supplement_requested", "2023-12-11T09:00", due_at="2023-12-20T17:00:00+07:00"),
        cloud_event("supplement_lapsed", "2023-12-21T08:00"),
        cloud_event("suspended", "2023-12-22T08:00", ground=GROUND),
        cloud_event("resumed", "2023-12-27T08:00"),
    ),
    "paused when late": (
        received(term=IN_DAYS),
        cloud_event("payment_requested", "2023-12-18T09:00", amount_vnd=1000),
        cloud_event("payment_settled", "2023-12-20T09:00"),
    ),
    "followed": (
        received(term=IN_DAYS),
        cloud_event("assigned", "2023-12-11T08:00", officer="o-1", unit="P-2"),
        cloud_event("forwarded", "2023-12-11T09:00", agency="UBND", due_at="2023-12-12T09:00:00+07:00"),
        cloud_event("forward_answered", "2023-12-12T10:00", agency="UBND"),
        cloud_event("extended", "2023-12-12T11:00", by=IN_DAYS, legal_ground=GROUND),
        cloud_event("apologised", "2023-12-13T08:00", reason=GROUND, promised_at="2023-12-20T08:00:00+07:00"),
        cloud_event("resolved", "2023-12-18T08:00"),
        cloud_event("reopened", "2023-12-18T09:00", reason=GROUND, legal_ground=GROUND),
        cloud_event("stopped", "2023-12-19T08:00", reason=GROUND),
    ),
    "submitted": (
        cloud_event("submitted", "2023-12-08T07:00", channel="online", procedure="2.000635", department="H59.15"),
        cloud_event("declined", "2023-12-11T16:00", reason=GROUND),
    ),
    "voided": (received(term=IN_DAYS), cloud_event("voided", "2023-12-11T08:00", reason=GROUND)),
}
ENGLISH = re.compile(
    r"\b(the|and|by|of|due|counted|not|day|days|hour|is|was|clock|closed|received|on|to|from|paused|working|deadline|"
    r"Mon|Tue|Wed|Thu|Fri|Sat|Sun|h|min|early|overdue|within|in|no|as)\b"
)


@pytest.mark.parametrize("definition", DEFINITIONS)
@pytest.mark.parametrize("life", LIVES)
def test_the_same_steps_are_told_without_an_english_word(life: str, definition: str) -> None:
    without_a_term = life == "without a deadline"
    office = (Office(with_procedure(term=None)) if without_a_term else Office()).takes(*LIVES[life])
    english, vietnamese = (office.view(definition, language=language).explanation for language in reversed(Language))
    assert [(step.step, step.at, step.until, step.due_at, step.counted) for step in vietnamese] == [
        (step.step, step.at, step.until, step.due_at, step.counted) for step in english
    ]
    for step in vietnamese:
        text = step.text.replace(definition, "").replace("by-date/1", "")
        assert not ENGLISH.findall(text), step.text
    assert all(ENGLISH.search(step.text) for step in english)


def test_a_dossier_is_explained_as_an_office_says_it() -> None:
    view = Office().takes(*LIVES["in days"]).view(language=Language.VIETNAMESE)
    told = [step.text for step in view.explanation]
    assert told[:3] == [
        "Tiếp nhận thứ Sáu 26/04/2024 10:00 (trực tuyến) tại H59.15; bắt đầu tính thời hạn.",
        "thứ Sáu 26/04/2024: không tính, ngày tiếp nhận.",
        "thứ Bảy 27/04/2024: không tính, cuối tuần.",
    ]
    assert "thứ Năm 02/05/2024: tính, ngày làm việc thứ 1 trong 3." in told
    assert told[-3:] == [
        "Đến hạn thứ Bảy 04/05/2024 10:00: 3 ngày làm việc sau ngày tiếp nhận, vào cùng giờ.",
        "Kết thúc thứ Hai 06/05/2024 09:00 (đã xử lý xong); ngừng tính thời hạn.",
        "Quá hạn theo by-date/1 (so theo ngày): kết thúc thứ Hai 06/05/2024 09:00, đến hạn thứ Bảy 04/05/2024 10:00.",
    ]
