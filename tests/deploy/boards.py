"""The boards as Grafana reads them: their panels and what they ask Prometheus."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.deploy.deployment import DEPLOY

FOLDER = DEPLOY / "grafana" / "dashboards"
FILES = sorted(FOLDER.glob("*.json"))
Panel = dict[str, Any]


class Asked(NamedTuple):
    """A query, and where it stands."""

    board: str
    panel: str
    expression: str

    def __str__(self) -> str:
        return f"{self.board}, {self.panel}: {self.expression}"


def board(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


def panels(name: str) -> list[Panel]:
    """Without the headings of rows."""
    return [panel for panel in board(name)["panels"] if panel["type"] != "row"]


def questions() -> Iterator[Asked]:
    """Of every panel and variable, as Grafana sends them while everything is chosen."""
    for name in (file.stem for file in FILES):
        read = board(name)
        for panel in read["panels"]:
            for target in panel.get("targets", ()):
                yield Asked(name, panel["title"], _filled(target["expr"]))
        for variable in read["templating"]["list"]:
            if variable["type"] == "query":
                inner = re.fullmatch(r"query_result\((.+)\)", variable["query"]["query"])
                assert inner, variable["query"]
                yield Asked(name, variable["name"], inner[1])


def _filled(expression: str) -> str:
    filled = expression.replace("$__rate_interval", "1m").replace("$department", ".+")
    assert not re.search(r"\$[a-zA-Z_{]", filled), f"a variable that no test fills in: {expression}"
    return filled
