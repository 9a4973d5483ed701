"""Whatever order a file has, a real intake ends with the dossiers that the file in order of time gives."""

import asyncio
import csv
import json
import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from motcua.client import Services
from motcua.importer import chronology, connection
from motcua.importer.connection import ImportProgress
from motcua.importer.run import run
from motcua.importer.source import Source
from shared.contract.envelope import event_type
from tests.cli.recording_intake import KEY, RecordingIntake, serving
from tests.support.ports import free_port_base
from tests.support.service import HEADERS, Service, service
from tests.support.service import KEY as REAL_KEY

Event = dict[str, Any]
FIRST = datetime.fromisoformat("2023-04-03T08:00:00+07:00")
OPENED = {"department": "H59.03", "procedure": "1.004650", "channel": "in_person"}
# A pause that the deadline moves by, and a closing that would be allowed before it: what a wrong order gets wrong.
LIVES: tuple[tuple[tuple[str, int, Event], ...], ...] = (
    (
        ("received", 0, OPENED),
        ("supplement_requested", 1, {"missing": "a paper"}),
        ("supplemented", 8, {}),
        ("resolved", 11, {}),
        ("returned", 11, {}),
    ),
    (
        ("received", 0, OPENED),
        ("fee_paid", 0, {"amount_vnd": 20000}),
        ("processing_started", 0, {}),
        ("resolved", 2, {}),
        ("rated", 2, {"score": 5}),
    ),
    (
        ("submitted", 0, OPENED),
        ("received", 0, OPENED),
        ("payment_requested", 3, {}),
        ("payment_settled", 4, {}),
        ("withdrawn", 4, {"reason": "moved away"}),
    ),
    (("received", 0, OPENED), ("extended", 5, {"due_at": "2023-05-30T08:00:00+07:00", "legal_ground": "Article 5"})),
    (("submitted", 0, OPENED), ("declined", 0, {"reason": "not complete"})),
    (
        ("received", 0, OPENED),
        ("suspended", 1, {"ground": "an authority is asked"}),
        ("resumed", 2, {}),
        ("processing_started", 3, {"officer": "o-1"}),
        ("transferred", 3, {"reason": "another authority is competent"}),
    ),
    (
        ("received", 0, OPENED),
        ("resolved", 2, {}),
        ("reopened", 2, {"reason": "by mistake", "legal_ground": "Article 5"}),
        ("voided", 2, {"reason": "entered twice"}),
    ),
)


def events(prefix: str, lives: int) -> list[Event]:
    """Lives that begin a day after each other, in order of time."""
    found = [
        {
            "specversion": "1.0",
            "id": f"{prefix}-{life}-{number}",
            "source": "/test",
            "type": event_type(name),
            "subject": f"H59.03-{prefix}-{life:04}",
            "time": (FIRST + timedelta(days=life + day)).isoformat(),
            "datacontenttype": "application/json",
            "data": data,
        }
        for life in range(lives)
        for number, (name, day, data) in enumerate(LIVES[life % len(LIVES)])
    ]
    return sorted(found, key=lambda event: event["time"])


def ndjson(path: Path, ordered: list[Event]) -> Path:
    path.write_text("".join(json.dumps(event) + "\n" for event in ordered))
    return path


def table(path: Path, ordered: list[Event]) -> Path:
    fields = (
        "department",
        "procedure",
        "channel",
        "missing",
        "amount_vnd",
        "score",
        "due_at",
        "reason",
        "legal_ground",
        "ground",
        "officer",
    )
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(["id", "event", "code", "time", "source", *fields])
    for event in ordered:
        name, data = event["type"].split(".")[3], event["data"]
        writer.writerow(
            [
                event["id"],
                name,
                event["subject"],
                event["time"],
                event["source"],
                *(data.get(field) for field in fields),
            ]
        )
    path.write_text(text.getvalue())
    return path


def by_type(ordered: list[Event]) -> list[Event]:
    return sorted(ordered, key=lambda event: event["type"])


def by_dossier_newest_first(ordered: list[Event]) -> list[Event]:
    newest_first = ordered[::-1]
    return sorted(newest_first, key=lambda event: event["subject"])


def shuffled(seed: int) -> Callable[[list[Event]], list[Event]]:
    def order(ordered: list[Event]) -> list[Event]:
        return random.Random(seed).sample(ordered, len(ordered))

    return order


@dataclass(frozen=True, slots=True)
class RealIntake:
    url: str

    async def take(self, path: Path) -> ImportProgress:
        services = Services(intake=self.url, processing=self.url, reporting=self.url, key=REAL_KEY)
        with Source(str(path)) as source:
            return await run(source, services, lambda _progress: None)

    def dossiers(self, prefix: str, lives: int) -> list[Event]:
        """What each dossier is now and how it came to it, without its code and the ids of its events."""
        answers = []
        with httpx.Client(base_url=self.url, headers=HEADERS) as client:
            for life in range(lives):
                answer = client.get(f"/v1/dossiers/H59.03-{prefix}-{life:04}").raise_for_status().json()
                history = [
                    (event["type"], event["time"]) if "type" in event else (event["event"], event["occurred_at"])
                    for event in answer["history"]
                ]
                answers.append(
                    {
                        "state": answer["state"],
                        "due": answer["due_at"],
                        "class": answer["timeliness"],
                        "history": sorted(history),
                    }
                )
        return answers


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealIntake]:
    folder = tmp_path_factory.mktemp("intake")
    environment = {
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder}/intake.db",
        "KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "DRAIN_SECONDS": "0",
        "SQLITE_SYNCHRONOUS": "NORMAL",
    }
    running: Service
    with service("intake", free_port_base(1), environment, folder / "intake.log") as running:
        yield RealIntake(running.url)


LIVES_OF_A_FILE = 40


@pytest.fixture(scope="module")
def in_order(intake: RealIntake, tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """The dossiers of the file that is in order."""
    progress = asyncio.run(
        intake.take(ndjson(tmp_path_factory.mktemp("order") / "year.ndjson", events("100000", LIVES_OF_A_FILE)))
    )
    assert (progress.rejected, progress.sorted_lines) == (0, 0)
    return intake.dossiers("100000", LIVES_OF_A_FILE)


ORDERS = [
    lambda ordered: ordered,
    lambda ordered: ordered[::-1],
    by_type,
    by_dossier_newest_first,
    *map(shuffled, range(4)),
]


@pytest.mark.parametrize("write", [ndjson, table])
@pytest.mark.parametrize("order", range(len(ORDERS)))
async def test_the_order_of_the_lines_changes_no_dossier(
    intake: RealIntake, in_order: list[Event], tmp_path: Path, order: int, write: Callable[[Path, list[Event]], Path]
) -> None:
    prefix = f"{order + 1:02}{'1' if write is table else '2'}000"
    path = write(
        tmp_path / f"year.{'csv' if write is table else 'ndjson'}", ORDERS[order](events(prefix, LIVES_OF_A_FILE))
    )
    first = await intake.take(path)
    assert (first.accepted, first.rejected) == (len(events(prefix, LIVES_OF_A_FILE)), 0)
    assert intake.dossiers(prefix, LIVES_OF_A_FILE) == in_order
    again = await intake.take(path)
    assert (again.accepted, again.duplicates, again.rejected) == (0, first.accepted, 0)


async def test_a_dossier_whose_receipt_is_in_another_file_waits_as_a_whole(
    intake: RealIntake, in_order: list[Event], tmp_path: Path
) -> None:
    """The rest is sent first, finds nothing and comes back; after the receipts it is accepted."""
    whole = events("900000", LIVES_OF_A_FILE)
    opening = (event_type("received"), event_type("submitted"))
    rest = ndjson(tmp_path / "rest.ndjson", [event for event in whole if event["type"] not in opening][::-1])
    progress = await intake.take(rest)
    assert progress.accepted == 0
    await intake.take(ndjson(tmp_path / "receipts.ndjson", [event for event in whole if event["type"] in opening]))
    assert (await intake.take(rest)).rejected == 0
    assert intake.dossiers("900000", LIVES_OF_A_FILE) == in_order


DAMAGES: tuple[Callable[[Event], Event], ...] = (
    lambda event: event | {"time": "soon"},
    lambda event: event | {"data": event["data"] | {"missing_papers": 3}},
    lambda event: event | {"source": ""},
)


@pytest.mark.parametrize("chunk_lines", [3, 4000])
@pytest.mark.parametrize("order", [0, 1, 4])
async def test_what_follows_a_refused_line_waits_for_its_correction(
    intake: RealIntake,
    in_order: list[Event],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    order: int,
    chunk_lines: int,
) -> None:
    """A later event that went ahead would forbid the earlier one for good.
    One line of each dossier is damaged, any of them."""
    monkeypatch.setattr(connection, "CHUNK_LINES", chunk_lines)
    prefix = f"92{order}{chunk_lines % 10}00"
    whole, chance = events(prefix, LIVES_OF_A_FILE), random.Random(order)
    damaged = {
        chance.choice([event["id"] for event in whole if event["subject"].endswith(f"{life:04}")])
        for life in range(LIVES_OF_A_FILE)
    }
    ordered = ORDERS[order](whole)
    path = ndjson(
        tmp_path / "year.ndjson",
        [chance.choice(DAMAGES)(event) if event["id"] in damaged else event for event in ordered],
    )
    progress = await intake.take(path)
    refused = [json.loads(line) for line in path.with_name("year.ndjson.rejected.ndjson").read_text().splitlines()]
    assert (progress.accepted + progress.rejected, len(refused)) == (len(whole), progress.rejected)
    assert progress.held_back == progress.rejected - len(damaged)
    assert {each["id"] for each in refused if each["code"] == "malformed"} == damaged
    assert {each["code"] for each in refused} <= {"malformed", "held_back"}

    of_id = {event["id"]: event for event in whole}
    corrected = await intake.take(ndjson(tmp_path / "corrected.ndjson", [of_id[each["id"]] for each in refused]))
    assert (corrected.accepted, corrected.rejected) == (len(refused), 0)
    assert intake.dossiers(prefix, LIVES_OF_A_FILE) == in_order


async def test_a_second_delivery_of_what_follows_a_refused_line_is_known(
    intake: RealIntake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CHUNK_LINES", 2)
    whole = events("930000", 1)
    assert (await intake.take(ndjson(tmp_path / "year.ndjson", whole))).rejected == 0
    strange = whole[1] | {"id": "another", "source": ""}
    again = await intake.take(ndjson(tmp_path / "again.ndjson", [*whole[:1], strange, *whole[1:]]))
    assert (again.accepted, again.duplicates, again.rejected) == (0, len(whole), 1)


async def test_an_event_dated_before_its_receipt_does_not_hold_the_receipt_back(
    intake: RealIntake, tmp_path: Path
) -> None:
    whole = events("910000", 1)
    whole.append(
        whole[0]
        | {
            "id": "early",
            "type": event_type("fee_paid"),
            "time": "2023-04-02T08:00:00+07:00",
            "data": {"amount_vnd": 1},
        }
    )
    progress = await intake.take(ndjson(tmp_path / "year.ndjson", whole))
    assert (progress.accepted, progress.rejected) == (len(whole) - 1, 1)


async def test_no_line_overtakes_one_that_waits_for_its_dossier(tmp_path: Path) -> None:
    """Another importer opens the dossier between two passes; the first of its lines that then goes is the earliest."""
    waiting = [event for event in events("100000", 1) if event["type"] != event_type("received")]
    receipt = events("100000", 1)[0]
    recording = RecordingIntake(from_others=[receipt])
    with serving(recording) as url, Source(str(ndjson(tmp_path / "rest.ndjson", waiting))) as source:
        services = Services(intake=url, processing=url, reporting=url, key=KEY)
        progress = await run(source, services, lambda _progress: None)
    assert (progress.accepted, progress.waiting) == (len(waiting), 0)
    assert list(recording.stored) == [event["id"] for event in [receipt, *waiting]]


@given(st.randoms(use_true_random=False), st.integers(200, 2000))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_larger_than_memory_comes_out_as_one_that_fits(
    monkeypatch: pytest.MonkeyPatch, chance: random.Random, run_bytes: int
) -> None:
    """Runs on disk, merged: each dossier's lines by time, every line once, numbers kept."""
    monkeypatch.setattr(chronology, "RUN_BYTES", run_bytes)
    mixed = events("100000", 12)
    chance.shuffle(mixed)
    with tempfile.TemporaryDirectory() as folder, Source(str(ndjson(Path(folder) / "year.ndjson", mixed))) as source:
        source_lines = {line.number: line.body for batch in source.batches() for line in batch}
        with chronology.Chronology(source) as lines:
            assert all(lines.survey())
            found = [line for batch in lines.batches() for line in batch]
    assert {line.number: line.body for line in found} == source_lines
    assert len(found) == len(mixed)
    times = [json.loads(line.body)["time"] for line in found]
    assert times == sorted(times)
