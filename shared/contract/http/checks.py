"""Reporting's answer to `POST /v1/reports/check`: what in a report made by hand cannot be true, and what is unknown."""

from typing import Annotated

from msgspec import Meta, Struct

RowName = Annotated[str | None, Meta(description="the row by its name; null for the total", examples=["Sở Y tế"])]
FigureName = Annotated[
    str, Meta(description="the figure's key, or the report's own name for a count", examples=["carried_over"])
]
CellPlace = Annotated[
    str | None,
    Meta(description="where it stands: a sheet's cell, or the path in a document", examples=["F7", "rows[2].stopped"]),
]
Sentence = Annotated[
    str,
    Meta(description="the same in words, in the language asked for", examples=["18 more than the parts that it has"]),
]
OnSheet = Annotated[
    str | None,
    Meta(description="of a workbook of which several sheets were checked: this one's name", examples=["Quý I"]),
]
Rule = Annotated[str, Meta(description="the identity in the form's column numbers", examples=["3=4+5+6"])]


class CheckedCell(Struct, frozen=True, kw_only=True):
    """A count of the report, and what was read of it."""

    row: RowName = None
    figure: FigureName
    cell: CellPlace = None
    value: Annotated[str | None, Meta(description="the number read; null where none could be", examples=["1248"])] = (
        None
    )


class ShareBase(Struct, frozen=True, kw_only=True):
    """Counts of which a percentage would be right: the sum of `part` in percent of the sum of `whole`."""

    part: Annotated[list[str], Meta(description="figures added up", examples=[["received_online"]])]
    whole: Annotated[list[str], Meta(description="figures added up", examples=[["received_total"]])]
    percent: Annotated[str, Meta(description="the percentage at the printed precision", examples=["62.8"])]


class CheckFinding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that cannot be true or cannot be read; of a remark, how something was read or made."""

    code: Annotated[str, Meta(description="what kind of finding it is", examples=["identity"])]
    sentence: Sentence = ""
    rule: Annotated[str | None, Meta(description="the rule that is broken", examples=["3=4+5+6"])] = None
    row: RowName = None
    figure: Annotated[str | None, Meta(description="the figure at fault", examples=["received_total"])] = None
    cell: CellPlace = None
    typed: Annotated[str | None, Meta(description="what the cell holds, as typed", examples=["80.121"])] = None
    stated: Annotated[str | None, Meta(description="the number that the report states", examples=["80121"])] = None
    expected: Annotated[str | None, Meta(description="the number that follows from the others", examples=["80139"])] = (
        None
    )
    difference: Annotated[str | None, Meta(description="`stated` less `expected`", examples=["-18"])] = None
    of: Annotated[
        list[CheckedCell], Meta(description="the counts that `expected` comes from, the first hundred", examples=[[]])
    ] = []
    bases: Annotated[
        list[ShareBase],
        Meta(description="of a wrong percentage: on which other counts it would be right", examples=[[]]),
    ] = []
    nearest: Annotated[
        str | None, Meta(description="of an unknown key: the one it resembles", examples=["stopped"])
    ] = None
    other: Annotated[
        str | None, Meta(description="of a key given twice: what was typed the second time", examples=["80.139"])
    ] = None
    times: Annotated[
        int, Meta(description="how many cells this is said of; of a total: how many rows it has", examples=[41])
    ] = 1
    sheet: OnSheet = None


class RepairedCell(Struct, frozen=True, kw_only=True):
    """A cell, and the number that would make every rule hold that it takes part in."""

    row: RowName = None
    figure: FigureName
    cell: CellPlace = None
    stated: Annotated[
        str | None, Meta(description="the number that stands there; null in a row that is missing", examples=["28538"])
    ] = None
    value: Annotated[str, Meta(description="the number that would repair it", examples=["28520"])]


class CheckRepair(Struct, frozen=True, kw_only=True):
    """Broken rules that hang together, and the cells of which any single one repairs them all; often there is none.

    Where the differences of a total tell why, `code` does: a row is missing, or one was added twice or not at all.
    """

    code: Annotated[
        str,
        Meta(
            description="cell, total_in_itself, row_missing (its figures in `cells`), row_added_twice or row_not_added",
            examples=["cell"],
        ),
    ] = "cell"
    row: Annotated[str | None, Meta(description="the row that was added twice or not", examples=["Sở Y tế"])] = None
    breaks: Annotated[list[int], Meta(description="places in `findings`, from 0", examples=[[0, 1]])]
    cells: Annotated[list[RepairedCell], Meta(description="empty when no single cell repairs them")]
    sentence: Sentence = ""
    sheet: OnSheet = None


class UncheckedRule(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rule or a percentage that could not be checked, and why."""

    code: Annotated[str, Meta(description="why not", examples=["missing"])]
    rule: Annotated[
        str,
        Meta(description="the rule or the percentage; of a sheet that was not read its name", examples=["11=12+13"]),
    ]
    missing: Annotated[
        list[str], Meta(description="figures that the report lacks", examples=[["received_online"]])
    ] = []
    rows: Annotated[list[RowName], Meta(description="the rows; null for the total", examples=[["Sở Y tế", None]])] = []
    value: Annotated[str | None, Meta(description="what the missing figure would have to be", examples=["12"])] = None
    sentence: Sentence = ""
    sheet: OnSheet = None


class HoldingRule(Struct, frozen=True, kw_only=True):
    """A rule or a percentage that holds."""

    rule: Rule
    rows: Annotated[int, Meta(description="in how many rows, the total included", examples=[20])]
    sentence: Sentence = ""


class CheckAnswer(Struct, frozen=True, kw_only=True):
    """A report made by hand, checked: what cannot be true, what would repair it, what is unknown, what holds."""

    language: Annotated[str, Meta(description="that of the sentences", examples=["vi"])]
    good: Annotated[bool, Meta(description="whether everything was read and nothing is impossible", examples=[False])]
    format: Annotated[str, Meta(description="what was read: toml, json, csv or xlsx", examples=["xlsx"])]
    sheet: Annotated[
        str | None,
        Meta(description="of a workbook: the sheet that was checked, the first of several", examples=["06a"]),
    ]
    rows: Annotated[int, Meta(description="rows with figures, totals included", examples=[20])]
    summary: Sentence
    findings: Annotated[list[CheckFinding], Meta(description="what cannot be true, or cannot be read", examples=[[]])]
    repairs: Annotated[list[CheckRepair], Meta(description="which single cells would repair it", examples=[[]])]
    unchecked: Annotated[list[UncheckedRule], Meta(description="what could not be checked, and why", examples=[[]])]
    remarks: Annotated[list[CheckFinding], Meta(description="how cells were read where in doubt", examples=[[]])]
    holding: Annotated[list[HoldingRule], Meta(description="what was checked and holds", examples=[[]])]
    sheets: Annotated[
        list[str], Meta(description="of a workbook: all its sheets that were checked", examples=[[]])
    ] = []
