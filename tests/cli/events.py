"""Events as lines of a file, for tests of the importer."""

import json
from pathlib import Path


def line(code: str, name: str, number: int = 0, *, hour: int = 8) -> str:
    """One CloudEvent; the id is made of dossier and number."""
    data = {"department": "H59.15", "procedure": "2.000635", "channel": "online"} if name == "received" else {}
    return json.dumps(
        {
            "specversion": "1.0",
            "id": f"{code}/{number}",
            "source": "/test",
            "type": f"vn.motcua.dossier.{name}.v1",
            "subject": code,
            "time": f"2023-12-08T{hour:02}:00:00+07:00",
            "datacontenttype": "application/json",
            "data": data,
        }
    )


def code(number: int) -> str:
    return f"H59.15-231208-{number:04}"


def year(dossiers: int) -> list[str]:
    """Four events a dossier, those of all dossiers interleaved as in a real file."""
    names = ("received", "processing_started", "resolved", "returned")
    return [
        line(code(dossier), name, step, hour=8 + step) for step, name in enumerate(names) for dossier in range(dossiers)
    ]


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("".join(f"{each}\n" for each in lines))
    return path
