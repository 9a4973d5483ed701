"""The figures beside a printed report's: which printed values cannot be true, and the arithmetic that shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import chain

from rich.console import Group, RenderableType
from rich.text import Text

from motcua.report import Row
from motcua.terminal.console import NOT_APPLICABLE, count, percent, plain_table
from shared.domain.columns import BY_KEY, OF_FORM, SHARES
from shared.domain.identities import ROW_IDENTITIES, Identity

BESIDES = ("received_in_person", "received_postal")
CHANGED = "changed since"
Printed = Mapping[str, int | float | str]


@dataclass(frozen=True, slots=True)
class Impossible:
    """A printed value that breaks an identity of the form which the other printed values and the count agree on."""

    key: str
    arithmetic: str


def impossible(counted: Row, printed: Printed) -> list[Impossible]:
    """Printed values that differ from the count and cannot be true beside the other printed ones."""
    false = {}
    for identity in ROW_IDENTITIES:
        row = _printed_row(identity, counted, printed)
        if row is None or identity.difference(row) == 0:
            continue
        for key in (identity.total, *identity.parts):
            if key in printed and row[key] != counted[key]:
                false[key] = Impossible(key, _arithmetic(identity, row, key))
    return list(false.values())


def _printed_row(identity: Identity, counted: Row, printed: Printed) -> dict[str, int] | None:
    """The identity's values as printed; None when the report leaves one out that is not zero."""
    row = {}
    for key in (identity.total, *identity.parts):
        value = printed.get(key, 0 if counted[key] == 0 else None)
        if not isinstance(value, int):
            return None
        row[key] = value
    return row


def _arithmetic(identity: Identity, row: Mapping[str, int], key: str) -> str:
    """`80.121 − 78.784 = 1.337, not 1.137`."""
    if key == identity.total:
        parts = [row[part] for part in identity.parts if row[part]]
        return f"{' + '.join(map(count, parts))} = {count(sum(parts))}, not {count(row[key])}"
    others = [row[part] for part in identity.parts if part != key and row[part]]
    return f"{' − '.join(map(count, [row[identity.total], *others]))} = {count(row[identity.total] - sum(others))}, not {count(row[key])}"


def comparison(counted: Row, printed: Printed, asked: Row) -> RenderableType:
    """A table of every figure, counted and printed; below it, why a printed one cannot be true.

    `asked` are the counts of the year as it is played: what somebody posts besides makes no printed figure impossible.
    """
    wrong = impossible(asked, printed)
    marks = {value.key: f"cannot be true ({number})" for number, value in enumerate(wrong, 1)}
    changed = {key for key, value in asked.items() if counted.get(key, value) != value}
    table = plain_table("figure", "counted", "printed", "")
    table.columns[1].justify = table.columns[2].justify = "right"
    columns = ((column.key, f"{number} {column.meaning}") for number, column in OF_FORM.items())
    besides = ((key, f"of 5: {BY_KEY[key].meaning}") for key in BESIDES if key in printed)
    named = chain(columns, besides, ((share.key, share.meaning) for share in SHARES))
    for key, meaning in named:
        differs = key in printed and not _agree(counted[key], printed[key])
        because = CHANGED if key in changed or (changed and key not in asked) else "differs"
        mark = marks.get(key) or (because if differs else "")
        table.add_row(meaning, _shown(key, counted[key]), _shown(key, printed.get(key)), mark, style="bold red" if key in marks else None)
    notes = [Text(f"({number}) {value.arithmetic}") for number, value in enumerate(wrong, 1)]
    notes += [Text(f"{CHANGED}: events were posted besides those of the year")] if changed else []
    return Group(table, *([Text(), *notes] if notes else []))


def _agree(counted: object, printed: object) -> bool:
    """Whether the count is the printed value, as exactly as that is printed."""
    if counted is None:
        return False
    said = Decimal(str(printed))
    return Decimal(str(counted)).quantize(said, ROUND_HALF_UP) == said


def _shown(key: str, value: object) -> str:
    if value is None:
        return NOT_APPLICABLE
    if key.endswith(("_share", "_share_of_period")):
        return percent(str(value))
    return count(value) if isinstance(value, int) else str(value)
