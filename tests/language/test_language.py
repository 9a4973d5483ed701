"""What people read: numbers, names, the order of Vietnamese words, and a word for every value."""

from datetime import date, datetime
from random import Random

import pytest

from shared.domain.columns import KEYS, SHARE_KEYS
from shared.domain.fields import Channel, Outcome
from shared.domain.lifecycle import EventKind, State
from shared.domain.localtime import LOCAL
from shared.domain.periods import statutory_period
from shared.domain.timeliness import DEFINITIONS, Timeliness
from shared.language import languages, words
from shared.language.languages import Language
from shared.language.numbers import count, minute, percent, signed
from shared.language.order import vietnamese_order
from shared.language.periods import period_name, span_name

VI, EN = Language.VIETNAMESE, Language.ENGLISH


@pytest.mark.parametrize(
    ("share", "vietnamese", "english"),
    [
        ("62.8", "62,8%", "62.8%"),
        ("100.000", "100,000%", "100.000%"),
        ("0.008", "0,008%", "0.008%"),
        ("-0.5", "-0,5%", "-0.5%"),
        ("1234.5", "1.234,5%", "1,234.5%"),
        (None, "–", "–"),
    ],
)
def test_shares_keep_their_decimals(share: str | None, vietnamese: str, english: str) -> None:
    assert (percent(share, VI), percent(share, EN)) == (vietnamese, english)


def test_counts_and_differences() -> None:
    assert (count(80121, VI), count(80121, EN)) == ("80.121", "80,121")
    assert (signed(-1250, VI), signed(7, EN), signed(0, VI)) == ("−1.250", "+7", "0")


def test_minutes_are_local_and_nothing_finer() -> None:
    at = datetime(2023, 3, 14, 14, 5, 59, 123456, LOCAL)
    assert (minute(at, VI), minute(at, EN)) == ("14 giờ 05 phút ngày 14/03/2023", "14 Mar 2023, 14:05")


@pytest.mark.parametrize(
    ("name", "vietnamese", "english"),
    [
        ("2023", "năm 2023", "the year 2023"),
        ("2023-Q1", "quý I năm 2023", "the first quarter of 2023"),
        ("2023-Q4", "quý IV năm 2023", "the fourth quarter of 2023"),
        ("2023-6M", "6 tháng đầu năm 2023", "the first 6 months of 2023"),
        ("2023-03", "tháng 3 năm 2023", "March 2023"),
    ],
)
def test_periods_have_the_names_that_offices_write(name: str, vietnamese: str, english: str) -> None:
    statutory_period(name)
    assert (period_name(name, VI), period_name(name, EN)) == (vietnamese, english)


def test_any_days_are_a_span() -> None:
    first, last = date(2023, 1, 1), date(2023, 3, 31)
    assert span_name(first, last, VI) == "từ ngày 01/01/2023 đến ngày 31/03/2023"
    assert span_name(first, last, EN) == "from 1 Jan 2023 to 31 Mar 2023"


DICTIONARY = (
    "An toàn", "Ăn uống", "Âm nhạc", "Bảo vệ thực vật", "Bưu chính", "Dân tộc", "Đất đai", "Hồ sơ", "Hộ tịch", "Hội",
    "ma", "mà", "mả", "mã", "má", "mạ", "Y tế dự phòng",
)  # fmt: skip


def test_words_stand_as_in_a_vietnamese_dictionary() -> None:
    mixed = list(DICTIONARY)
    Random(1).shuffle(mixed)
    assert sorted(mixed, key=vietnamese_order) == list(DICTIONARY)


def test_every_value_has_words_in_both_languages() -> None:
    for words_of, values in (
        (words.FIGURES, (*KEYS, *SHARE_KEYS)),
        (words.STATES, tuple(State)),
        (words.EVENTS, tuple(EventKind)),
        (words.CHANNELS, tuple(Channel)),
        (words.OUTCOMES, tuple(Outcome)),
        (words.CLASSES, tuple(Timeliness)),
        (words.DEFINITIONS, tuple(DEFINITIONS)),
    ):
        assert set(values) <= set(words_of)
        assert all(vietnamese and english for vietnamese, english in words_of.values())


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, VI),
        ("en-GB,en;q=0.9,vi;q=0.8", EN),
        ("fr, vi;q=0.5, en;q=0.4", VI),
        ("de", VI),
        ("en;q=0", VI),
        ("*", VI),
    ],
)
def test_a_browser_says_which_language_it_wants(accepted: str | None, language: Language) -> None:
    assert languages.of_header(accepted) is language


def test_a_terminal_says_which_language_it_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "vi_VN.UTF-8")
    assert languages.of_terminal() is VI
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert languages.of_terminal() is EN
