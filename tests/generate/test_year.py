"""The Trà Vinh year, recounted by a straight loop over its lines that shares no code with the product."""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from motcua.stack.generate.year import GeneratedYear

pytestmark = pytest.mark.slow
FIRST, LAST = date(2023, 1, 1), date(2023, 12, 31)
CLOSING = {"resolved", "returned", "withdrawn", "stopped"}
TET = (date(2023, 1, 20), date(2023, 1, 26))
OTHER_DAYS_OFF = {
    date(2023, 1, 2),
    date(2023, 5, 1),
    date(2023, 5, 2),
    date(2023, 5, 3),
    date(2023, 9, 1),
    date(2023, 9, 4),
}


@dataclass
class Seen:
    received: datetime | None = None
    department: str = ""
    channel: str = ""
    due: datetime | None = None
    hours: bool = False
    closed: datetime | None = None
    returned_by: str | None = None


@dataclass
class Recount:
    dossiers: dict[str, Seen] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    ids: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    events: int = 0


@pytest.fixture(scope="module")
def recount(tra_vinh_file: Path) -> Recount:
    count = Recount()
    before = ("", "")
    with tra_vinh_file.open(encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            now = (event["time"], event["id"])
            if now <= before:
                count.problems.append(f"{now} after {before}")
            before = now
            _take(count, event)
    return count


def _take(count: Recount, event: dict[str, Any]) -> None:
    kind = event["type"].split(".")[3]
    at = datetime.fromisoformat(event["time"])
    data = event["data"]
    count.events += 1
    count.kinds[kind] += 1
    count.ids.add(event["id"])
    seen = count.dossiers.setdefault(event["subject"], Seen())
    if kind == "received":
        seen.received, seen.department, seen.channel = at, data["department"], data["channel"]
        seen.hours = data["term"]["unit"] == "working_hours"
    if kind in {"received", "extended", "supplemented", "payment_settled"}:
        seen.due = datetime.fromisoformat(data["due_at"])
    if kind in CLOSING and seen.closed is None:
        seen.closed = at
    if kind == "returned":
        seen.returned_by = data["channel"]


def _class(seen: Seen) -> str:
    assert seen.closed is not None
    assert seen.due is not None
    if seen.hours:
        if seen.closed > seen.due:
            return "overdue"
        return "on time" if seen.closed >= seen.due.replace(minute=0, second=0) else "early"
    if seen.closed.date() == seen.due.date():
        return "on time"
    return "early" if seen.closed.date() < seen.due.date() else "overdue"


def test_receipts_are_exactly_those_asked_for(recount: Recount) -> None:
    received = [(seen.received.date(), seen) for seen in recount.dossiers.values() if seen.received]
    in_period = Counter(seen.channel for day, seen in received if FIRST <= day <= LAST)
    before = [(day, seen) for day, seen in received if day < FIRST]
    assert len(received) == 80_121
    assert len(before) == 1_248
    assert {(day.year, day.month) for day, _ in before} == {(2022, 12)}
    assert not any(seen.closed and seen.closed.date() < FIRST for _, seen in before)
    assert in_period["online"] == 50_353
    assert in_period["in_person"] + in_period["postal"] == 28_520
    assert in_period["postal"] > 0


def test_answers_are_exactly_those_asked_for(recount: Recount) -> None:
    closed = [seen for seen in recount.dossiers.values() if seen.closed]
    assert Counter(_class(seen) for seen in closed) == {"early": 19_409, "on time": 59_369, "overdue": 6}
    assert Counter(seen.department for seen in closed if _class(seen) == "overdue") == {"H59.02": 5, "H59.03": 1}


def test_what_is_open_at_the_end_is_exact_and_none_is_overdue(recount: Recount) -> None:
    still_open = [seen for seen in recount.dossiers.values() if seen.received and not seen.closed]
    assert len(still_open) == 1_337
    assert not any(seen.due.date() < LAST for seen in still_open if seen.due)


def test_events_are_ordered_unique_and_about_four_a_dossier(recount: Recount, tra_vinh: GeneratedYear) -> None:
    assert recount.problems == []
    assert recount.events == len(recount.ids) == tra_vinh.events
    assert 3.8 < recount.events / 80_121 < 4.2


def test_nobody_closes_a_dossier_on_a_day_off_or_after_hours(recount: Recount) -> None:
    for code, seen in recount.dossiers.items():
        if seen.closed is None:
            continue
        day, minute = seen.closed.date(), seen.closed.hour * 60 + seen.closed.minute
        assert day.weekday() < 5, code
        assert not TET[0] <= day <= TET[1], code
        assert day not in OTHER_DAYS_OFF, code
        assert 7 * 60 <= minute < 11 * 60 + 30 or 13 * 60 + 30 <= minute < 17 * 60, code


def test_counters_receive_in_working_hours_only_and_the_portal_also_at_night(recount: Recount) -> None:
    hours = {(seen.channel, seen.received.hour) for seen in recount.dossiers.values() if seen.received}
    weekend = Counter(
        seen.channel for seen in recount.dossiers.values() if seen.received and seen.received.weekday() >= 5
    )
    assert {hour for channel, hour in hours if channel != "online"} == {7, 8, 9, 10, 11, 13, 14, 15, 16}
    assert {hour for channel, hour in hours if channel == "online"} == set(range(24))
    assert set(weekend) == {"online"}


def test_the_year_has_everything_that_happens_in_one(recount: Recount) -> None:
    expected = {
        "submitted", "received", "declined", "processing_started", "supplement_requested", "supplemented",
        "payment_requested", "payment_settled", "extended", "forwarded", "forward_answered", "withdrawn", "stopped",
        "apologised", "resolved", "returned", "rated", "fee_paid",
    }  # fmt: skip
    assert set(recount.kinds) == expected
    assert recount.kinds["apologised"] == 6
    assert len({seen.department for seen in recount.dossiers.values() if seen.received}) == 19
    assert {seen.returned_by for seen in recount.dossiers.values()} == {"online", "in_person", "postal", None}


def test_receipts_spread_over_the_months(recount: Recount) -> None:
    months = Counter(
        seen.received.month for seen in recount.dossiers.values() if seen.received and seen.received.date() >= FIRST
    )
    assert len(months) == 12
    assert min(months.values()) > 78_873 / 12 * 0.6
    assert max(months.values()) < 78_873 / 12 * 1.4


def test_most_results_are_handed_over_within_days(recount: Recount, tra_vinh: GeneratedYear) -> None:
    returned = sum(1 for seen in recount.dossiers.values() if seen.returned_by)
    assert tra_vinh.figures["returned_total"] == returned
    assert 0.95 < returned / 78_784 < 1
    assert tra_vinh.figures["awaiting_return"] > 0


def test_nothing_happens_after_the_period(tra_vinh_file: Path) -> None:
    with tra_vinh_file.open("rb") as file:
        file.seek(-2_000, 2)
        last = json.loads(file.read().splitlines()[-1])
    assert datetime.fromisoformat(last["time"]) < datetime.fromisoformat("2024-01-01T00:00:00+07:00")


def test_codes_carry_the_day_and_a_serial_without_gaps(recount: Recount) -> None:
    serials: dict[str, list[int]] = {}
    for code in recount.dossiers:
        day, serial = code.rsplit("-", 1)
        serials.setdefault(day, []).append(int(serial))
    assert all(found == list(range(1, len(found) + 1)) for found in serials.values())
