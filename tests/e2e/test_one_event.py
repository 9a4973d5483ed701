"""The thinnest thread: one event over HTTP becomes a figure, through the real broker; and what must not become one."""

import json
from pathlib import Path

import httpx
import pytest

from tests.access.made_keys import make_key
from tests.e2e.conftest import StackClient
from tests.support.ports import free_port_base
from tests.support.stack import start_stack
from tests.support.wait import wait_until

RECEIVED = {
    "specversion": "1.0",
    "id": "one",
    "source": "/tests",
    "type": "vn.motcua.dossier.received.v1",
    "subject": "H59.15-231208-0001",
    "time": "2023-12-08T08:31:00+07:00",
    "datacontenttype": "application/json",
    "data": {"department": "H59.15", "procedure": "2.000635", "channel": "online", "online_level": "full"},
}


@pytest.fixture(scope="module")
def client(module_client: StackClient) -> StackClient:
    """One stack; each test has a month of its own."""
    return module_client


def test_one_event_becomes_a_figure_and_closes_with_its_class(client: StackClient) -> None:
    batch = client.post("/v1/events", json=[RECEIVED], headers={"Content-Type": "application/cloudevents-batch+json"})
    assert batch.json() == {"accepted": 1, "duplicates": 0, "rejected": 0, "rejections": []}

    def total() -> dict[str, int]:
        found: dict[str, int] = client.figures("2023-12-01", "2023-12-31")["total"]
        return found

    wait_until(lambda: total()["received_total"] == 1, 30, "the dossier is received in the figures")
    assert (total()["received_online"], total()["in_progress_total"], total()["resolved_total"]) == (1, 1, 0)

    resolved = client.post(
        "/v1/dossiers/H59.15-231208-0001/events", json={"event": "resolved", "occurred_at": "2023-12-15T16:00:00+07:00"}
    )
    assert resolved.status_code == httpx.codes.CREATED, resolved.text
    assert (resolved.json()["sequence"], resolved.json()["timeliness"]) == (2, "on_time")
    wait_until(lambda: total()["resolved_on_time"] == 1, 30, "the dossier is resolved in the figures")
    assert total()["in_progress_total"] == 0

    metrics = httpx.get(f"{client.stack.processing}/metrics", headers=client.stack.headers).text
    assert 'motcua_processing_dossiers{department="H59.15",timeliness="on_time"} 1.0' in metrics
    operator = make_key(client.stack.data_dir / "access", "operator@*")
    verified = client.motcua("verify", "--key", operator)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_each_bad_line_is_refused_alone_with_its_number_and_reason(client: StackClient, tmp_path: Path) -> None:
    def event(number: int, name: str, when: str, **data: str) -> str:
        about = RECEIVED["data"] if name == "received" else {}
        assert isinstance(about, dict)
        return json.dumps(
            RECEIVED
            | {
                "id": f"e{number}",
                "type": f"vn.motcua.dossier.{name}.v1",
                "time": f"{when}+07:00",
                "data": about | data,
            }
        )

    lines = [
        event(1, "received", "2023-12-08T08:31:00"),
        "{this is no JSON",
        event(3, "received", "2023-12-08T08:31:00", department="H77.99").replace("-0001", "-0002"),
        event(4, "supplemented", "2023-12-09T08:00:00"),
        event(5, "processing_started", "2023-12-07T08:00:00"),
        event(6, "processing_started", "2023-12-09T09:00:00"),
        event(1, "received", "2023-12-08T08:31:00"),
        event(8, "resolved", "2023-12-10T09:00:00", outcome="perhaps"),
    ]
    file = tmp_path / "events.ndjson"
    file.write_text("\n".join(lines).replace("2023-12", "2023-11").replace("-2312", "-2311") + "\n")
    imported = client.motcua("import", file)
    assert imported.returncode == 1, imported.stdout + imported.stderr
    rejected = [json.loads(line) for line in file.with_name("events.ndjson.rejected.ndjson").read_text().splitlines()]
    assert {each["line"]: each["code"] for each in rejected} == {
        2: "malformed",
        3: "unknown_department",
        4: "transition_not_allowed",
        5: "time_goes_back",
        8: "malformed",
    }
    assert all(each["detail"] for each in rejected)
    client.settle()
    assert client.figures("2023-11-01", "2023-11-30")["total"]["received_total"] == 1


def test_a_second_stack_on_the_same_folder_is_refused(client: StackClient) -> None:
    with pytest.raises(
        AssertionError, match=rf"exit code 1.*(.|\n)*already running on .* \(process {client.stack.process.pid}\)"
    ):
        start_stack(client.stack.data_dir, free_port_base())
