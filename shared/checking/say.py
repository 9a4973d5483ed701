"""Tells what was found, in Vietnamese or English."""

import re
from collections.abc import Sequence

from msgspec.structs import replace

from shared.checking.failures import UnreadableTable
from shared.checking.phrases import FAILURES, FINDINGS, REMARKS, UNCHECKED, WORDS, Phrases
from shared.checking.reading import MOST_BYTES
from shared.checking.rules import CARRIED_OVER, FIRST_MONTH, IDENTITIES, LAST_MONTH, SECTION_ROW, TOTAL_ROW
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
from shared.domain.columns import BY_KEY, SHARE_KEYS
from shared.language.languages import Language
from shared.language.numbers import count, percent
from shared.language.words import FIGURES, in_language, word

LONGEST_ECHO = 60
_FORM_RULE = re.compile(r"\d+=\d+(?:\+\d+)*")
_PERCENTAGES = frozenset(
    {"share", "share_cut_off", "share_of_nothing", "rounded_to_hundred", "shares_are_fractions", "share_of"}
)
_GROUPINGS = frozenset({"grouped", "point_groups_here", "grouped_unlike_others"})
"""Where the number stands without any grouping, for that is what they are about."""
_RULES = {
    TOTAL_ROW: "total_rule",
    SECTION_ROW: "section",
    CARRIED_OVER: "months",
    FIRST_MONTH: "first_month",
    LAST_MONTH: "last_month",
}
_BY_NAME = {identity.name: identity for identity in IDENTITIES}


def said(answer: CheckAnswer, language: Language) -> CheckAnswer:
    """The answer with its sentences."""
    say = _Speech(language)
    return replace(
        answer,
        language=language.value,
        summary=say.summary(answer),
        findings=[replace(each, sentence=say.on(each.sheet, say.finding(each, FINDINGS))) for each in answer.findings],
        remarks=[replace(each, sentence=say.on(each.sheet, say.finding(each, REMARKS))) for each in answer.remarks],
        repairs=[replace(each, sentence=say.on(each.sheet, say.repair(each))) for each in answer.repairs],
        unchecked=[replace(each, sentence=say.on(each.sheet, say.unchecked(each))) for each in answer.unchecked],
        holding=[replace(each, sentence=say.holding(each)) for each in answer.holding],
    )


def why_unreadable(failure: UnreadableTable, language: Language, name: str | None = None) -> str:
    """Why a report, or the file of that name, could not be checked, in a sentence."""
    what = in_language(WORDS["report"], language) if name is None else name
    detail, most = echo(failure.detail, 3 * LONGEST_ECHO), count(MOST_BYTES, language)
    return in_language(FAILURES[failure.code], language).format(what=what, detail=detail, most=most)


def echo(text: str, longest: int = LONGEST_ECHO) -> str:
    """What was typed, shortened, with nothing in it that acts on a reader's screen."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(
        sign if sign.isprintable() or sign == "\u00a0" else sign.encode("unicode_escape", "backslashreplace").decode()
        for sign in cut
    )


def _plain(number: str | None) -> str:
    return number or ""


class _Speech:
    """The sentences of one language."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def summary(self, answer: CheckAnswer) -> str:
        if not answer.good:
            number = self._count(len(answer.findings))
            return self._words("bad_one" if len(answer.findings) == 1 else "bad", count=number)
        if not answer.holding:
            return self._words("nothing_checked")
        return self._words("good", rules=self._count(len(answer.holding)), rows=self._count(answer.rows))

    def on(self, sheet: str | None, sentence: str) -> str:
        return sentence if sheet is None else self._words("on_sheet", sheet=echo(sheet), sentence=sentence)

    def finding(self, found: CheckFinding, phrases: Phrases) -> str:
        code = found.code
        if code == "given_twice" and found.typed == found.other:
            code = "given_twice_alike"
        number = self._percent if code in _PERCENTAGES else _plain if code in _GROUPINGS else self._number
        *parts, whole = found.of or [CheckedCell(figure="")]
        is_share = code in _PERCENTAGES
        return in_language(phrases[code], self._language).format(
            where=self._where(found),
            lead=self._lead(found),
            rule=self._rule(found.rule or ""),
            name=self.name(found.figure or ""),
            figure=echo(found.figure or ""),
            cell=found.cell,
            typed=echo(found.typed or ""),
            other=self._other(found),
            stated=number(found.stated),
            expected=number(found.expected),
            difference=number((found.difference or "").lstrip("-")),
            more=self._words("less" if (found.difference or "").startswith("-") else "more"),
            sum=" + ".join(self._number(part.value) for part in found.of),
            of=self._words("and").join(map(self._valued, found.of)),
            part=" + ".join(map(self._valued, parts)) if is_share else "",
            whole=self._valued(whole) if is_share else "",
            bases=self._bases(found) if is_share else "",
            example=percent("62.8", self._language) if found.figure in SHARE_KEYS else self._count(80121),
            nearest=self._words("nearest", nearest=found.nearest) if found.nearest else self._words("no_nearest"),
            times=self._count(found.times),
        )

    def repair(self, repair: CheckRepair) -> str:
        places = [str(place + 1) for place in repair.breaks]
        those = self._words("findings" if len(places) > 1 else "finding", numbers=self._listed(places))
        if repair.code != "cell":
            filled = ", ".join(
                self._words("filled", name=self.name(cell.figure), value=self._number(cell.value))
                for cell in repair.cells
            )
            return self._words(repair.code, those=those, row=echo(repair.row or ""), cells=filled)
        if not repair.cells:
            return self._words("no_repair", those=those)
        cells = self._words("or").join(map(self._repaired, repair.cells))
        return self._words("one_repair" if len(repair.cells) == 1 else "repairs", those=those, cells=cells)

    def unchecked(self, rule: UncheckedRule) -> str:
        missing = [self.name(name) for name in rule.missing]
        return in_language(UNCHECKED[rule.code], self._language).format(
            rule=self._rule(rule.rule),
            rule_name=echo(rule.rule),
            in_rows=self._in_rows(rule.rows),
            missing=self._listed(missing),
            value="" if rule.value is None else self._words("would_be", value=self._number(rule.value)),
        )

    def holding(self, rule: HoldingRule) -> str:
        how_many = "" if rule.rows == 1 else self._words("in_rows", count=self._count(rule.rows))
        return self._words("holds", rule=self._rule(rule.rule), in_rows=how_many)

    def name(self, figure: str, form: str = "column") -> str:
        """A figure with its number in the form, or the report's own name for a count."""
        if figure not in BY_KEY and figure not in SHARE_KEYS:
            return f"“{echo(figure)}”"
        called = word(FIGURES, figure, self._language)
        called = called[0].lower() + called[1:]
        number = BY_KEY[figure].number if figure in BY_KEY else None
        return called if number is None else self._words(form, number=number, name=called)

    def _together(self, figures: Sequence[str]) -> str:
        """Figures added up: by their numbers where all have one."""
        numbers = [BY_KEY[figure].number if figure in BY_KEY else None for figure in figures]
        if None in numbers:
            return " + ".join(map(self.name, figures))
        return self._words("columns" if len(numbers) > 1 else "one_column", numbers=" + ".join(map(str, numbers)))

    def _words(self, key: str, **filled: object) -> str:
        return in_language(WORDS[key], self._language).format(**filled)

    def _count(self, number: int) -> str:
        return count(number, self._language)

    def _number(self, number: str | None) -> str:
        if number is None or not number:
            return ""
        return self._count(int(number)) if number.lstrip("-").isdecimal() else percent(number, self._language)[:-1]

    def _percent(self, share: str | None) -> str:
        return percent(share, self._language) if share else ""

    def _where(self, found: CheckFinding) -> str:
        """The row and the cell; of a document only the path, of a sum of the report's own its name."""
        row = self._words("total") if found.row is None else echo(found.row)
        if found.code in ("stated_sum", "incomplete_sum"):
            row = echo(found.rule or found.figure or "")
        return row if not found.cell or not _SHEET_CELL.fullmatch(found.cell) else f"{row} ({found.cell})"

    def _lead(self, found: CheckFinding) -> str:
        """Where it is, before what it is; a percentage of the report's own is called by its name alone."""
        own = (
            found.row is None
            and found.code in FINDINGS
            and found.figure not in BY_KEY
            and found.figure not in SHARE_KEYS
        )
        return "" if own and found.code != "stated_sum" else f"{self._where(found)}: "

    def _listed(self, names: Sequence[str]) -> str:
        return self._words("and").join([", ".join(names[:-1]), names[-1]] if names[1:] else names)

    def _other(self, found: CheckFinding) -> str:
        return self.name(found.other) if found.code == "heading_not_number" and found.other else echo(found.other or "")

    def _rule(self, rule: str) -> str:
        """`3=4+5+6`; a rule without column numbers in words."""
        if _FORM_RULE.fullmatch(rule):
            return rule
        if rule in _RULES:
            return self._words(_RULES[rule])
        if rule.startswith("limit:"):
            return self._words("limit", name=self.name(rule.removeprefix("limit:")))
        if rule in _BY_NAME:
            identity = _BY_NAME[rule]
            return f"{self.name(identity.total)} = {' + '.join(map(self.name, identity.parts))}"
        return self.name(rule.removeprefix("share:"))

    def _valued(self, cell: CheckedCell) -> str:
        figures = cell.figure.split(" + ")
        name = self.name(cell.figure, "in_brackets") if len(figures) == 1 else self._together(figures)
        return self._words("of_value", name=name, value=self._number(cell.value))

    def _bases(self, found: CheckFinding) -> str:
        stated = self._percent(found.stated)
        if not found.bases:
            return self._words("no_base", stated=stated)
        return self._words("bases", stated=stated, bases=self._words("or").join(map(self._base, found.bases)))

    def _base(self, base: ShareBase) -> str:
        return self._words("base", part=self._together(base.part), whole=self._together(base.whole))

    def _repaired(self, cell: RepairedCell) -> str:
        at = "" if cell.cell is None or not _SHEET_CELL.fullmatch(cell.cell) else f" ({cell.cell})"
        row = "" if cell.row is None else f"{echo(cell.row)}: "
        return row + self._words(
            "repaired",
            name=self.name(cell.figure),
            at=at,
            stated=self._number(cell.stated),
            value=self._number(cell.value),
        )

    def _in_rows(self, rows: Sequence[str | None]) -> str:
        if len(rows) == 1:
            return "" if rows[0] is None else self._words("in_row", row=echo(rows[0]))
        return self._words("in_rows", count=self._count(len(rows)))


_SHEET_CELL = re.compile(r"[A-Z]{1,3}\d+(?:, [A-Z]{1,3}\d+)?")
