"""A person's data, planted wherever something can be sent, are found nowhere but encrypted; erased, they stay gone."""

import asyncio
import csv
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import httpx
import pytest

from shared.contract.topics import TOPICS
from tests.e2e.conftest import StackClient
from tests.e2e.planting import (
    ABOUT,
    AT_HOME,
    CONTROL,
    IN_ONE,
    PERSON,
    PLANTED,
    TIME,
    cloud_events,
    files_of,
    found,
    new_dossiers,
    opened,
    short_forms,
)
from tests.faults.topics import read
from tests.support.ports import free_port_base
from tests.support.stack import RunningStack, start_stack

YEAR = {"from": "2023-01-01", "to": "2023-12-31"}
NDJSON = {"Content-Type": "application/x-ndjson"}
SHEET = ["Mã hồ sơ", "Mã TTHC", "Cơ quan", "Hình thức nộp", "Ngày tiếp nhận", "Ngày dừng xử lý", "Lý do"]
PERSONAL = ["Họ và tên", "Số điện thoại", "Email", "Địa chỉ", "CCCD"]
EXPORTS = ("figures", "form", "dossiers", "attention", "figures/changes", "figures/dossiers")


class Planter:
    """Sends to one stack whatever holds the person, and reads whatever the stack gives."""

    def __init__(self, stack: RunningStack) -> None:
        self.stack = stack
        self.answers: list[httpx.Response] = []
        self._http = httpx.Client(headers=stack.headers, timeout=60, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def send(self, method: str, url: str, **arguments: Any) -> httpx.Response:
        answer = self._http.request(method, url, **arguments)
        assert answer.status_code < 500, (url, answer.text)
        self.answers.append(answer)
        return answer

    def bulk(self, events: list[dict[str, Any]], media_type: str = NDJSON["Content-Type"]) -> dict[str, Any]:
        lines = [json.dumps(event, ensure_ascii=number % 2 == 0) for number, event in enumerate(events)]
        array = media_type != NDJSON["Content-Type"]
        body = f"[{','.join(lines)}]" if array else "\n".join(lines)
        headers = {"Content-Type": media_type}
        answer: dict[str, Any] = self.send(
            "POST", f"{self.stack.intake}/v1/events", content=body.encode(), headers=headers
        ).json()
        return answer

    def plant(self, code: str, folder: Path) -> int:
        """Everywhere; how many lines of the bulk call were refused as personal."""
        intake, reporting = self.stack.intake, self.stack.reporting
        events = list(cloud_events(code))
        self.bulk(events[::7], "application/cloudevents-batch+json")
        refused = self.bulk(events)
        for event in events[::11]:
            path = f"{intake}/v1/dossiers/{quote(event['subject'])}/events"
            self.send("POST", path, json=event, headers={"Content-Type": "application/cloudevents+json"})
        for number, body in enumerate(short_forms()):
            own = f"H59.15-231210-{number:04}" if "applicant" in body else code
            self.send("POST", f"{intake}/v1/dossiers/{own}/events", json=body)
        for dossier in new_dossiers():
            self.send("POST", f"{intake}/v1/dossiers", json=dossier)
        for text in AT_HOME:
            days = [{"day": "2027-05-05", "works": False, "name": "Nghỉ"}]
            for planted in (
                {"source": text, "days": days},
                {"source": "QĐ 1", "id": text, "days": days},
                {"source": "QĐ 1", "days": [days[0] | {"name": f"Nghỉ {text}"}]},
            ):
                answer = self.send("POST", f"{intake}/v1/calendar/announcements", json=planted)
                assert answer.status_code == 422, answer.text
        for number, text in enumerate([*PLANTED, IN_ONE, *AT_HOME]):
            written = quote(text)
            headers = dict.fromkeys(("User-Agent", "Referer", "X-Request-Id", "traceparent", "Cookie"), written)
            headers["Idempotency-Key"] = f"{number} {written}"[:250]
            new = ABOUT | {"received_at": TIME, "applicant": PERSON, "code": f"H59.15-231211-{number:04}"}
            assert self.send("POST", f"{intake}/v1/dossiers", json=new, headers=headers).status_code == 201
            for base in (intake, reporting, self.stack.processing):
                for path in (f"/{written}", f"/v1/dossiers/{written}", f"/v1/log?after={written}", f"/?q={written}"):
                    self.send("GET", base + path, headers=headers)
            self.send("DELETE", f"{intake}/v1/applicants/{written}", params={"reason": text})
            self.send("GET", f"{reporting}/v1/figures", params=YEAR | {"department": text, text: text})
            self.send("GET", f"{intake}/v1/dossiers/{code}", params={"definition": text})
        self._import_a_sheet(folder / "sheet.csv")
        return sum(each["code"] == "personal_data" for each in refused["rejections"])

    def _import_a_sheet(self, file: Path) -> None:
        """The person in the columns that are never read, and in one that is."""
        person = [PERSON[field] for field in ("name", "phone", "email", "address", "id_number")]
        with file.open("w", encoding="utf-8", newline="") as opened_file:
            writer = csv.writer(opened_file)
            writer.writerow([*SHEET, *PERSONAL])
            for number, text in enumerate(["hết hạn", *AT_HOME], start=1):
                about = [f"H59.15-231212-{number:04}", "2.000635", "H59.15", "Trực tiếp"]
                writer.writerow([*about, "08/12/2023 08:00", "11/12/2023 08:00", text, *person])
        done = StackClient(self.stack).motcua("import", "--mapping", "counter", file)
        assert done.returncode == 1, done.stdout + done.stderr

    def everywhere(self) -> Iterator[tuple[str, bytes]]:
        """Whatever is kept or given out: files, topics, metrics, exports."""
        yield from files_of(self.stack.data_dir)
        for topic in TOPICS:
            yield topic.name, b"\n".join(_parts(asyncio.run(read(self.stack.broker, topic.name))))
        for base in (self.stack.intake, self.stack.processing, self.stack.reporting):
            yield f"{base}/metrics", self.send("GET", f"{base}/metrics").content
        yield "the log", self.log()
        for name in EXPORTS:
            for form in ("json", "csv", "xlsx", "docx"):
                query = YEAR | ({"format": form} if name == "form" else {})
                answer = self.send("GET", f"{self.stack.reporting}/v1/{name}", params=query)
                yield f"{name} as {form}", opened(answer.content)

    def log(self) -> bytes:
        return self.send("GET", f"{self.stack.intake}/v1/log", params={"limit": 100_000}).content

    def details(self, code: str) -> Any:
        answer = self.send("GET", f"{self.stack.intake}/v1/dossiers/{code}/applicant")
        assert answer.status_code == 200, answer.text
        return answer.json()["details"]


def _parts(records: list[Any]) -> Iterator[bytes]:
    for record in records:
        yield from (record.key or b"", record.value or b"")
        for name, value in record.headers:
            yield from (name.encode(), value)


def finds(planter: Planter) -> dict[str, set[str]]:
    """Where something of the person is, and what."""
    return {place: texts for place, content in planter.everywhere() if (texts := found(content))}


def stored(database: Path) -> list[bytes]:
    """The wrapped keys and ciphertexts that the table holds."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT wrapped_key, details FROM applicants").fetchall()
    return [part for row in rows for part in row]


@pytest.mark.slow
def test_a_person_is_found_nowhere_and_once_erased_never_comes_back(tmp_path: Path) -> None:
    data_dir, port_base, backup = tmp_path / "stack", free_port_base(), tmp_path / "backup.db"
    stack = start_stack(data_dir, port_base)
    try:
        with Planter(stack) as planter:
            code, log = planted_and_erased(planter, tmp_path, backup)
        assert stack.stop() == 0
        for rest in ("-wal", "-shm"):
            (data_dir / f"intake.db{rest}").unlink(missing_ok=True)
        shutil.copyfile(backup, data_dir / "intake.db")
        stack = start_stack(data_dir, port_base)
        with Planter(stack) as planter:
            restored(planter, code, log)
        assert stack.stop() == 0
    finally:
        stack.kill()


def planted_and_erased(planter: Planter, folder: Path, backup: Path) -> tuple[str, bytes]:
    """Plant everywhere and search; take a backup, erase, have everything derived anew, search again."""
    stack, client = planter.stack, StackClient(planter.stack)
    receipt = ABOUT | {"received_at": TIME, "applicant": PERSON}
    code = planter.send("POST", f"{stack.intake}/v1/dossiers", json=receipt).json()["code"]
    assert planter.details(code) == PERSON
    control = {"event": "forwarded", "occurred_at": TIME, "agency": CONTROL}
    assert planter.send("POST", f"{stack.intake}/v1/dossiers/{code}/events", json=control).status_code == 201
    assert planter.plant(code, folder) > 100
    client.settle()
    controlled = {place for place, content in planter.everywhere() if found(content, [CONTROL])}
    assert {"intake.db-wal", "motcua.dossier.events.v1", "motcua.dossier.status.v1", "the log"} <= controlled
    assert finds(planter) == {}

    database = stack.data_dir / "intake.db"
    figures, log, kept = client.figures(*YEAR.values()), planter.log(), stored(database)
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)
    assert kept
    assert any(part in backup.read_bytes() for part in kept)
    erased = client.motcua("applicants", "erase", code, "--reason", "yêu cầu ngày 30/11/2026")
    assert erased.returncode == 0, erased.stderr
    whole = b"".join(content for name, content in files_of(stack.data_dir) if name.startswith("intake.db"))
    assert not any(part in whole for part in kept), "a key or a ciphertext lies in a free page or the WAL"
    for command in (("resend",), ("rebuild", "--wait", "30")):
        done = client.motcua(*command)
        assert done.returncode == 0, done.stdout + done.stderr
    client.settle()
    assert planter.details(code) is None
    assert planter.log() == log
    assert client.figures(*YEAR.values())["total"] == figures["total"]
    assert finds(planter) == {}
    return code, log


def restored(planter: Planter, code: str, log: bytes) -> None:
    """On a database from before the erasure: nobody is back, nor by the events that a broker or a file still has."""
    stack, client = planter.stack, StackClient(planter.stack)
    assert client.motcua("restore").returncode == 0
    assert planter.bulk([json.loads(line)["event"] for line in log.splitlines()])["accepted"] == 0
    late = {"event": "received", "occurred_at": "2023-12-10T08:00:00+07:00", "applicant": PERSON} | ABOUT
    path = f"{stack.intake}/v1/dossiers/H59.15-231210-9999/events"
    assert planter.send("POST", path, json=late).status_code == 201
    assert planter.details("H59.15-231210-9999") is None
    assert planter.details(code) is None
    assert stored(stack.data_dir / "intake.db") == []
    assert finds(planter) == {}
