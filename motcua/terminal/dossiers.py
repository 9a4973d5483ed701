"""`motcua attention` and `motcua explain`: the open dossiers to follow up today; why one is due and judged as it is."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motcua.terminal import options
from motcua.terminal.console import count, minute, plain_table, wrapped, write

if TYPE_CHECKING:
    from motcua.client import ServiceClient
    from shared.contract.http.attention import (
        AttentionAnswer,
        AttentionCounts,
        AttentionDossier,
        DepartmentCounts,
        OfficerCounts,
    )

ATTENTION = "/v1/attention"
PAGE = 5000
NOBODY = "no officer yet"
INDENT = 5  # the width of a step's number
_ALSO = {
    "acceptance_late": "to accept and late",
    "acceptance_due": "to accept",
    "supplement_late": "without the papers",
    "supplement_due": "with papers to come",
    "idle": "idle",
}
_KINDS = {"acceptance": "to be accepted or declined", "supplement": "papers asked for", "idle": "nothing happens"}


def attention(
    *,
    within: Annotated[
        str, typer.Option(metavar="TIME", help="Working time ahead: 2d is two working days, 6h six hours.")
    ] = "2d",
    department: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Only this department; may be given again.")
    ] = None,
    received_by: options.ReceivedBy = None,
    idle_months: Annotated[
        int | None,
        typer.Option(min=1, max=120, metavar="N", help="Also open dossiers without any event for N months."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many dossiers are shown, the most urgent ones.")] = 200,
    reporting: options.Reporting = None,
    key: options.Key = None,
) -> None:
    """List what is overdue or due soon, for the daily follow-up.

    By department and officer: each dossier with its deadline and the working days it is late or has left; then online
    applications to be answered and papers to be brought, likewise.
    """
    from motcua.client import reading
    from motcua.terminal.form import names_of_departments

    with reading(options.services(reporting=reporting, key=key), "reporting") as client:
        query: dict[str, Any] = {"within": within, "department": department or [], "received_by": received_by or []}
        if idle_months is not None:
            query["idle_months"] = idle_months
        answer = _most_urgent(client, query, limit)
        names = names_of_departments()
        for of_department in answer.departments:
            _write_department(answer.dossiers, of_department, names)
        _write_closing(answer)


def _most_urgent(reporting: "ServiceClient", query: Mapping[str, Any], limit: int) -> "AttentionAnswer":
    """The answer with up to `limit` dossiers; counts are of all."""
    from msgspec.structs import replace

    from shared.contract.http.attention import AttentionAnswer

    dossiers: list[AttentionDossier] = []
    cursor: dict[str, str] = {}
    while True:
        params = {**query, **cursor, "limit": min(PAGE, limit - len(dossiers))}
        answer = reporting.answer(AttentionAnswer, "GET", ATTENTION, params=params)
        dossiers += answer.dossiers
        if answer.cursor is None or len(dossiers) >= limit:
            return replace(answer, dossiers=dossiers)
        cursor = {"cursor": answer.cursor}


def _write_department(
    dossiers: Sequence["AttentionDossier"], department: "DepartmentCounts", names: Mapping[str, str]
) -> None:
    code = department.department
    name = f"{names[code]} ({code})" if code in names else code
    write(f"{name}: {_counts(department)} until {minute(department.until)}", style="bold")
    for officer in department.officers:
        write(f"  {officer.officer or NOBODY}: {_counts(officer)}")
        table = plain_table()
        table.add_column(width=2)
        for _ in range(3):
            table.add_column(no_wrap=True)
        for dossier in dossiers:
            if dossier.department == code and dossier.officer == officer.officer:
                table.add_row("", dossier.code, minute(dossier.due_at), _time_left(dossier), _remarks(dossier))
        if table.row_count:
            write(table)
    write("")


def _time_left(dossier: "AttentionDossier") -> str:
    """How late it is or how much is left: in working days, and in working hours below one of them."""
    days, hours = abs(dossier.days), float(dossier.working_hours)
    if dossier.standing == "idle":
        return ""
    overdue = dossier.standing == "overdue"
    if days == 0 and not overdue and hours < 0:
        return "today"
    amount = f"{days} day{'s' if days > 1 else ''}" if days else f"{abs(hours):.1f} h".replace(".", ",")
    return f"{amount} {'late' if overdue else 'left'}"


def _remarks(dossier: "AttentionDossier") -> str:
    remarks = [_KINDS[dossier.kind]] if dossier.kind in _KINDS else []
    remarks += ["suspended"] if dossier.suspended else []
    remarks += ["apologised"] if dossier.apologised_at else []
    for hop in dossier.hops:
        remarks.append(f"{hop.agency or 'another agency'} {'late since' if hop.late else 'due'} {minute(hop.due_at)}")
    return ", ".join(remarks)


def _write_closing(answer: "AttentionAnswer") -> None:
    total, calendar = answer.total, answer.calendar
    shown = len(answer.dossiers)
    listed = total.overdue + total.due + sum(getattr(total, key) for key in _ALSO)
    rest = "" if shown == listed else f" The {count(shown)} most urgent of {count(listed)} are shown."
    write(f"{_counts(total)} within {answer.within}, as of {minute(answer.as_of)} ({answer.definition}).{rest}")
    if calendar.source == "intake":
        known = (
            "unknown: reporting has not read the announcements"
            if calendar.as_of is None
            else f"as of {minute(calendar.as_of)}"
        )
        write(f"Days announced late: {known}.", style="dim")


def _counts(counted: "AttentionCounts | DepartmentCounts | OfficerCounts") -> str:
    also = (f", {count(getattr(counted, key))} {words}" for key, words in _ALSO.items() if getattr(counted, key))
    return f"{count(counted.overdue)} overdue, {count(counted.due)} due{''.join(also)}"


def explain(
    code: Annotated[str, typer.Argument(help="The dossier's code, like H59.15-231208-0001.", metavar="CODE")],
    definition: Annotated[str | None, typer.Option(help="The definition of timeliness [default: by-date/1].")] = None,
    intake: options.Intake = None,
    key: options.Key = None,
) -> None:
    """Explain a dossier's deadline and class, step by step.

    Each line can be checked against a paper calendar: receipt, what counts and what does not and why, pauses, deadline,
    closing, class.
    """
    from urllib.parse import quote

    from motcua.client import printable, reading
    from shared.contract.http.dossiers import DossierView
    from shared.domain.texts import DOSSIER_CODE, exactly

    if re.match(exactly(DOSSIER_CODE), code) is None:
        shown = printable(code) if code else "an empty word"
        raise typer.BadParameter(
            f"{shown} is not a dossier's code; write one like H59.15-231208-0001", param_hint="CODE"
        )
    with reading(options.services(intake=intake, key=key), "intake") as client:
        parameters = {} if definition is None else {"definition": definition}
        dossier = client.answer(DossierView, "GET", f"/v1/dossiers/{quote(code, safe='')}", params=parameters)
        print(f"{dossier.code}: {dossier.state}")
        print(wrapped(f"{dossier.procedure} {dossier.procedure_name or '(not in the catalogue)'}"))
        if dossier.field:
            print(wrapped(f"field: {dossier.field}"))
        print(wrapped(f"{dossier.department} {dossier.department_name or '(not in the catalogue)'}"))
        for number, step in enumerate(dossier.explanation, start=1):
            print(wrapped(f"{number:>3}. {step.text}", INDENT))
