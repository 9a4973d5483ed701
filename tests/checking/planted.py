"""Errors of ten kinds that people make in tables, planted into true ones, and what tells that they were found."""

import re
from collections.abc import Callable
from random import Random

from shared.contract.http.checks import CheckAnswer, CheckFinding
from shared.domain.columns import SHARE_KEYS
from tests.checking.tables import Sheet

IN_SUMS = (
    "received_total", "received_online", "received_in_person_or_postal", "carried_over", "resolved_total",
    "resolved_early", "resolved_on_time", "resolved_overdue", "in_progress_total", "in_progress_within",
    "in_progress_overdue",
)  # fmt: skip
Found = Callable[[CheckAnswer], bool]
Plant = Callable[[Sheet, Random], Found | None]


def _digits(text: str) -> int:
    return int(re.sub(r"\D", "", text) or 0)


def _a_cell(sheet: Sheet, rng: Random, at_least: int = 0) -> tuple[str, str] | None:
    """A count of a row, not of the total."""
    cells = [
        (row, key)
        for row in sheet.order
        if row is not None
        for key in IN_SUMS
        if _digits(sheet.cells[row][key]) >= at_least
    ]
    return rng.choice(cells) if cells else None


def _repaired(row: str | None, key: str, true: int) -> Found:
    """One repair names this cell among those that mend all, with the number that was there."""
    return lambda answer: any(
        (cell.row, cell.figure, cell.value) == (row, key, str(true))
        for repair in answer.repairs
        for cell in repair.cells
    )


def _changed(sheet: Sheet, row: str, key: str, change: Callable[[str], str]) -> Found | None:
    before = sheet.cells[row][key]
    after = change(before)
    if _digits(after) == _digits(before):
        return None
    sheet.cells[row][key] = after
    return _repaired(row, key, _digits(before))


def off_by_some(sheet: Sheet, rng: Random) -> Found | None:
    row, key = _a_cell(sheet, rng) or ("", "")
    return _changed(sheet, row, key, lambda text: str(_digits(text) + rng.randint(1, 30)))


def swapped_digits(sheet: Sheet, rng: Random) -> Found | None:
    cell = _a_cell(sheet, rng, 10)
    if cell is None:
        return None

    def swap(text: str) -> str:
        digits = str(_digits(text))
        place = rng.randrange(len(digits) - 1)
        return digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]

    return _changed(sheet, *cell, swap)


def lost_digit(sheet: Sheet, rng: Random) -> Found | None:
    cell = _a_cell(sheet, rng, 10)
    return None if cell is None else _changed(sheet, *cell, lambda text: str(_digits(text))[:-1])


def wrong_total(sheet: Sheet, rng: Random) -> Found | None:
    key = rng.choice(IN_SUMS)
    true = _digits(sheet.cells[None][key])
    sheet.cells[None][key] = str(true + rng.randint(1, 30))
    return _repaired(None, key, true)


def total_added_to_itself(sheet: Sheet, rng: Random) -> Found | None:
    if sum(_digits(sheet.cells[None][key]) for key in IN_SUMS) == 0:
        return None
    for key in IN_SUMS:
        sheet.cells[None][key] = str(2 * _digits(sheet.cells[None][key]))
    return lambda answer: any(found.code == "counted_twice" and found.row is None for found in answer.findings)


def wrong_share(sheet: Sheet, rng: Random) -> Found | None:
    cells = [
        (row, key, text) for row in sheet.order for key, text in sheet.cells[row].items() if key in SHARE_KEYS and text
    ]
    if not cells:
        return None
    row, key, text = rng.choice(cells)
    digits = re.sub(r"\D", "", text)
    others = {_share(sheet.cells[row][other]) for other in SHARE_KEYS if other in sheet.cells[row]}
    wrong = f"{(int(digits) + rng.randint(20, 90)) % 10 ** len(digits):0{len(digits)}}"
    decimals = len(re.split(r"[.,]", text.rstrip(" %"))[-1])
    after = f"{wrong[:-decimals]}.{wrong[-decimals:]}"
    if float(after) > 100 or after in others or (key == "online_share" and float(after) > float(_share(text))):
        return None  # the last: it could be right of those received in the period
    sheet.cells[row][key] = after if "." in text else after.replace(".", ",")
    return _finding(lambda found: found.code in ("share", "share_cut_off") and (found.row, found.figure) == (row, key))


def _share(text: str) -> str:
    return text.rstrip(" %\u00a0").replace(",", ".")


def _finding(is_it: Callable[[CheckFinding], bool]) -> Found:
    return lambda answer: any(map(is_it, answer.findings))


def no_number(sheet: Sheet, rng: Random) -> Found | None:
    row, key = rng.choice(sheet.order), rng.choice(IN_SUMS)
    sheet.cells[row][key] = rng.choice(("?", "12o5", "1.23.4", "xem phụ lục", "#REF!", "62,8%"))
    codes = ("unreadable", "percent_in_count")
    return _finding(lambda found: found.code in codes and (found.row, found.figure) == (row, key))


def impossible_number(sheet: Sheet, rng: Random) -> Found | None:
    row, key = rng.choice(sheet.order), rng.choice(IN_SUMS)
    sheet.cells[row][key] = rng.choice(("-3", "−12", "4,5", "7.25", "-1.200"))
    codes = ("negative_count", "fraction_of_a_count")
    return _finding(lambda found: found.code in codes and (found.row, found.figure) == (row, key))


def swapped_cells(sheet: Sheet, rng: Random) -> Found | None:
    row = rng.choice([name for name in sheet.order if name is not None])
    one, other = rng.sample(IN_SUMS, 2)
    cells = sheet.cells[row]
    if _digits(cells[one]) == _digits(cells[other]):
        return None
    cells[one], cells[other] = cells[other], cells[one]
    return _finding(
        lambda found: (
            found.code in ("identity", "sum_of_rows", "parts_exceed_total")
            and any((cell.row, cell.figure) in ((row, one), (row, other)) for cell in found.of)
        )
    )


def row_left_out(sheet: Sheet, rng: Random) -> Found | None:
    row = rng.choice([name for name in sheet.order if name is not None])
    present = [key for key in IN_SUMS if _digits(sheet.cells[row][key])]
    sheet.order.remove(row)
    if not present:
        return None
    return lambda answer: (
        {found.code for found in answer.findings} == {"sum_of_rows"}
        and set(present) <= {found.figure for found in answer.findings}
        and (len(present) < 3 or "row_missing" in {repair.code for repair in answer.repairs})
    )


KINDS: tuple[Plant, ...] = (
    off_by_some, swapped_digits, lost_digit, wrong_total, total_added_to_itself, wrong_share, no_number,
    impossible_number, swapped_cells, row_left_out,
)  # fmt: skip
