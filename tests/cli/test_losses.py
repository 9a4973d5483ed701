"""What real senders get wrong in their snapshots is named, dossier by dossier, and no figure is made of it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from motcua.mapping.facts import UnusableRow
from motcua.mapping.losses import Losses, LossKind
from motcua.mapping.model import load
from motcua.mapping.snapshots import Snapshots

NOW = datetime(2024, 6, 1, tzinfo=UTC)
CODE = "H59.15-231208-0001"
RECEIVED: dict[str, Any] = {
    "MaHoSo": CODE,
    "MaTTHC": "2.000635",
    "DonViXuLy": "H59.15",
    "KenhThucHien": "",
    "TrangThaiHoSo": "2",
    "NgayTiepNhan": "20231208083100",
    "NgayHenTra": "20231215083100",
    "DanhSachHoSoBoSung": [],
    "ChuHoSo": "Nguyễn Văn A",
}
PAUSED = RECEIVED | {"TrangThaiHoSo": "5", "DanhSachHoSoBoSung": [{"NgayBoSung": "20231211080000"}]}


def told(*snapshots: dict[str, Any]) -> tuple[list[str], list[tuple[LossKind, str]]]:
    """The events that the snapshots become, and the losses, whichever order they come in."""
    found = []
    for order in (snapshots, snapshots[::-1]):
        losses = Losses()
        taken = Snapshots(load("national"), NOW, losses)
        for number, snapshot in enumerate(order):
            taken.add(snapshot, number)
        events = [f"{fact.event} {fact.at:%d %H:%M}" for _, facts, _ in taken.dossiers() for fact in facts]
        found.append((events, [(loss.kind, loss.detail) for loss in losses]))
    assert found[0] == found[1], "the order of the snapshots makes no difference"
    return found[0]


def test_a_paused_dossier_sent_as_finished_stays_paused() -> None:
    finished = PAUSED | {"TrangThaiHoSo": "9", "NgayKetThucXuLy": "20231212080000"}
    assert told(finished) == (
        ["received 08 08:31", "supplement_requested 11 08:00"],
        [
            (
                LossKind.FINISHED_WHILE_PAUSED,
                "NgayKetThucXuLy: resolved on 12/12/2023 08:00 is left out; it stays paused",
            )
        ],
    )


def test_a_pause_that_no_list_dates_is_a_loss_until_a_snapshot_dates_it() -> None:
    unlisted = RECEIVED | {"TrangThaiHoSo": "5", "DanhSachHoSoBoSung": None}
    assert told(unlisted) == (
        ["received 08 08:31"],
        [(LossKind.NO_SUPPLEMENTS, "DanhSachHoSoBoSung has no open entry")],
    )
    assert told(unlisted, PAUSED) == (["received 08 08:31", "supplement_requested 11 08:00"], [])


def test_a_closing_that_went_on_later_was_none() -> None:
    finished = RECEIVED | {"TrangThaiHoSo": "9", "NgayKetThucXuLy": "20231210080000"}
    came = {"NgayBoSung": "20231211080000", "NgayTiepNhanBoSung": "20231213080000"}
    went_on = RECEIVED | {
        "TrangThaiHoSo": "4",
        "DanhSachHoSoBoSung": [came | {"NgayHenTraTruoc": "20231215083100", "NgayHenTraMoi": "20231219083100"}],
    }
    events, losses = told(finished, went_on)
    assert events == ["received 08 08:31", "supplement_requested 11 08:00", "supplemented 13 08:00"]
    assert losses == [(LossKind.REOPENED, "NgayKetThucXuLy: resolved on 10/12/2023 08:00 is left out")]


def test_a_deadline_that_moved_without_a_pause_is_the_first_and_named() -> None:
    moved = RECEIVED | {"NgayHenTra": "20231220083100", "TrangThaiHoSo": "9", "NgayKetThucXuLy": "20231218080000"}
    losses = Losses()
    taken = Snapshots(load("national"), NOW, losses)
    taken.add(moved, 1)
    taken.add(RECEIVED, 2)
    ((_, facts, _),) = taken.dossiers()
    assert f"{facts[0].data['due_at']:%d/%m}" == "15/12"
    assert [loss.kind for loss in losses] == [LossKind.CHANGED]


@pytest.mark.parametrize(
    ("change", "events", "kind", "detail"),
    [
        ({"TrangThaiHoSo": "11"}, ["received 08 08:31"], LossKind.UNKNOWN_STATE, "TrangThaiHoSo: '11'"),
        ({"TrangThaiHoSo": "9"}, ["received 08 08:31"], LossKind.NO_DATE, "state resolved, NgayKetThucXuLy is empty"),
        ({"TrangThaiHoSo": "6"}, ["received 08 08:31"], LossKind.NO_PAYMENT_DATES, "the wait can't be dated"),
        (
            {"NgayKetThucXuLy": "20231212"},
            ["received 08 08:31"],
            LossKind.NO_STATE,
            "NgayKetThucXuLy: 12/12/2023 00:00",
        ),
        ({"NgayTiepNhan": ""}, [], LossKind.NO_RECEIPT, "NgayNopHoSo, NgayTiepNhan: empty; nothing of it is sent"),
        ({"NgayTiepNhan": "20331208083100"}, [], LossKind.FUTURE, "NgayTiepNhan: 08/12/2033 08:31"),
        (
            {"DanhSachLePhi": [{"Gia": "năm mươi"}]},
            ["received 08 08:31"],
            LossKind.FEES,
            "DanhSachLePhi: 'năm mươi' is no whole number",
        ),
        (
            {"DanhSachLePhi": [{"Gia": "50000"}], "DuocThanhToanTrucTuyen": "0"},
            ["received 08 08:31"],
            LossKind.FEES,
            "50000 VND; DuocThanhToanTrucTuyen 0 does not say that it was paid",
        ),
        ({"madonvi": "H59.01"}, ["received 08 08:31"], LossKind.NO_FIELD, "place of receipt: madonvi H59.01"),
        (
            {"NgayNopHoSo": "20231209080000"},
            ["received 08 08:31"],
            LossKind.ORDER,
            "NgayNopHoSo: submitted on 09/12/2023 08:00 is left out: the dossier is received (transition_not_allowed)",
        ),
    ],
)
def test_what_cannot_be_carried_over_is_named(
    change: dict[str, Any], events: list[str], kind: LossKind, detail: str
) -> None:
    found, losses = told(RECEIVED | change)
    assert found == events
    assert any(loss == kind and said.startswith(detail) for loss, said in losses), losses


def test_a_step_that_the_lifecycle_has_no_place_for_is_named_and_the_rest_stands() -> None:
    step = {
        "MaHoSo": CODE,
        "ThoiDiemXuLy": "20231212080000",
        "NguoiXuLy": "o-17",
        "NgayKetThucTheoQuyDinh": "20231213080000",
    }
    came = {"NgayBoSung": "20231211080000", "NgayTiepNhanBoSung": "20231213080000"}
    paused = RECEIVED | {
        "DanhSachHoSoBoSung": [came | {"NgayHenTraTruoc": "20231215083100", "NgayHenTraMoi": "20231219083100"}]
    }
    events, losses = told(step, paused)
    assert events == ["received 08 08:31", "supplement_requested 11 08:00", "supplemented 13 08:00"]
    assert [kind for kind, _ in losses] == [LossKind.STEP, LossKind.NO_FIELD]


def test_what_programs_write_where_there_is_no_date_is_none() -> None:
    assert told(RECEIVED | {"NgayTra": "00010101000000", "NgayNopHoSo": 0}) == (["received 08 08:31"], [])


def test_nothing_personal_is_in_any_event() -> None:
    losses = Losses()
    taken = Snapshots(load("national"), NOW, losses)
    people = {
        "ChuHoSo": "Lê Thị Riêng",
        "SoDienThoai": "0912345678",
        "Email": "rieng@example.vn",
        "TrichYeuHoSo": "Đơn của Lê Thị Riêng",
    }
    taken.add(PAUSED | people | {"GhiChu": "gọi Lê Thị Riêng"}, 1)
    ((_, facts, _),) = taken.dossiers()
    said = str(facts) + str(list(losses))
    assert not any(word in said for word in ("Riêng", "0912345678", "example.vn"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"MaTTHC": 1.00463}, r"MaTTHC: the cell holds the number 1.00463.*was it 1.004630\?"),
        ({"MaHoSo": None}, "MaHoSo: is empty; write the dossier's code"),
        (
            {"NgayTiepNhan": "08-12-2023"},
            "NgayTiepNhan: '08-12-2023' is not a date of this mapping; write it like 20231208083100",
        ),
        ({"KenhThucHien": "4"}, "KenhThucHien: '4' is none of the words for channel"),
        ({"DanhSachHoSoBoSung": "[]"}, r"DanhSachHoSoBoSung: is no list of objects; send \[\]"),
        ({"DanhSachHoSoBoSung": [{}]}, "DanhSachHoSoBoSung.NgayBoSung: is empty; say when the papers were asked for"),
    ],
)
def test_a_snapshot_that_cannot_be_read_says_member_and_fix(change: dict[str, Any], said: str) -> None:
    taken = Snapshots(load("national"), NOW, Losses())
    with pytest.raises(UnusableRow, match=said):
        taken.add(RECEIVED | change, 1)
    assert list(taken.dossiers()) == [], "nothing of it was taken"
