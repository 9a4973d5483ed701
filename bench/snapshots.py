"""How fast national snapshots become events: shuffled, several of each dossier, from the file to CloudEvents.

Intake is not asked.
"""

import json
import random
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.machine import machine
from motcua.importer.mapped import MappedSource

DOSSIERS = 20_000
NOW = datetime(2026, 11, 30, tzinfo=UTC)
EVENTS_A_DOSSIER = 7  # submitted, received, fee_paid, supplement_requested, supplemented, processing_started, resolved


def measure(folder: Path, dossiers: int = DOSSIERS) -> float:
    """Snapshots and steps a second of CPU; every event of every dossier must have come out."""
    messages = [message for serial in range(dossiers) for message in _sent(serial)]
    random.Random(1).shuffle(messages)  # noqa: S311 - the same every time
    file = folder / "sent.ndjson"
    file.write_text("".join(json.dumps(message, ensure_ascii=False) + "\n" for message in messages))
    began = time.process_time()
    with MappedSource(str(file), "national", NOW) as source:
        events = sum(line.refusal is None for batch in source.batches() for line in batch)
    seconds = time.process_time() - began
    assert events == dossiers * EVENTS_A_DOSSIER, events
    return len(messages) / seconds


def _sent(serial: int) -> list[dict[str, Any]]:
    """What is sent of one dossier: as it comes in, is received, waits, goes on and is finished, and one step."""
    day = f"2023{serial % 12 + 1:02}{serial % 28 + 1:02}"
    pause = {
        "NgayBoSung": f"{day}090000",
        "NgayTiepNhanBoSung": "",
        "NgayHenTraTruoc": f"{day}160000",
        "NgayHenTraMoi": "",
    }
    came = pause | {"NgayTiepNhanBoSung": f"{day}100000", "NgayHenTraMoi": f"{day}170000"}
    submitted: dict[str, Any] = {
        "MaHoSo": f"H59.15-{day[2:]}-{serial:05}",
        "MaTTHC": "2.000635",
        "DonViXuLy": "H59.15",
        "KenhThucHien": str(serial % 3 + 1),
        "TrangThaiHoSo": "1",
        "NgayNopHoSo": f"{day}070000",
        "ChuHoSo": "Nguyễn Văn A",
        "SoDienThoai": "0912345678",
        "TrichYeuHoSo": "Đề nghị cấp bản sao trích lục hộ tịch",
        "DanhSachLePhi": [{"TenPhiLePhi": "Lệ phí", "Gia": "8000"}],
        "DuocThanhToanTrucTuyen": "1",
        "DanhSachHoSoBoSung": [],
    }
    received = submitted | {"TrangThaiHoSo": "2", "NgayTiepNhan": f"{day}080000", "NgayHenTra": f"{day}160000"}
    waits = received | {"TrangThaiHoSo": "5", "DanhSachHoSoBoSung": [pause]}
    goes_on = received | {"TrangThaiHoSo": "4", "DanhSachHoSoBoSung": [came], "NgayHenTra": f"{day}170000"}
    finished = goes_on | {"TrangThaiHoSo": "9", "NgayKetThucXuLy": f"{day}150000"}
    step = {
        "MaHoSo": submitted["MaHoSo"],
        "ThoiDiemXuLy": f"{day}110000",
        "NguoiXuLy": "cb-07",
        "PhongBanXuLy": "Hộ tịch",
    }
    return [submitted, received, waits, goes_on, finished, step | {"TrangThai": "4"}]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="motcua-bench-") as name:
        print(f"{machine()}\nnational snapshots to events: {measure(Path(name)):,.0f} a second of one core")  # noqa: T201
