"""True tables made of the figures of random histories, and how an office would type them: formats, headings, habits."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random

import openpyxl

from shared.checking.reading import TableForm
from shared.domain.columns import KEYS, OF_FORM, SHARES
from shared.domain.figures import share_of
from tests.builders.histories import office
from tests.builders.wire import travelling
from tests.support.recount import TOTAL, recount

FIRST, LAST = date(2023, 1, 27), date(2023, 2, 28)
NAMES = ("Y tế", "Đất đai", "Tư pháp, hộ tịch", "Công Thương", "Xây dựng", "Giáo dục và Đào tạo")
GROUPS = {
    3: "Số lượng hồ sơ tiếp nhận", 7: "Số lượng hồ sơ đã giải quyết", 11: "Số lượng hồ sơ đang giải quyết",
}  # fmt: skip
LEAVES = {
    3: "Tổng số", 4: "Trực tuyến", 5: "Trực tiếp, dịch vụ bưu chính", 6: "Từ kỳ trước",
    7: "Tổng số", 8: "Trước hạn", 9: "Đúng hạn", 10: "Quá hạn", 11: "Tổng số", 12: "Trong hạn", 13: "Quá hạn",
}  # fmt: skip
SHARE_HEADINGS = {
    "online_share": "Tỷ lệ trực tuyến (%)",
    "early_share": "Tỷ lệ trước hạn (%)",
    "overdue_share": "Tỷ lệ quá hạn (%)",
}
NUMBERS = ["(1)", "(2)", "(3)=(4)+(5)+(6)", "(4)", "(5)", "(6)", "(7)=(8)+(9)+(10)", "(8)", "(9)", "(10)",
           "(11)=(12)+(13)", "(12)", "(13)"]  # fmt: skip
TITLES = [
    ["UBND TỈNH", "", "", "", "", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"],
    ["TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH"],
    ["Kỳ báo cáo: Quý I năm 2023"],
]
FOOT = [[], ["", "", "", "", "", "", "", "Ngày 14 tháng 3 năm 2023"], ["", "Người lập biểu", "", "", "", "Thủ trưởng"]]
Row = dict[str, int]


@dataclass(frozen=True, slots=True)
class Habits:
    """How somebody types numbers."""

    group: str = ""
    point: str = "."
    percent: str = ""
    zero: str = "0"

    def count(self, number: int) -> str:
        return self.zero if number == 0 else f"{number:,}".replace(",", self.group)

    def share(self, share: Decimal | None) -> str:
        return "" if share is None else str(share).replace(".", self.point) + self.percent


HABITS = (
    Habits(),
    Habits(".", ","),
    Habits(",", "."),
    Habits(" ", ",", " %"),
    Habits("\u00a0", ",", "%", "-"),
    Habits(".", ",", "%", ""),
    Habits(".", ".", "", "–"),
)


@dataclass(slots=True)
class TrueTable:
    """Rows by name and their total, in which every figure is true; what is typed for a cell may be planted."""

    rows: dict[str, Row]
    total: Row

    def all(self) -> dict[str | None, Row]:
        return dict(self.rows) | {None: self.total}


def true_table(seed: int) -> TrueTable:
    """Real figures, each row enlarged, for everything that holds of a row holds of its multiple."""
    rng = Random(seed)
    rows: dict[str, Row] = {}
    for name in NAMES[: rng.randint(3, len(NAMES))]:
        histories = office(rng, rng.randint(20, 50), days=20)
        events = [travelling(code, event) for code, history in histories.items() for event in history]
        times = rng.choice((1, 7, 83, 1234))
        rows[name] = {key: number * times for key, number in recount(events, FIRST, LAST)[TOTAL].items()}
    _in_the_form(rows)
    return TrueTable(rows, {key: sum(row[key] for row in rows.values()) for key in KEYS})


def _in_the_form(rows: Mapping[str, Row]) -> None:
    """The form has no column for dossiers without a deadline: offices without such."""
    for row in rows.values():
        row["resolved_on_time"] += row.pop("resolved_no_deadline")
        row["resolved_no_deadline"] = 0


@dataclass(slots=True)
class Sheet:
    """A table as it is typed: texts by row name and key, which a test may change before they are written."""

    cells: dict[str | None, dict[str, str]]
    order: list[str | None]

    def typed(self, row: str | None, key: str) -> str:
        return self.cells[row][key]


def typed(table: TrueTable, habits: Habits, *, form: bool) -> Sheet:
    """The form's columns and a few shares, or all the columns there are."""
    keys = [column.key for column in OF_FORM.values()] if form else list(KEYS)
    shares = [share for share in SHARES if not form or share.key in SHARE_HEADINGS]
    cells = {
        name: {key: habits.count(row[key]) for key in keys}
        | {share.key: habits.share(share_of(row, share, share.quantum)) for share in shares}
        for name, row in table.all().items()
    }
    return Sheet(cells, list(table.all()))


def as_toml(sheet: Sheet) -> bytes:
    lines = ["[total]", *(f"{key} = {_quoted(text)}" for key, text in sheet.cells[None].items())]
    for name in sheet.order:
        if name is not None:
            lines += ["[[rows]]", f"name = {_quoted(name)}"]
            lines += [f"{key} = {_quoted(text)}" for key, text in sheet.cells[name].items()]
    return "\n".join(lines).encode()


def _quoted(text: str) -> str:
    return text if text.isascii() and text.isdigit() and (text == "0" or text[0] != "0") else f'"{text}"'


def as_json(sheet: Sheet) -> bytes:
    rows = [{"name": name, **sheet.cells[name]} for name in sheet.order if name is not None]
    return json.dumps({"total": sheet.cells[None], "rows": rows}, ensure_ascii=False).encode()


def grid(sheet: Sheet, headings: str) -> list[list[str]]:
    """Rows of texts under the form's headings, its numbers, both, or our keys."""
    keys = list(sheet.cells[None])
    named = [name for name in sheet.order if name is not None]
    data = [[str(number), name, *sheet.cells[name].values()] for number, name in enumerate(named, start=1)]
    data.append(["", "Tổng số", *sheet.cells[None].values()])
    if headings == "keys":
        return [["number", "name", *keys], *data]
    shares = [SHARE_HEADINGS[key] for key in keys if key in SHARE_HEADINGS]
    words = [
        ["Số TT", "Lĩnh vực giải quyết", *(GROUPS.get(number, "") for number in LEAVES), *shares],
        ["", "", *("Trong kỳ" if number == 4 else LEAVES[number] if number != 5 else "" for number in LEAVES)],
        ["", "", *(LEAVES[number] if number in (4, 5) else "" for number in LEAVES)],
    ]
    head = [*TITLES, *(words if headings != "numbers" or shares else []), *([NUMBERS] if headings != "words" else [])]
    return [*head, *data, *FOOT]


def as_csv(sheet: Sheet, headings: str, delimiter: str = ",", encoding: str = "utf-8-sig") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(grid(sheet, headings))
    return text.getvalue().encode(encoding)


def as_xlsx(sheet: Sheet, headings: str, *, numbers: bool) -> bytes:
    """With figures as texts, or plain whole numbers as numbers."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "Biểu 06a"
    for row in grid(sheet, headings):
        page.append([int(text) if numbers and text.isdigit() else text or None for text in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def written(sheet: Sheet, rng: Random, *, form: bool) -> tuple[str, bytes, TableForm]:
    """The sheet in some file, and what it is."""
    if not form and rng.random() < 0.5:
        return (
            ("toml", as_toml(sheet), TableForm.TOML) if rng.random() < 0.5 else ("json", as_json(sheet), TableForm.JSON)
        )
    headings = rng.choice(("words", "numbers", "both")) if form else "keys"
    kind = rng.choice((",", ";", "\t", "xlsx", "xlsx of numbers"))
    if kind.startswith("xlsx"):
        return f"{kind}, {headings}", as_xlsx(sheet, headings, numbers=kind != "xlsx"), TableForm.XLSX
    encoding = rng.choice(("utf-8", "utf-8-sig", "utf-16"))
    return f"csv {kind!r} {encoding}, {headings}", as_csv(sheet, headings, kind, encoding), TableForm.CSV
