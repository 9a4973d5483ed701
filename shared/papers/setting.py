"""The process that sets type: a job comes in as JSON, pages or a picture go out. It ends with its job.

It is run as a file of its own and imports nothing of ours. The library keeps what it worked out for the last jobs,
60 MB for each form of 190 units, and has no call to forget it.
"""

import json
import sys
from datetime import datetime
from pathlib import Path

import typst

HERE = Path(__file__).parent
OFFICE = "office.typ"  # what every template may import


def main() -> None:
    job = json.load(sys.stdin.buffer)
    made_at = job["made_at"]
    made = typst.compile(  # type: ignore[call-overload]  # it takes files by their names too
        {"main.typ": Path(job["template"]).read_bytes(), OFFICE: (HERE / OFFICE).read_bytes()},
        format=job["format"],
        ppi=job["ppi"],
        font_paths=[str(HERE / "fonts")],
        ignore_system_fonts=True,
        sys_inputs={"values": json.dumps(job["values"], ensure_ascii=False)},
        pdf_standards=job["standards"],
        timestamp=None if made_at is None else datetime.fromisoformat(made_at),
    )
    assert isinstance(made, bytes)
    sys.stdout.buffer.write(made)


if __name__ == "__main__":
    main()
