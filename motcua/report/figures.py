"""The answer of `GET /v1/figures` as values, and the call that gets it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import httpx
import msgspec

from motcua.client import told_plainly
from motcua.failure import Failure
from shared.domain.localtime import local

PATH = "/v1/figures"
FORM_PATH = "/v1/reports/ii06a"
Query = Mapping[str, str | Sequence[str]]  # a parameter's name -> its value, or its values
Row = Mapping[str, Any]  # a figure's key -> its count, or a share as a decimal string


@dataclass(frozen=True, slots=True)
class Group:
    """One row of a breakdown: the values it is for, and its figures."""

    key: Mapping[str, str | None]
    row: Row


@dataclass(frozen=True, slots=True)
class Broken:
    """An identity of the form that the figures break: `difference` is its left side less its right.

    `row` is the first that breaks it, None for the total; `column` the figure, where the identity is one of every figure.
    """

    name: str
    difference: int
    row: Mapping[str, str | None] | None
    column: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a period under a named definition."""

    first: date
    last: date
    definition: str
    as_of: datetime
    by: tuple[str, ...]
    total: Row
    groups: tuple[Group, ...]
    known_at: datetime | None = None
    broken: tuple[Broken, ...] = ()


def fetch(client: httpx.Client, first: date, last: date, by: tuple[str, ...] = (), definition: str | None = None) -> bytes:
    """The figures of a period as reporting answers them."""
    query = {"from": first.isoformat(), "to": last.isoformat()}
    return ask(client, query | ({"definition": definition} if definition else {}), by)


def ask(client: httpx.Client, query: Query, by: tuple[str, ...] = ()) -> bytes:
    """The figures that the parameters of `GET /v1/figures` ask for."""
    return _get(client, PATH, {**query, **({"by": ",".join(by)} if by else {})}).content


def ask_text(client: httpx.Client, query: Query) -> str:
    """The same period as a paragraph in Vietnamese, with a line for each department, as reporting writes it."""
    return _get(client, FORM_PATH, {**query, "format": "text"}).text


def _get(client: httpx.Client, path: str, query: Query) -> httpx.Response:
    with told_plainly("reporting", str(client.base_url)):
        response = client.get(path, params=query)
        response.raise_for_status()
    return response


def parse(answer: bytes) -> Report:
    """The report an answer carries."""
    try:
        found = msgspec.json.decode(answer)
        groups = tuple(Group(row["key"], {name: value for name, value in row.items() if name != "key"}) for row in found["rows"])
        return Report(
            first=date.fromisoformat(found["from"]),
            last=date.fromisoformat(found["to"]),
            definition=found["definition"],
            as_of=local(datetime.fromisoformat(found["as_of"])),
            by=tuple(found["by"]),
            total=found["total"],
            groups=groups,
            known_at=None if found["as_known_at"] is None else local(datetime.fromisoformat(found["as_known_at"])),
            broken=tuple(_broken(identity) for identity in found["identities"] if not identity["holds"]),
        )
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        msg = f"reporting does not answer figures as this version reads them ({error!r}); is --reporting right?"
        raise Failure(msg) from error


def _broken(identity: Mapping[str, Any]) -> Broken:
    row = identity["row"]
    return Broken(identity["name"], identity["difference"], None if row == "total" else row, identity.get("column"))
