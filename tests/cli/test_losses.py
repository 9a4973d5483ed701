"""What real senders get wrong in their snapshots is named, dossier by dossier, and no figure is made of it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from motcua.mapping.facts import Fact, UnusableRow
from motcua.mapping.losses import Loss, Losses, LossKind
from motcua.mapping.model import load, mapping_file
from motcua.mapping.snapshots import Snapshots
from tests.builders.times import at

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


@pytest.mark.parametrize(
    ("change", "events", "ends"),
    [
        ({"TrangThaiHoSo": "10"}, ["resolved 12 08:00", "returned 13 08:00"], "NgayKetThucXuLy: resolved on 12/12"),
        ({"TrangThaiHoSo": "9"}, ["resolved 12 08:00"], "NgayKetThucXuLy: resolved on 12/12"),
        ({"TrangThaiHoSo": "10", "NgayKetThucXuLy": ""}, ["returned 13 08:00"], "NgayTra: returned on 13/12"),
    ],
)
def test_a_result_that_was_handed_over_while_papers_were_awaited_ends_the_pause_and_is_named(
    change: dict[str, Any], events: list[str], ends: str
) -> None:
    finished = PAUSED | {"NgayKetThucXuLy": "20231212080000", "NgayTra": "20231213080000"} | change
    found, losses = told(PAUSED, finished)
    assert found == ["received 08 08:31", "supplement_requested 11 08:00", *events]
    assert [detail for kind, detail in losses if kind is LossKind.FINISHED_WHILE_PAUSED] == [
        f"{ends}/2023 08:00 ends the pause"
    ]


@pytest.mark.parametrize(("state", "event"), [("7", "withdrawn"), ("8", "stopped")])
def test_a_dossier_may_be_withdrawn_or_stopped_while_papers_are_awaited(state: str, event: str) -> None:
    closed = PAUSED | {"TrangThaiHoSo": state, "NgayKetThucXuLy": "20231212080000"}
    assert told(PAUSED, closed) == (
        ["received 08 08:31", "supplement_requested 11 08:00", f"{event} 12 08:00"],
        [],
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


STEP = {"MaHoSo": CODE, "ThoiDiemXuLy": "20231212080000", "NguoiXuLy": "o-17", "NgayKetThucTheoQuyDinh": "20231213"}


def test_a_step_has_its_place_while_papers_are_awaited_and_after_the_closing() -> None:
    came = {"NgayBoSung": "20231211080000", "NgayTiepNhanBoSung": "20231213080000"}
    finished = RECEIVED | {
        "TrangThaiHoSo": "10",
        "NgayKetThucXuLy": "20231214080000",
        "NgayTra": "20231218080000",
        "DanhSachHoSoBoSung": [came | {"NgayHenTraTruoc": "20231215083100", "NgayHenTraMoi": "20231219083100"}],
    }
    events, losses = told(STEP, finished, STEP | {"ThoiDiemXuLy": "20231215080000"})
    assert events[2:] == [
        "assigned 12 08:00",
        "supplemented 13 08:00",
        "resolved 14 08:00",
        "assigned 15 08:00",
        "returned 18 08:00",
    ]
    assert losses == []


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (
            {"ThoiDiemXuLy": "20231207080000"},
            "ThoiDiemXuLy: assigned on 07/12/2023 08:00 is left out: the dossier is not there yet (unknown_dossier)",
        ),
        (
            {"NguoiXuLy": "", "PhongBanXuLy": " "},
            "ThoiDiemXuLy: 12/12/2023 08:00 names nobody; PhongBanXuLy, NguoiXuLy are empty",
        ),
    ],
)
def test_a_step_that_no_event_can_tell_is_named_and_the_rest_stands(change: dict[str, Any], detail: str) -> None:
    events, losses = told(STEP | change, RECEIVED)
    assert events == ["received 08 08:31"]
    assert losses == [(LossKind.STEP, detail)]


def taken(*snapshots: dict[str, Any], mapping: str = "national") -> tuple[list[Fact], list[Loss]]:
    """The facts of the one dossier, and the losses."""
    losses = Losses()
    snapshots_of_it = Snapshots(load(mapping), NOW, losses)
    for number, snapshot in enumerate(snapshots):
        snapshots_of_it.add(snapshot, number)
    ((_, facts, _),) = snapshots_of_it.dossiers()
    return facts, list(losses)


def test_a_step_has_its_own_deadline_and_told_with_another_one_is_the_same_step() -> None:
    later = STEP | {"NgayKetThucTheoQuyDinh": "20231220", "PhongBanXuLy": ""}
    none = STEP | {"ThoiDiemXuLy": "20231212090000", "NgayKetThucTheoQuyDinh": "0"}
    finished = RECEIVED | {"TrangThaiHoSo": "9", "NgayKetThucXuLy": "20231214080000"}
    facts, losses = taken(STEP, later, none, finished)
    assert [(fact.event, fact.data.get("due_at")) for fact in facts[1:]] == [
        ("assigned", at("2023-12-20 00:00")),
        ("assigned", None),
        ("resolved", None),
    ]
    assert [loss.kind for loss in losses] == [LossKind.CHANGED]


def test_the_place_of_receipt_is_that_of_the_sender_in_both_forms_of_its_code() -> None:
    for written in ("H59.01", "000.00.01.H59"):
        (received,), losses = taken(RECEIVED | {"madonvi": written})
        assert received.data["received_by"] == "H59.01"
        assert losses == []


def test_a_code_of_the_older_form_is_a_dossiers_code_as_it_is() -> None:
    snapshots = Snapshots(load("national"), NOW, Losses())
    code = "000.00.15.H59-231208-0001"
    assert snapshots.add(RECEIVED | {"MaHoSo": code, "DonViXuLy": "000.00.15.H59"}, 1) == code
    ((found, (received,), _),) = snapshots.dossiers()
    assert (found, received.data["department"]) == (code, "H59.15")


def changed(tmp_path: Path, *changes: tuple[str, str]) -> str:
    """The shipped mapping with what an office changed in it."""
    text = mapping_file("national").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file = tmp_path / "mine.toml"
    file.write_text(text)
    return str(file)


def test_a_sender_that_is_no_place_of_receipt_and_a_channel_nobody_noted_are_for_the_mapping_to_say(
    tmp_path: Path,
) -> None:
    mine = changed(
        tmp_path,
        ('# [words.received_by]\n# "000.00.00.H59" = ""', '[words.received_by]\n"000.00.00.H59" = ""'),
        ('"" = "in_person"  # as', '"" = "unknown"  # not as'),
    )
    (received,), losses = taken(RECEIVED | {"madonvi": "000.00.00.H59"}, mapping=mine)
    assert (received.data.get("received_by"), received.data["channel"]) == (None, "unknown")
    assert losses == []


def test_a_pause_that_lapsed_is_no_longer_open_when_the_dossier_is_finished(tmp_path: Path) -> None:
    lapsed = '[[events]]\nevent = "supplement_lapsed"\ntime = "NgayHetHan"\n\n[pauses]'
    mine = changed(tmp_path, ("[pauses]", lapsed))
    finished = {"TrangThaiHoSo": "9", "NgayKetThucXuLy": "20231214080000", "NgayHetHan": "20231213080000"}
    facts, losses = taken(PAUSED | finished, mapping=mine)
    assert [fact.event for fact in facts] == ["received", "supplement_requested", "supplement_lapsed", "resolved"]
    assert losses == []


EIGHT = RECEIVED | {"TrangThaiHoSo": "8", "NgayKetThucXuLy": "20231211080000"}
SUSPENDED = ('"8" = "stopped"', '"8" = "suspended"')


def test_state_8_stops_unless_the_mapping_says_that_it_suspends(tmp_path: Path) -> None:
    facts, losses = taken(EIGHT)
    assert [fact.event for fact in facts] == ["received", "stopped"]
    text = mapping_file("national").read_text()
    commented = text[text.index("# [[events]]") :]
    mine = changed(tmp_path, SUSPENDED, (commented, commented.replace("# ", "")))
    facts, losses = taken(EIGHT, mapping=mine)
    assert [(fact.event, fact.data.get("ground")) for fact in facts] == [
        ("received", None),
        ("suspended", "tạm dừng (trạng thái 8)"),
    ]
    assert losses == []
    went_on = RECEIVED | {"TrangThaiHoSo": "9", "NgayKetThucXuLy": "20231214080000"}
    facts, losses = taken(went_on, EIGHT, mapping=mine)
    assert [fact.event for fact in facts] == ["received", "suspended", "resolved"]
    assert [(loss.kind, loss.detail) for loss in losses] == [
        (LossKind.FINISHED_WHILE_PAUSED, "NgayKetThucXuLy: resolved on 14/12/2023 08:00 ends the pause")
    ]


def test_a_suspension_that_nothing_dates_is_named(tmp_path: Path) -> None:
    facts, losses = taken(EIGHT | {"NgayKetThucXuLy": ""}, mapping=changed(tmp_path, SUSPENDED))
    assert [fact.event for fact in facts] == ["received"]
    assert [(loss.kind, loss.detail) for loss in losses] == [(LossKind.NO_SUSPENSION_DATES, "the pause can't be dated")]


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
        (
            {"madonvi": "Sở Tư pháp"},
            r"madonvi: 'Sở Tư pháp' is no code of a unit such as H59.15; .*\[words.received_by\]",
        ),
        ({"DanhSachHoSoBoSung": "[]"}, r"DanhSachHoSoBoSung: is no list of objects; send \[\]"),
        ({"DanhSachHoSoBoSung": [{}]}, "DanhSachHoSoBoSung.NgayBoSung: is empty; say when the papers were asked for"),
    ],
)
def test_a_snapshot_that_cannot_be_read_says_member_and_fix(change: dict[str, Any], said: str) -> None:
    taken = Snapshots(load("national"), NOW, Losses())
    with pytest.raises(UnusableRow, match=said):
        taken.add(RECEIVED | change, 1)
    assert list(taken.dossiers()) == [], "nothing of it was taken"
