"""The headline figures as a paragraph for the terminal; the Vietnamese one is reporting's."""

from motcua.report.figures import Report, Row
from motcua.report.numbers import count, percent


def paragraph(report: Report) -> str:
    """What was handled, how much online, how timely, what is open."""
    row = report.total
    return (
        f"From {report.first:%d/%m/%Y} to {report.last:%d/%m/%Y}: {count(row['received_total'])} dossiers to handle, "
        f"{count(row['received_online'])} of them online ({percent(row['online_share'])}), "
        f"{count(row['received_in_person_or_postal'])} in person or by post, {count(row['carried_over'])} carried over. "
        f"Resolved {count(row['resolved_total'])}: {_classes(row)}. "
        f"In progress {count(row['in_progress_total'])}: {count(row['in_progress_within'])} within time, "
        f"{count(row['in_progress_overdue'])} overdue."
    )


def _classes(row: Row) -> str:
    names = {"early": "early", "on_time": "on time", "overdue": "overdue"}
    parts = [f"{count(row[f'resolved_{key}'])} {name} ({percent(row[f'{key}_share'])})" for key, name in names.items()]
    if row["resolved_no_deadline"]:
        parts.append(f"{count(row['resolved_no_deadline'])} without a deadline")
    return ", ".join(parts)
