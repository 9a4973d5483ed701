"""Every finding has its sentence in both languages, numbers as each language writes them."""

import pytest

from shared.checking.failures import UnreadableTable
from shared.checking.phrases import FAILURES, FINDINGS, REMARKS, UNCHECKED
from shared.checking.say import said, why_unreadable
from shared.contract.http.checks import (
    CheckAnswer,
    CheckedCell,
    CheckFinding,
    CheckRepair,
    HoldingRule,
    RepairedCell,
    ShareBase,
    UncheckedRule,
)
from shared.language.languages import Language

IN_BOTH = pytest.mark.parametrize("language", list(Language))
SOME_ROWS: list[list[str | None]] = [[None], ["Sở Y tế"], ["a", "b", None]]
PERCENTAGES = ("share", "share_cut_off", "share_of_nothing", "rounded_to_hundred", "share_of", "shares_are_fractions")


def a_finding(code: str) -> CheckFinding:
    share = code in PERCENTAGES
    return CheckFinding(
        code=code, rule="3=4+5+6", row="Sở Y tế", figure="online_share" if share else "received_total", cell="C7",
        typed="80.121", stated="62.8" if share else "80121", expected="63.8" if share else "80139",
        difference="-1.0" if share else "-18", other="80.139",
        of=[CheckedCell(figure="received_online", value="5"), CheckedCell(figure="carried_over + stopped", value="9")],
        bases=[ShareBase(part=["received_online"], whole=["received_total", "stopped"], percent="62.8")], times=1234,
    )  # fmt: skip


def answer(**parts: object) -> CheckAnswer:
    empty: dict[str, object] = {"findings": [], "repairs": [], "unchecked": [], "remarks": [], "holding": []}
    whole: dict[str, object] = {
        "language": "", "good": False, "format": "csv", "sheet": None, "rows": 3, "summary": "", **empty, **parts,
    }  # fmt: skip
    return CheckAnswer(**whole)  # type: ignore[arg-type]  # the parts of each test


def is_a_sentence(text: str) -> bool:
    return len(text) > 3 and not any(sign in text for sign in ("{", "}", "None", "  "))


@IN_BOTH
def test_every_finding_and_remark_has_a_sentence(language: Language) -> None:
    told = said(
        answer(findings=[a_finding(code) for code in FINDINGS], remarks=[a_finding(code) for code in REMARKS]), language
    )
    sentences = [each.sentence for each in (*told.findings, *told.remarks)]
    assert [sentence for sentence in sentences if not is_a_sentence(sentence)] == []
    assert len(set(sentences)) == len(sentences)


@IN_BOTH
def test_every_reason_not_to_check_and_every_repair_has_a_sentence(language: Language) -> None:
    unchecked = [
        UncheckedRule(code=code, rule=rule, missing=["stopped", "carried_over"], rows=rows, value="80121")
        for code in UNCHECKED
        for rule in ("3=7+11", "total=sum of rows", "online_share", "returned_total", "limit:stopped", "riêng")
        for rows in SOME_ROWS
    ]
    cell = RepairedCell(row="Sở Y tế", figure="carried_over", cell="F7", stated="1248", value="1230")
    repairs = [CheckRepair(breaks=[0, 1, 2], cells=cells) for cells in ([], [cell], [cell, cell])]
    repairs += [
        CheckRepair(code=code, breaks=[0], row="Sở Y tế", cells=[RepairedCell(figure="stopped", value="3")])
        for code in ("total_in_itself", "row_missing", "row_added_twice", "row_not_added")
    ]
    told = said(answer(unchecked=unchecked, repairs=repairs, holding=[HoldingRule(rule="3=7+11", rows=4)]), language)
    sentences = [each.sentence for each in told.unchecked] + [each.sentence for each in told.repairs]
    sentences += [each.sentence for each in told.holding]
    assert [sentence for sentence in sentences if not is_a_sentence(sentence)] == []


@IN_BOTH
@pytest.mark.parametrize("code", FAILURES)
def test_every_failure_names_the_file(code: str, language: Language) -> None:
    sentence = why_unreadable(UnreadableTable(code, "at line 3"), language, "report.csv")
    assert is_a_sentence(sentence)
    assert sentence.startswith("report.csv ")


def test_numbers_stand_as_each_language_writes_them() -> None:
    findings = [a_finding("identity"), a_finding("share")]
    english, vietnamese = (
        said(answer(findings=findings), language).findings for language in (Language.ENGLISH, Language.VIETNAMESE)
    )
    assert "80,121" in english[0].sentence
    assert "62.8%" in english[1].sentence
    assert "80.121" in vietnamese[0].sentence
    assert "62,8%" in vietnamese[1].sentence


def test_what_was_typed_is_shortened_and_does_nothing_to_a_screen() -> None:
    finding = CheckFinding(code="unreadable", figure="stopped", typed="\x1b[2J" + "9" * 500, row="\u202egnút")
    (told,) = said(answer(findings=[finding]), Language.ENGLISH).findings
    assert told.sentence.isprintable()
    assert len(told.sentence) < 200
