"""The figures as CSV: one row a group and one for the total, the columns named by the keys of the figures."""

import csv
from io import StringIO

from motcua.report.figures import Report


def to_csv(report: Report) -> str:
    """Plain numbers and decimal points, for programs; the total row has empty keys."""
    text = StringIO()
    figures = list(report.total)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["from", "to", "definition", *report.by, *figures])
    head = [report.first.isoformat(), report.last.isoformat(), report.definition]
    for group in report.groups:
        writer.writerow([*head, *(group.key.get(name) for name in report.by), *(group.row.get(name) for name in figures)])
    writer.writerow([*head, *("" for _ in report.by), *report.total.values()])
    return text.getvalue()
