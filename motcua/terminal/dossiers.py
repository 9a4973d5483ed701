"""`motcua attention` and `motcua explain`: the open dossiers to follow up today; why one is due and judged as it is."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motcua.speech import voice
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
INDENT = 5  # the width of a step's number
_ALSO = {
    "acceptance_late": ("chờ tiếp nhận đã chậm", "to accept and late"),
    "acceptance_due": ("chờ tiếp nhận", "to accept"),
    "supplement_late": ("quá hạn bổ sung", "without the papers"),
    "supplement_due": ("chờ bổ sung", "with papers to come"),
    "idle": ("không có diễn biến", "idle"),
}
_KINDS = {
    "acceptance": ("cần tiếp nhận hoặc từ chối", "to be accepted or declined"),
    "supplement": ("đã yêu cầu bổ sung", "papers asked for"),
    "idle": ("không có diễn biến", "nothing happens"),
}


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
    lang: options.Lang = None,  # noqa: ARG001 - spoken from when it was read
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
    say = voice()
    write(f"{name}: {_counts(department)} {say('đến', 'until')} {minute(department.until)}", style="bold")
    for officer in department.officers:
        write(f"  {officer.officer or say('chưa phân công', 'no officer yet')}: {_counts(officer)}")
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
        return voice()("hôm nay", "today")
    say, tenths = voice(), f"{abs(hours):.1f}"
    if days:
        amount = say(f"{days} ngày làm việc", f"{days} working day{'s' if days > 1 else ''}")
    else:
        amount = say(f"{tenths.replace('.', ',')} giờ làm việc", f"{tenths} working h")
    return say(f"{'muộn' if overdue else 'còn'} {amount}", f"{amount} {'late' if overdue else 'left'}")


def _remarks(dossier: "AttentionDossier") -> str:
    say = voice()
    remarks = [say(*_KINDS[dossier.kind])] if dossier.kind in _KINDS else []
    remarks += [say("tạm dừng", "suspended")] if dossier.suspended else []
    remarks += [say("đã xin lỗi", "apologised")] if dossier.apologised_at else []
    for hop in dossier.hops:
        agency = hop.agency or say("cơ quan khác", "another agency")
        since = say("chậm từ", "late since") if hop.late else say("hạn", "due")
        remarks.append(f"{agency} {since} {minute(hop.due_at)}")
    return ", ".join(remarks)


def _write_closing(answer: "AttentionAnswer") -> None:
    total, calendar, say = answer.total, answer.calendar, voice()
    shown, rest = len(answer.dossiers), ""
    listed = total.overdue + total.due + sum(getattr(total, key) for key in _ALSO)
    if shown != listed:
        rest = say(
            f" Hiện {count(shown)} hồ sơ gấp nhất trong {count(listed)}.",
            f" The {count(shown)} most urgent of {count(listed)} are shown.",
        )
    at, within = minute(answer.as_of), answer.within
    ahead = {"d": "ngày làm việc", "h": "giờ làm việc"}.get(within[-1:], "")
    judged = say(f"trong {within[:-1]} {ahead}, tính đến {at}", f"within {within}, as of {at}")
    write(f"{_counts(total)} {judged} ({answer.definition}).{rest}")
    if calendar.source == "intake":
        if calendar.as_of is None:
            known = say("chưa rõ, reporting chưa đọc thông báo", "unknown, reporting has not read the announcements")
        else:
            known = say(f"biết đến {minute(calendar.as_of)}", f"known until {minute(calendar.as_of)}")
        write(f"{say('Ngày nghỉ thông báo muộn', 'Days off announced late')}: {known}.", style="dim")


def _counts(counted: "AttentionCounts | DepartmentCounts | OfficerCounts") -> str:
    say, overdue, due = voice(), count(counted.overdue), count(counted.due)
    also = (f", {count(getattr(counted, key))} {say(*words)}" for key, words in _ALSO.items() if getattr(counted, key))
    return say(f"{overdue} quá hạn, {due} sắp đến hạn", f"{overdue} overdue, {due} due") + "".join(also)


def explain(
    code: Annotated[str, typer.Argument(help="The dossier's code, like H59.15-231208-0001.", metavar="CODE")],
    definition: Annotated[str | None, typer.Option(help="The definition of timeliness [default: by-date/1].")] = None,
    lang: options.Lang = None,  # noqa: ARG001 - spoken from when it was read
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
    from shared.language.words import STATES

    if re.match(exactly(DOSSIER_CODE), code) is None:
        shown = printable(code) if code else voice()("từ trống", "an empty word")
        raise typer.BadParameter(
            voice()(
                f"{shown} không phải mã hồ sơ; hãy ghi như H59.15-231208-0001",
                f"{shown} is not a dossier's code; write one like H59.15-231208-0001",
            ),
            param_hint="CODE",
        )
    with reading(options.services(intake=intake, key=key), "intake") as client:
        parameters = {} if definition is None else {"definition": definition}
        dossier = client.answer(DossierView, "GET", f"/v1/dossiers/{quote(code, safe='')}", params=parameters)
        say = voice()
        unknown = say("(không có trong danh mục)", "(not in the catalogue)")
        print(f"{dossier.code}: {say.word(STATES, dossier.state).lower()}")
        print(wrapped(f"{dossier.procedure} {dossier.procedure_name or unknown}"))
        if dossier.field:
            print(wrapped(f"{say('lĩnh vực', 'field')}: {dossier.field}"))
        print(wrapped(f"{dossier.department} {dossier.department_name or unknown}"))
        for number, step in enumerate(dossier.explanation, start=1):
            print(wrapped(f"{number:>3}. {step.text}", INDENT))
