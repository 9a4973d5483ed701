"""The daily follow-up as a person meets it:
whole lines in 80 columns, by department and officer, from a real reporting."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from motcua.cli import main
from services.reporting.figures.gauges import FigureGauges
from services.reporting.http.app import Reporting, create_app
from services.reporting.projecting.metrics import ProjectorHealth
from services.reporting.read_model.store import migrate, open_engine
from shared import catalogue
from tests.builders.events import Dated, event, received
from tests.builders.times import at
from tests.cli.recording_intake import serving
from tests.reporting.delivery import Topic, statuses

KEY = "a-key-for-this-test-only"
NOW = at("2023-02-10 15:00")
START = at("2023-02-01")
OFFICE: tuple[tuple[Dated, ...], ...] = (
    (
        received(START, due_at=at("2023-02-08 16:00"), department="H59.03"),
        event("processing_started", "2023-02-02 08:00", officer="o-1"),
        event("forwarded", "2023-02-03 08:00", agency="UBND xã Long Đức", due_at=at("2023-02-07 08:00")),
        event("apologised", "2023-02-09 08:00"),
        event("supplement_requested", "2023-02-09 09:00"),
    ),
    (received(START, due_at=at("2023-02-13 16:00")),),
    (received(START, due_at=at("2023-02-10 08:00")),),
    (received(START, due_at=at("2023-02-10 16:30"), department="X99.99"),),
)
KINDS: tuple[tuple[Dated, ...], ...] = (
    (event("submitted", "2023-02-09 10:00", channel="online", acceptance_due_at=at("2023-02-10 10:00")),),
    (received(at("2022-10-30 09:00"), due_at=None),),
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with _reporting_of(OFFICE, tmp_path_factory.mktemp("attention")) as where:
        yield where


@contextmanager
def _reporting_of(office: tuple[tuple[Dated, ...], ...], folder: Path) -> Iterator[str]:
    address = f"sqlite+aiosqlite:///{folder}/reporting.db"
    asyncio.run(_fill(address, office))
    engine, registry = open_engine(address), CollectorRegistry()
    gauges = FigureGauges(engine, _now, None)
    with serving(
        create_app(Reporting(engine, catalogue.load(), _now, SecretStr(KEY), ProjectorHealth(), registry, gauges))
    ) as where:
        yield where
    asyncio.run(engine.dispose())


async def _fill(address: str, office: tuple[tuple[Dated, ...], ...]) -> None:
    engine = open_engine(address)
    await migrate(engine)
    await Topic(engine).deliver(
        record for number, events in enumerate(office) for record in statuses(f"H59.15-230201-{number:04}", events)
    )
    await engine.dispose()


def _now() -> datetime:
    return NOW


def attention(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, *arguments: str) -> int:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["motcua", "attention", "--reporting", url, "--key", KEY, *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_the_list_is_read_by_department_and_officer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert attention(monkeypatch, tmp_path, url) == 0
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert max(map(len, lines)) <= 80
    assert lines == [
        "Sở Văn hóa, Thể thao và Du lịch (H59.03): 1 overdue, 0 due until 2023-02-14",
        "15:00",
        "  o-1: 1 overdue, 0 due",
        "    H59.15-230201-0000  2023-02-08 16:00  2 working days late  suspended,",
        "                                                               apologised, UBND",
        "                                                               xã Long Đức late",
        "                                                               since 2023-02-07",
        "                                                               08:00",
        "",
        "Sở Tư pháp (H59.15): 0 overdue, 2 due until 2023-02-14 15:00",
        "  no officer yet: 0 overdue, 2 due",
        "    H59.15-230201-0002  2023-02-10 08:00  today",
        "    H59.15-230201-0001  2023-02-13 16:00  1 working day left",
        "",
        "X99.99: 0 overdue, 1 due until 2023-02-14 15:00",
        "  no officer yet: 0 overdue, 1 due",
        "    H59.15-230201-0003  2023-02-10 16:30  1.5 working h left",
        "",
        "1 overdue, 3 due within 2d, as of 2023-02-10 15:00 (by-date/1).",
    ]


def test_the_list_speaks_vietnamese(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert attention(monkeypatch, tmp_path, url, "--lang", "vi") == 0
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert max(map(len, lines)) <= 80
    text = " ".join(" ".join(lines).split())
    for part in (
        "Sở Văn hóa, Thể thao và Du lịch (H59.03): 1 quá hạn, 0 sắp đến hạn đến 14/02/2023 15:00",
        "H59.15-230201-0000 08/02/2023 16:00 muộn 2 ngày làm việc tạm dừng,",
        "chưa phân công: 0 quá hạn, 2 sắp đến hạn",
        "H59.15-230201-0002 10/02/2023 08:00 hôm nay",
        "H59.15-230201-0001 13/02/2023 16:00 còn 1 ngày làm việc",
        "H59.15-230201-0003 10/02/2023 16:30 còn 1,5 giờ làm việc",
        "1 quá hạn, 3 sắp đến hạn trong 2 ngày làm việc, tính đến 10/02/2023 15:00 (by-date/1).",
    ):
        assert part in text
    assert attention(monkeypatch, tmp_path, url, "--lang", "vi", "--department", "H59.77") == 2
    assert "'H59.77' không có trong danh mục; có thể chọn: " in " ".join(capsys.readouterr().err.split())


def test_a_shorter_list_says_that_it_is_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert attention(monkeypatch, tmp_path, url, "--limit", "1") == 0
    text = capsys.readouterr().out
    assert "H59.15-230201-0000" in text
    assert "H59.15-230201-0001" not in text
    assert " ".join(text.split()).endswith(
        "1 overdue, 3 due within 2d, as of 2023-02-10 15:00 (by-date/1). The 1 most urgent of 4 are shown."
    )


def test_one_department_and_another_time_can_be_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert attention(monkeypatch, tmp_path, url, "--within", "1h", "--department", "H59.15") == 0
    text = capsys.readouterr().out
    assert "0 overdue, 1 due within 1h" in text
    assert "X99.99" not in text


def test_other_kinds_are_told_from_deadlines(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with _reporting_of(KINDS, tmp_path) as url:
        assert attention(monkeypatch, tmp_path, url, "--idle-months", "2") == 0
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert max(map(len, lines)) <= 80
    assert lines == [
        "Sở Tư pháp (H59.15): 0 overdue, 0 due, 1 to accept and late, 1 idle until",
        "2023-02-14 15:00",
        "  no officer yet: 0 overdue, 0 due, 1 to accept and late, 1 idle",
        "    H59.15-230201-0000  2023-02-10 10:00  3.0 working h late  to be accepted or",
        "                                                              declined",
        "    H59.15-230201-0001  2022-12-30 09:00                      nothing happens",
        "",
        "0 overdue, 0 due, 1 to accept and late, 1 idle within 2d, as of 2023-02-10 15:00",
        "(by-date/1).",
    ]


def test_a_wrong_time_says_how_to_write_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert attention(monkeypatch, tmp_path, url, "--within", "tomorrow") == 2
    assert "write 2d for two days of 8 working hours or 6h for six" in capsys.readouterr().err
    assert attention(monkeypatch, tmp_path, url, "--within", "tomorrow", "--lang", "vi") == 2
    assert "hãy ghi 2d là hai ngày 8 giờ hoặc 6h là sáu giờ" in capsys.readouterr().err


def test_a_long_list_is_fetched_page_by_page(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert attention(monkeypatch, tmp_path, url) == 0
    whole = capsys.readouterr().out
    monkeypatch.setattr("motcua.terminal.dossiers.PAGE", 1)
    assert attention(monkeypatch, tmp_path, url) == 0
    assert capsys.readouterr().out == whole
