"""`motcua explain` against a real intake: the dossier by its names, then step by step."""

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from motcua.cli import main
from tests.intake.sending import CODE, NDJSON, cloud_event, lines, received
from tests.support.ports import free_port_base
from tests.support.service import HEADERS, KEY, Service, service


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Service]:
    environment = {
        "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/intake.db",
        "KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "DRAIN_SECONDS": "0",
        "CLOCK": "2023-12-20T09:00:00+07:00",
    }
    with service("intake", free_port_base(1), environment, tmp_path / "intake.log") as running:
        yield running


def test_it_names_procedure_field_and_department_and_tells_the_return(
    intake: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    events = lines(
        received(online_level="full"),
        cloud_event("resolved", "2023-12-15T15:00"),
        cloud_event("returned", "2023-12-18T09:10", channel="postal"),
    )
    httpx.post(f"{intake.url}/v1/events", content=events, headers=HEADERS | {"content-type": NDJSON}).raise_for_status()
    procedure = next(
        each for each in httpx.get(f"{intake.url}/v1/procedures", headers=HEADERS).json() if each["code"] == "2.000635"
    )
    monkeypatch.setattr(sys, "argv", ["motcua", "explain", CODE, "--intake", intake.url, "--key", KEY])
    with pytest.raises(SystemExit) as ended:
        main()
    output = capsys.readouterr().out
    assert ended.value.code == 0
    assert max(map(len, output.splitlines())) <= 80
    said = " ".join(output.split())
    assert said.startswith(f"{CODE}: returned 2.000635 {procedure['name']} field: {procedure['field']} H59.15 Sở ")
    assert "1. Received Fri 2023-12-08 08:31 (online, full) by H59.15" in said
    assert "Returned Mon 2023-12-18 09:10 (postal)" in said
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--lang", "vi"])
    with pytest.raises(SystemExit) as ended:
        main()
    said = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == 0
    assert said.startswith(f"{CODE}: đã trả kết quả 2.000635 {procedure['name']} lĩnh vực: {procedure['field']} H59.15")
    assert "1. Tiếp nhận thứ Sáu 08/12/2023 08:31 (trực tuyến, toàn trình) tại H59.15; bắt đầu tính thời hạn." in said
    assert "Trả kết quả thứ Hai 18/12/2023 09:10 (bưu chính công ích): người nộp đã nhận kết quả." in said
