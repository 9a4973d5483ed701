"""Opens a figure into the dossiers behind it, page by page, with the token that came with the number."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from motcua.client import told_plainly
from motcua.failure import Failure
from motcua.report.figures import PATH, Report, ask, parse
from motcua.report.numbers import count
from motcua.report.remarks import MENDING

PAGE = 5000
COLUMNS = 80
Item = Mapping[str, Any]  # one dossier of a list, as reporting answers it


class ListDiffers(Failure):
    """A number does not open into as many dossiers as it says: one of the two is wrong."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Opened:
    """A figure of a period: its number, the token that opens it, and the report that it is from."""

    figure: str
    number: int
    token: str
    report: Report


def opened(client: httpx.Client, figure: str, query: Mapping[str, str | Sequence[str]]) -> Opened:
    """The number in the total row of the period, narrowed to departments, channels and so on, as the parameters of the call say."""
    answer = ask(client, query)
    report = parse(answer)
    tokens = msgspec.json.decode(answer)["tokens"]
    token = tokens.get(f"total.{figure}")
    if token is None:
        known = ", ".join(name.removeprefix("total.") for name in tokens if name.startswith("total."))
        msg = f"{figure} is not a figure that counts dossiers; those are\n" + fill(
            known, COLUMNS, initial_indent="  ", subsequent_indent="  "
        )
        raise Failure(msg)
    return Opened(figure, report.total[figure], token, report)


def dossiers_behind(client: httpx.Client, token: str, page: int = PAGE) -> Iterator[Item]:
    """Every dossier of the figure, in the order of receipt."""
    cursor: str | None = None
    while True:
        parameters = {"limit": str(page)} | ({} if cursor is None else {"cursor": cursor})
        with told_plainly("reporting", str(client.base_url)):
            response = client.get(f"{PATH}/{quote(token, safe='')}/dossiers", params=parameters)
            response.raise_for_status()
        answer = msgspec.json.decode(response.content)
        yield from answer["dossiers"]
        cursor = answer["cursor"]
        if cursor is None:
            return


def check_length(of: Opened, listed: int, limit: int | None = None) -> None:
    """Raise ListDiffers unless as many dossiers are listed as the number says, or as many as were asked for of them."""
    if listed == (of.number if limit is None else min(limit, of.number)):
        return
    amount = "no dossier" if listed == 0 else f"only {dossiers(listed)}" if listed < of.number else f"at least {dossiers(listed)}"
    msg = f"{of.figure} says {count(of.number)}, but {amount} can be listed: one of the two is wrong.\n{fill(MENDING, COLUMNS)}"
    raise ListDiffers(msg)


def dossiers(number: int) -> str:
    """`1 dossier`, `2 dossiers`."""
    return f"{count(number)} dossier{'' if number == 1 else 's'}"
