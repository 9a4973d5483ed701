"""The boards as Grafana reads them: their panels and what they ask Prometheus."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.deploy.deployment import DEPLOY
from tests.support.npm import installed

SCHEMA = Path(__file__).with_name("grafana_schema")
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


def grafana_says(boards: dict[str, dict[str, Any]], folder: Path) -> str:
    """What Grafana's types have against the boards; nothing when they fit. `folder` is for scratch files."""
    lines = ["import type { Board, Field, Options } from './grafana';"]
    for name, written in boards.items():
        lines.append(f"export const {name}: Board = {json.dumps(written)};")
        for panel in written["panels"]:
            if panel["type"] == "row":
                continue
            place, kind = f"{name}_{panel['id']}", panel["type"]
            lines.append(f"export const {place}: Options['{kind}'] = {json.dumps(panel['options'])};")
            if field := panel["fieldConfig"]["defaults"].get("custom"):
                lines.append(f"export const {place}_field: Field['{kind}'] = {json.dumps(field)};")
    (folder / "boards.ts").write_text("\n".join(lines), encoding="utf-8")
    (folder / "grafana.ts").write_bytes((SCHEMA / "grafana.ts").read_bytes())
    modules = installed(SCHEMA, "grafana-schema") / "node_modules"
    (folder / "node_modules").symlink_to(modules)
    checked = (
        "--noEmit",
        "--strict",
        "--skipLibCheck",
        "--target",
        "es2020",
        "--moduleResolution",
        "node10",
        "boards.ts",
    )
    command = ["node", str(modules / "typescript" / "bin" / "tsc"), *checked]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    return ran.stdout + ran.stderr
