"""Writes the boards in dashboards/, what directors and operators look at;
`--check` only says whether the files are what this writes.

Run from the project's root: `.venv/bin/python deploy/grafana/dashboards.py [--check]`.
"""  # noqa: INP001 - a script, run by its path

import json
import sys
from pathlib import Path

import centre_board
import pipeline_board
import services_board

FOLDER = Path(__file__).parent / "dashboards"
BOARDS = {
    "centre.json": centre_board.dashboard,
    "pipeline.json": pipeline_board.dashboard,
    "services.json": services_board.dashboard,
}


def main() -> int:
    made = {name: json.dumps(dashboard(), ensure_ascii=False, indent=2) + "\n" for name, dashboard in BOARDS.items()}
    if "--check" not in sys.argv[1:]:
        for name, text in made.items():
            (FOLDER / name).write_text(text, encoding="utf-8")
    elif {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.json")} != made:
        sys.stderr.write(f"{FOLDER.name}/ is not what this script writes: run it without --check\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
