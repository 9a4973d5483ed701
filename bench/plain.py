"""The same figures as a plain GROUP BY over one narrow row a dossier:
the kindest case for it, for the rows hold nothing else."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.generated import FIRST, LAST
from services.reporting.figures.report import Report
from services.reporting.read_model.sums import day_number
from shared.domain.columns import KEYS

FROM, TO = day_number(FIRST), day_number(LAST)
_RECEIVED = f"received_day BETWEEN {FROM} AND {TO}"
_CLOSED = f"closed_day BETWEEN {FROM} AND {TO}"
_RETURNED = f"returned_day BETWEEN {FROM} AND {TO}"
_OPEN = f"received_day <= {TO} AND (closed_day IS NULL OR closed_day > {TO})"
_OVERDUE = f"due_day < {TO} AND (paused_day IS NULL OR paused_day > due_day)"
_CONDITIONS = {
    "received_online": f"{_RECEIVED} AND channel = 'online'",
    "received_online_full": f"{_RECEIVED} AND channel = 'online' AND online_full = 1",
    "received_unknown": f"{_RECEIVED} AND channel = 'unknown'",
    "received_in_person": f"{_RECEIVED} AND channel = 'in_person'",
    "received_postal": f"{_RECEIVED} AND channel = 'postal'",
    "carried_over": f"received_day < {FROM} AND (closed_day IS NULL OR closed_day >= {FROM})",
    "resolved_early": f"{_CLOSED} AND class = 'early'",
    "resolved_on_time": f"{_CLOSED} AND class = 'on_time'",
    "resolved_overdue": f"{_CLOSED} AND class = 'overdue'",
    "resolved_no_deadline": f"{_CLOSED} AND class = 'no_deadline'",
    "in_progress_total": _OPEN,
    "in_progress_overdue": f"{_OPEN} AND {_OVERDUE}",
    "in_progress_suspended": f"{_OPEN} AND paused_day IS NOT NULL",
    "refused": f"{_CLOSED} AND outcome = 'refused'",
    "granted_in_part": f"{_CLOSED} AND outcome = 'in_part'",
    "granted_by_law": f"{_CLOSED} AND outcome = 'by_law'",
    "not_needed": f"{_CLOSED} AND outcome = 'not_needed'",
    "withdrawn": f"{_CLOSED} AND closed_as = 'withdrawn'",
    "stopped": f"{_CLOSED} AND closed_as = 'stopped'",
    "transferred": f"{_CLOSED} AND closed_as = 'transferred'",
    "returned_in_person": f"{_RETURNED} AND returned_by = 'in_person'",
    "returned_postal": f"{_RETURNED} AND returned_by = 'postal'",
    "returned_online": f"{_RETURNED} AND returned_by = 'online'",
    "awaiting_return": (
        f"closed_day <= {TO} AND closed_as = 'resolved' AND (returned_day IS NULL OR returned_day > {TO})"
    ),
}
_NOT_GENERATED = (
    "stopped_administrative",
    "awaiting_acceptance",
    "awaiting_acceptance_late",
    "accepted_in_time",
    "accepted_late",
)
_COUNTED = ", ".join(
    f"sum(CASE WHEN {condition} THEN 1 ELSE 0 END) AS {name}" for name, condition in _CONDITIONS.items()
)
QUERY = text(f"SELECT department, {_COUNTED} FROM plain GROUP BY department ORDER BY department")  # noqa: S608 - made of constants


async def by_department(engine: AsyncEngine) -> dict[str, dict[str, int]]:
    """The counts of every department."""
    async with engine.connect() as connection:
        return {row["department"]: _with_totals(dict(row)) for row in (await connection.execute(QUERY)).mappings()}


def _with_totals(row: dict[str, Any]) -> dict[str, int]:
    counted = dict.fromkeys(_NOT_GENERATED, 0) | {name: int(row[name]) for name in _CONDITIONS}
    counted["received_in_person_or_postal"] = counted["received_in_person"] + counted["received_postal"]
    counted["received_total"] = (
        counted["received_online"] + counted["received_in_person_or_postal"] + counted["carried_over"]
    )
    counted["resolved_total"] = sum(
        counted[f"resolved_{name}"] for name in ("early", "on_time", "overdue", "no_deadline")
    )
    counted["in_progress_within"] = counted["in_progress_total"] - counted["in_progress_overdue"]
    counted["returned_total"] = sum(counted[f"returned_{name}"] for name in ("in_person", "postal", "online"))
    return counted


def assert_equal(report: Report, plain: dict[str, dict[str, int]]) -> None:
    """To the unit, every column of every department and of the total; no time is printed otherwise."""
    rows = {str(row.key[0]): row.figures for row in report.rows}
    assert rows == plain, {
        code: (rows.get(code), plain.get(code)) for code in {*rows, *plain} if rows.get(code) != plain.get(code)
    }
    assert all(identity.holds for identity in report.identities), report.identities
    total = {name: sum(row[name] for row in plain.values()) for name in KEYS}
    assert report.total == total
