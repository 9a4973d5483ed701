"""The golden set as published data: it covers every rule and trap,
and a person can check each case from the file alone."""

import re
from collections import Counter
from datetime import date, datetime
from pathlib import Path

import pytest

from shared.catalogue import load
from shared.domain.columns import KEYS
from shared.domain.localtime import ONE_DAY
from tests.golden.paper_calendar import on_the_wall
from tests.golden.reading import CALENDARS, CASES, CELLS, CELLS_FILE, DEFINITIONS, FILE, TRAPS, TURNS, Case

RULES = {"§1", "§2", *(f"§3.{number}" for number in range(1, 11)), "§4"}
ALL = [*CASES, *CELLS]
FIRST_DATE, LAST_WEEKDAY = re.compile(r"\d{4}-\d\d-\d\d"), re.compile(r"# ([A-Z][a-z]{2})$")


def test_there_are_enough_cases_and_each_has_its_own_name() -> None:
    ids = Counter(case["id"] for case in ALL)

    assert len(ids) >= 450
    assert [name for name, times in ids.items() if times > 1 or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)] == []


def test_every_rule_and_every_trap_has_a_case_and_no_tag_is_unknown() -> None:
    assert {rule for case in ALL for rule in case["rules"]} == RULES
    assert {trap for case in ALL for trap in case.get("traps", [])} == TRAPS.keys()
    assert list(TRAPS) == sorted(TRAPS)


def test_no_case_is_told_twice() -> None:
    counted = Counter(
        str({key: case[key] for key in case if key not in ("id", "rules", "traps", "why")}) for case in ALL
    )

    assert max(counted.values()) == 1


def test_every_case_says_why_and_expects_something_under_every_definition() -> None:
    assert [case["id"] for case in CASES if len(case["why"]) < len("Answered at once.")] == []
    assert [case["id"] for case in CASES if not _judged(case)] == []
    assert [case["id"] for case in CASES if any(judged.keys() != DEFINITIONS.keys() for judged in _judged(case))] == []


def test_every_row_names_columns_that_it_counts_in_and_at_least_sixty_closings_or_facts_are_annulled() -> None:
    assert [case["id"] for case in CELLS if not case["why"]] == []
    assert [case["id"] for case in CELLS if ("rows" in case) == ("refused" in case.get("expect", {}))] == []
    rows = [row for case in CELLS for row in case.get("rows", [])]
    assert {key for row in rows for seen in ("before", "after") for key in row.get(seen, {})} == set(KEYS)
    assert all(count > 0 for row in rows for seen in ("before", "after") for count in row.get(seen, {}).values())
    annulled = [case for case in CELLS if all("before" in row for row in case.get("rows", [{}]))]
    assert len(annulled) >= 60
    assert [case["id"] for case in annulled if not {event["event"] for event in case["events"]} & set(TURNS)] == []


def _judged(case: Case) -> list[dict[str, str]]:
    expect = case["expect"]
    return [
        *([expect["class"]] if "class" in expect else []),
        *(cut_off["standing"] for cut_off in expect.get("open", [])),
    ]


@pytest.mark.parametrize(("file", "cases"), [(FILE, CASES), (CELLS_FILE, CELLS)], ids=["deadlines", "cells"])
def test_the_weekdays_beside_the_dates_are_those_of_the_calendar(file: Path, cases: list[Case]) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    found = [
        (dated[0], counted[1])
        for line in lines
        if (counted := LAST_WEEKDAY.search(line)) and (dated := FIRST_DATE.search(line))
    ]

    assert len(found) > len(cases)
    assert [(day, weekday) for day, weekday in found if f"{date.fromisoformat(day):%a}" != weekday] == []


def test_the_days_off_are_those_of_the_catalogue() -> None:
    paper, shipped = on_the_wall("vn"), load().calendar(CALENDARS["vn"]["department"])
    first, last = CALENDARS["vn"]["first_day"], CALENDARS["vn"]["last_day"]
    days = [first + offset * ONE_DAY for offset in range((last - first).days + 1)]

    assert [day for day in days if paper.works_on(day) != shipped.is_working_day(day)] == []


def test_every_instant_has_an_offset() -> None:
    instants = [value for case in ALL for value in _instants(case)]

    assert len(instants) > 2 * len(ALL)
    assert [value for value in instants if value.tzinfo is None] == []


def _instants(value: object) -> list[datetime]:
    if isinstance(value, datetime):
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [found for each in inside for found in _instants(each)]
