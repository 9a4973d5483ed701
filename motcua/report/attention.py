"""The daily follow-up as a page of 80 columns: by department and officer, the most urgent first."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx
import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from motcua.client import told_plainly
from motcua.report.numbers import count
from shared.domain.localtime import local

PATH = "/v1/attention"
PAGE = 5000
NOBODY = "no officer yet"
Item = Mapping[str, Any]  # one dossier of the list, as reporting answers it


def fetch(client: httpx.Client, within: str, departments: Sequence[str], limit: int) -> Item:
    """The answer with up to `limit` dossiers; counts are of all."""
    query = {"within": within, "department": list(departments)}
    found = _fetch(client, query, limit)
    while found["cursor"] is not None and len(found["dossiers"]) < limit:
        more = _fetch(client, query | {"cursor": found["cursor"]}, limit - len(found["dossiers"]))
        found = more | {"dossiers": [*found["dossiers"], *more["dossiers"]]}
    return found


def _fetch(client: httpx.Client, query: Mapping[str, Any], limit: int) -> dict[str, Any]:
    with told_plainly("reporting", str(client.base_url)):
        response = client.get(PATH, params={**query, "limit": min(PAGE, limit)})
        response.raise_for_status()
    answer: dict[str, Any] = msgspec.json.decode(response.content)
    return answer


def page(answer: Item, names: Mapping[str, str]) -> RenderableType:
    """The whole list; `names` are the departments'."""
    parts: list[RenderableType] = []
    for department in answer["departments"]:
        parts += _department(answer["dossiers"], department, names)
    return Group(*parts, *_closing(answer))


def _department(dossiers: Sequence[Item], department: Item, names: Mapping[str, str]) -> Iterator[RenderableType]:
    own = [one for one in dossiers if one["department"] == department["department"]]
    code = department["department"]
    name = f"{names[code]} ({code})" if code in names else code
    yield Text(f"{name}: {_counts(department)} until {_when(department['until'])}", style="bold")
    for officer in department["officers"]:
        yield Text(f"  {officer['officer'] or NOBODY}: {_counts(officer)}")
        listed = [one for one in own if one["officer"] == officer["officer"]]
        if listed:
            yield _table(listed)
    yield Text()


def _table(dossiers: Sequence[Item]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(width=2)
    for _ in range(3):
        table.add_column(no_wrap=True)
    table.add_column()
    for one in dossiers:
        table.add_row("", one["code"], _when(one["due_at"]), _left(one), _remarks(one))
    return table


def _left(one: Item) -> str:
    """How late it is or how much is left: in working days, and in working hours below one of them."""
    days, hours = abs(one["days"]), float(one["working_hours"])
    overdue = one["standing"] == "overdue"
    if days == 0 and not overdue and hours < 0:
        return "today"
    amount = f"{days} day{'s' if days > 1 else ''}" if days else f"{abs(hours):.1f} h".replace(".", ",")
    return f"{amount} {'late' if overdue else 'left'}"


def _remarks(one: Item) -> str:
    found = ["suspended"] if one["suspended"] else []
    found += ["apologised"] if one["apologised_at"] else []
    found += [f"{hop['agency'] or 'another agency'} {'late since' if hop['late'] else 'due'} {_when(hop['due_at'])}" for hop in one["hops"]]
    return ", ".join(found)


def _closing(answer: Item) -> Iterator[Text]:
    total = answer["total"]
    shown, listed = len(answer["dossiers"]), total["overdue"] + total["due"]
    rest = "" if shown == listed else f" The {count(shown)} most urgent of {count(listed)} are shown."
    yield Text(f"{_counts(total)} within {answer['within']}, as of {_when(answer['as_of'])} ({answer['definition']}).{rest}")
    calendar = answer["calendar"]
    if calendar["source"] == "intake":
        known = "unknown: intake did not answer" if calendar["as_of"] is None else f"as of {_when(calendar['as_of'])}"
        yield Text(f"Days announced late: {known}.", style="dim")


def _counts(counted: Item) -> str:
    return f"{count(counted['overdue'])} overdue, {count(counted['due'])} due"


def _when(instant: str) -> str:
    return f"{local(datetime.fromisoformat(instant)):%d/%m/%Y %H:%M}"
