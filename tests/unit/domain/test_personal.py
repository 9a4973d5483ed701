"""Who a person is, found in a text however it is written; and what offices really write, which passes."""

import pytest

from shared.domain.texts import personal, personal_number, personal_serial, seen

NUMBERS = [
    "084180001234",
    "\u200b".join("084180001234"),
    *(
        mark.join(("084", "180", "001", "234"))
        for mark in ".-–—:;·'\"*|~=>&/_\u00ad\u200c\u2060\u034f\u115f\u2800\ufeff"
    ),
    "084 — 180 — 001 — 234",
    "０８４１８０００１２３４",
    "0-8-4-1-8-0-0-0-1-2-3-4",
    "/quay/084%20180%20001%20234",
    "/quay/084180001234",
    "CCCD084180001234",
    "H59.15-231208-084180001234",
]
PHONES = [
    "0912345678",
    "/quay/0912345678",
    "0912\u200b345\u200b678",
    "0912:345:678",
    "84—912—345—678",
    "0_9_1_2_3_4_5_6_7_8",
]
MAILS = ["hoa@example.vn", "hoa @ example.vn", "hoa%40example.vn", "hoa\u200b@\u200bexample.vn"]
OF_OFFICES = [
    "G22.99.99-231208-15487",
    "H59.15-231208-0001 và 000.00.15.H59-231208-0002",
    "15.000.000 đ; 15,000,000; tổng 1.250.000.000 đồng",
    "2 bộ @ 50.000đ",
    "các trang 01, 02, 03, 04, 05, 06",
    "001, 002, 003, 004",
    "từ 08:31:00 đến 17:00:00 ngày 05/12/2023",
    "2023-12-08T08:31:00+07:00",
    "khoản 3 Điều 15 Nghị định 61/2018/NĐ-CP, Thông tư 03/2025/TT-VPCP",
    "quyết định số 0012/2023/QĐ-UBND, 0013/2023/QĐ-UBND",
    "công văn 1234/UBND-NC ngày 01/02/2023",
    "thửa đất số 123, tờ bản đồ số 45, diện tích 1.234,5 m2",
    "tọa độ X=1098765.432; Y=587654.321; tỷ lệ 1:500, 1:2000",
    "4e9f0a12-1234-5678-9abc-123456789012",
    "8.30-11.30; 13.30-17.00, giảm 50%",
]


@pytest.mark.parametrize(
    ("texts", "kind"),
    [(NUMBERS, "an identity number"), (PHONES, "a phone number"), (MAILS, "an e-mail address")],
    ids=["identity", "phone", "mail"],
)
def test_a_number_is_found_however_it_is_written(texts: list[str], kind: str) -> None:
    assert {text: personal(f"của {text} ạ") for text in texts} == dict.fromkeys(texts, kind)


@pytest.mark.parametrize("text", OF_OFFICES)
def test_what_offices_write_passes(text: str) -> None:
    assert personal(text) is None


def test_a_number_of_json_has_lost_its_first_zeros() -> None:
    found = {number: personal_number("ma", number) for number in (84180001234, 84180001234.0, 1180001234)}
    assert set(found.values()) == {"an identity number"}
    phones = {number: personal_number("ma", number) for number in (912345678, 84912345678)}
    assert set(phones.values()) == {"a phone number"}


@pytest.mark.parametrize(
    ("key", "number"),
    [
        ("le_phi", 15_000_000),
        ("ma", 350_000_000),
        ("le_phi", 912_345_678),
        ("gia_tri", 84_180_001_234),
        ("ma", 10_000_000_000),
        ("ma", 123456789012),
        ("luc", 1701234567),
        ("luc", 1701234567123),
        ("luc", 202312080831),
        ("ty_le", 0.5),
        ("lon", 1e300),
        ("am", -5),
    ],
)
def test_amounts_codes_and_instants_pass(key: str, number: float) -> None:
    assert personal_number(key, number) is None


def test_the_serial_of_a_code_is_nobodys_number() -> None:
    assert personal_serial("H59.15-231208-084180001234") == "an identity number"
    assert personal_serial("H59.15-231208-0912345678") == "a phone number"
    for serial in ("0001", "15487", "000000012345", "0000012345", "231208083100"):
        assert personal_serial(f"H59.15-231208-{serial}") is None


def test_nothing_is_left_of_a_text_that_nobody_sees() -> None:
    assert [seen(text) for text in ("\u200b\u200b", "\ufeff", "\U000e0041\U000e0042", "Hoa")] == ["", "", "", "Hoa"]
