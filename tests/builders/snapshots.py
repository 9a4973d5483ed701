"""Random lives of dossiers as a counter's own software has them: the events it could send, the snapshots it sends."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import msgspec

from shared.contract.envelope import event_type
from shared.domain.dossier import Dossier
from shared.domain.texts import canonical_unit
from tests.builders.times import at
from tests.support.log_in_memory import LogInMemory

DEPARTMENTS = ("H59.15", "H59.02")
PROCEDURES = {"H59.15": ("2.000635",), "H59.02": ("1.004616", "1.003709")}
KINDS = {"in_person": ("", "1"), "online": ("2",), "postal": ("3",)}
GAPS = [timedelta(0), timedelta(minutes=25), timedelta(hours=5), timedelta(days=1), timedelta(days=3, hours=2)]
STATES = {"submitted": 1, "received": 2, "declined": 3, "processing": 4, "awaiting_supplement": 5}
STATES |= {"withdrawn": 7, "stopped": 8, "resolved": 9, "returned": 10}
Message = dict[str, Any]
_NUMBERS = count(1)


def written(instant: datetime | None) -> str:
    return "" if instant is None else f"{instant:%Y%m%d%H%M%S}"


class TwofoldLife:
    """One dossier, lived in a log as events are sent one by one; `messages` go to the national portal meanwhile."""

    def __init__(self, rng: Random, code: str, log: LogInMemory) -> None:
        self._rng, self._log = rng, log
        self.code = code
        self._at = at("2023-02-01 07:00") + timedelta(days=rng.randrange(300), minutes=rng.randrange(600))
        self._department = rng.choice(DEPARTMENTS)
        self._procedure = rng.choice(PROCEDURES[self._department])
        self._channel = rng.choice(list(KINDS))
        self._kind = rng.choice(KINDS[self._channel])
        self._place = rng.choice(["", "H59.01", "000.00.19.H59"])
        self._fee = rng.choice([0, 0, 50_000])
        self._gives_due = rng.random() < 0.8
        self._dates: dict[str, datetime] = {}
        self._pauses: list[dict[str, str]] = []
        self._return_channel = "0"
        self.messages: list[Message] = []

    @property
    def dossier(self) -> Dossier:
        return self._log.dossiers[self.code]

    def live(self) -> None:
        rng, about = self._rng, {"department": self._department, "procedure": self._procedure, "channel": self._channel}
        if self._place:
            about["received_by"] = canonical_unit(self._place)
        if rng.random() < 0.6:
            self._happens("submitted", "NgayNopHoSo", **about)
            if rng.random() < 0.1:
                self._happens("declined", "NgayTuChoi", reason="không được tiếp nhận (trạng thái 3)")
                return
            if rng.random() < 0.1:
                return
        due = {"due_at": self._at + timedelta(days=rng.randint(6, 25))} if self._gives_due else {}
        self._happens("received", "NgayTiepNhan", **about, **due)
        if self._fee:
            self._send("fee_paid", amount_vnd=self._fee, paid_online=True)
        for _ in range(rng.randrange(5)):
            if rng.random() < 0.5:
                self._step()
            elif self._pause():
                return
        self._close(["", "stopped", "withdrawn", "returned", "resolved", "resolved", "resolved and returned"])

    def _step(self) -> None:
        self._later(GAPS[1:])  # two steps of one instant by the same officer are one to any reader
        unit, officer = self._rng.choice([("", "o-17"), ("Phòng Hộ tịch", ""), ("Phòng Hộ tịch", "cb.03")])
        due = self._rng.choice([None, self._at + timedelta(days=2)])
        given = {name: value for name, value in (("unit", unit), ("officer", officer), ("due_at", due)) if value}
        self._send("assigned", **given)
        step = {
            "MaHoSo": self.code,
            "PhongBanXuLy": unit,
            "NguoiXuLy": officer,
            "ThoiDiemXuLy": written(self._at),
            "NgayKetThucTheoQuyDinh": written(due),
            "TrangThai": "4",
        }
        self.messages += [step, self._snapshot()]

    def _pause(self) -> bool:
        """Papers are asked for; whether they never come, and the dossier may be closed all the same."""
        self._later(GAPS[1:])
        self._send("supplement_requested")
        self._pauses.append({"NgayBoSung": written(self._at), "NgayTiepNhanBoSung": "", "NgayHenTraMoi": ""})
        self._pauses[-1]["NgayHenTraTruoc"] = self._due
        self.messages.append(self._snapshot())
        if self._rng.random() < 0.2:
            self._step()
        if self._rng.random() < 0.25:
            # a result that nobody has in hand is no end of a pause to the importer: tests/cli/test_losses.py
            self._close(["", "stopped", "withdrawn", "returned", "resolved and returned"])
            return True
        self._later()
        self._send("supplemented")
        self._pauses[-1] |= {"NgayTiepNhanBoSung": written(self._at), "NgayHenTraMoi": self._due}
        self.messages.append(self._snapshot())
        return False

    def _close(self, ways: Sequence[str]) -> None:
        way = self._rng.choice(ways)
        if way == "stopped":
            self._happens("stopped", "NgayKetThucXuLy", reason="dừng xử lý (trạng thái 8)")
        elif way == "withdrawn":
            self._happens("withdrawn", "NgayKetThucXuLy", reason="công dân rút hồ sơ (trạng thái 7)")
        if "resolved" in way:
            self._happens("resolved", "NgayKetThucXuLy")
        if "returned" in way:
            self._return_channel = self._rng.choice(["0", "1"])
            channel = "postal" if self._return_channel == "1" else "in_person"
            self._happens("returned", "NgayTra", channel=channel)
        if way and self._rng.random() < 0.1:
            self._step()

    def _later(self, gaps: Sequence[timedelta] = GAPS) -> None:
        self._at += self._rng.choice(gaps)

    def _happens(self, event: str, member: str, **data: Any) -> None:
        """An event that a member of the snapshot dates."""
        if self._dates:
            self._later()
        if event == "received" and "due_at" in data:
            data["due_at"] += self._at - self._at.replace(hour=0)
        self._send(event, **data)
        self._dates[member] = self._at
        self.messages.append(self._snapshot())

    def _send(self, event: str, **data: Any) -> None:
        sent = {"specversion": "1.0", "id": f"direct-{next(_NUMBERS)}", "source": "/direct", "type": event_type(event)}
        self._log.accepts([msgspec.json.encode(sent | {"subject": self.code, "time": self._at, "data": data})])

    @property
    def _due(self) -> str:
        """The deadline as the counter's software knows it: not when intake counted it."""
        return written(self.dossier.due_at) if self._gives_due else ""

    def _snapshot(self) -> Message:
        dates = {
            name: written(self._dates.get(name))
            for name in ("NgayNopHoSo", "NgayTiepNhan", "NgayKetThucXuLy", "NgayTra", "NgayTuChoi")
        }
        return {
            "MaHoSo": self.code,
            "madonvi": self._place,
            "MaTTHC": self._procedure,
            "DonViXuLy": self._department,
            "KenhThucHien": self._kind,
            "TrangThaiHoSo": str(STATES[self.dossier.state]),
            "HinhThuc": self._return_channel,
            "NgayHenTra": self._due,
            "ChuHoSo": "Nguyễn Văn A",
            "SoDienThoai": "0912345678",
            "TrichYeuHoSo": "Đơn của ông Nguyễn Văn A, CCCD 079085001234",
            "DanhSachHoSoBoSung": [dict(pause) for pause in self._pauses],
            "DanhSachLePhi": [{"Gia": str(self._fee)}] if self._fee else None,
            "DuocThanhToanTrucTuyen": "1" if self._fee else "0",
            **dates,
        }
