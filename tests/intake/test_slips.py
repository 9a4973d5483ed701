"""The slip's secret: what it is made of, how it is typed, and what it says nothing of."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.papers.slip import (
    ALPHABET,
    LENGTH,
    Slip,
    canonical,
    opens,
    read,
    slip_of,
    spellings,
    typed_code,
    typed_secret,
)
from services.intake.settings import IntakeSettings
from tests.intake.sending import CODE

KEY, OTHER = b"a key for tests", b"another key for tests"
LOOK_ALIKES = ("0O", "1IL", "2Z", "5S", "8B", "UV")


def test_a_secret_has_more_than_forty_bits_and_no_look_alikes() -> None:
    assert LENGTH * math.log2(len(ALPHABET)) > 40
    assert len(set(ALPHABET)) == len(ALPHABET)
    for group in LOOK_ALIKES:
        assert len(set(group) & set(ALPHABET)) <= 1, group


def test_a_secret_is_the_same_each_time_and_another_for_another_code_or_key() -> None:
    assert slip_of(CODE, KEY) == slip_of(CODE, KEY)
    codes = [f"H59.15-231208-{number:04d}" for number in range(2000)]
    secrets = [slip_of(code, key).secret for code in codes for key in (KEY, OTHER)]
    assert len(set(secrets)) == len(secrets)
    assert all(len(secret) == LENGTH and set(secret) <= set(ALPHABET) for secret in secrets)
    for place in range(LENGTH):
        assert {secret[place] for secret in secrets} == set(ALPHABET), "each place takes every symbol"


@given(st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_one_wrong_symbol_opens_nothing(place: int, symbol: str) -> None:
    right = slip_of(CODE, KEY).secret
    typed = right[:place] + symbol + right[place + 1 :]
    assert opens(CODE, typed, KEY) == (typed == right)


@pytest.mark.parametrize("wrong", ["", "-", "é" * LENGTH, "A" * 10_000, "\x00"])
def test_what_is_no_secret_opens_nothing(wrong: str) -> None:
    assert not opens(CODE, wrong, KEY)


def test_a_secret_is_typed_as_one_likes() -> None:
    slip = slip_of(CODE, KEY)
    for typed in (slip.grouped, slip.secret.lower(), f" {slip.grouped.lower()} ", " ".join(slip.secret)):
        assert opens(CODE, typed, KEY)
        assert typed_secret(typed) == slip.secret


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (CODE, CODE),
        (" h59.15 - 231208 - 0001 ", CODE),
        ("000.00.15.h59-231208-0001", "000.00.15.H59-231208-0001"),
        ("H59.15–231208–0001", CODE),
        ("H59.15-231208", None),
        ("", None),
        ("H59.15-２３１２０８-0001", None),
    ],
)
def test_a_code_is_typed_as_one_likes(typed: str, code: str | None) -> None:
    assert typed_code(typed) == code


def test_each_spelling_of_a_code_has_the_same_secret_and_finds_the_others() -> None:
    forms = ["H59.15-231208-0001", "000.00.15.H59-231208-0001"]
    for one, other in itertools.permutations(forms):
        assert other in spellings(one)
        assert spellings(one)[0] == one
    assert len({slip_of(code, KEY).secret for code in forms}) == 1
    assert spellings("H59.15.02-231208-0001")[1:] == ("000.02.15.H59-231208-0001",)
    assert [canonical(code) for code in spellings("H59-231208-0001")] == ["H59-231208-0001"] * 2


@pytest.mark.parametrize("public_url", [None, "https://motcua.example.vn", "https://example.vn/motcua/"])
def test_what_the_qr_code_says_is_read_back(public_url: str | None) -> None:
    slip = slip_of(CODE, KEY)
    content = slip.content(public_url)
    assert read(content) == slip
    before, _, behind = content.partition("#")
    if public_url is not None:
        assert before == f"{public_url.rstrip('/')}/look-up"
        assert slip.secret in behind, "a browser sends no server what stands behind #"


@pytest.mark.parametrize("scanned", ["", "H59.15-231208-0001", "https://example.vn/#x/y", "H59.15-231208-0001 00000"])
def test_what_is_no_slip_is_read_as_none(scanned: str) -> None:
    assert read(scanned) is None


def test_the_key_of_slips_is_a_setting_and_else_of_the_api_key() -> None:
    keys = [
        IntakeSettings(api_key=api_key, slip_key=slip_key).key_of_slips
        for api_key in ("the key of one office", "the key of another")
        for slip_key in (None, "a key for slips alone")
    ]
    assert (len(set(keys)), keys[1] == keys[3]) == (3, True)
    settings = IntakeSettings(api_key="the key of one office", slip_key="the key of one office")
    assert settings.key_of_slips != settings.applicant_key, "a key is bound to its purpose"
    assert "the key of one office" not in repr(settings)


def test_a_slip_is_printed_in_groups() -> None:
    assert Slip(CODE, "ACDEFGHJKM").grouped == "ACDEF-GHJKM"
