"""Opens a figure into the dossiers behind it, page by page, with the token that came with the number."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from motcua.client import told_plainly
from motcua.failure import Failure
from motcua.report.figures import PATH

PAGE = 5000
Item = Mapping[str, Any]  # one dossier of a list, as reporting answers it


def total_and_token(client: httpx.Client, figure: str, first: date, last: date, narrowed: Mapping[str, str]) -> tuple[int, str]:
    """The number in the total row of the period, narrowed to departments, channels and so on, and the token that opens it."""
    query = {"from": first.isoformat(), "to": last.isoformat(), **narrowed}
    with told_plainly("reporting", str(client.base_url)):
        response = client.get(PATH, params=query)
        response.raise_for_status()
    answer = msgspec.json.decode(response.content)
    token = answer["tokens"].get(f"total.{figure}")
    if token is None:
        known = ", ".join(name.removeprefix("total.") for name in answer["tokens"] if name.startswith("total."))
        msg = f"{figure} is not a figure that counts dossiers; those are {known}"
        raise Failure(msg)
    return answer["total"][figure], token


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
