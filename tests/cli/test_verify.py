"""The recount is a second opinion on the figures, and a planted difference of every kind is found and named."""

from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua.report.figures import Group, Report
from motcua.verify.compare import compare_dossiers
from motcua.verify.counting import COUNTED, facts_of, figures_by_department, total_of
from motcua.verify.periods import periods
from motcua.verify.recount import Recount
from motcua.verify.run import figure_differences
from shared.contract.status import StatusV1
from shared.domain.counting import FLOWS, contributions
from shared.domain.dossier import Dossier
from shared.domain.figures import Sums, figures
from shared.domain.lifecycle import State
from shared.domain.localtime import LOCAL
from shared.mapping import to_status
from tests.builders.histories import EPOCH, History, histories
from tests.cli.events import code, line

YEAR = (date(2023, 1, 1), date(2023, 12, 31))


def status(dossier: Dossier) -> StatusV1:
    return to_status(dossier, version=dossier.sequence, recordedtime=dossier.last_occurred_at, alerted={})


def folded(*lines: str) -> Recount:
    """The recount of lines as intake logs them."""
    recount, sequences = Recount(), defaultdict[str, int](int)
    for position, each in enumerate(lines, 1):
        event: dict[str, Any] = msgspec.json.decode(each)
        sequences[event["subject"]] += 1
        recount.take(msgspec.json.encode({"position": position, "event": event | {"sequence": sequences[event["subject"]]}}))
    return recount


def some() -> dict[str, Dossier]:
    recount = folded(line(code(1), "received"), line(code(2), "received"), line(code(1), "resolved", 1, hour=9))
    assert recount.faults == []
    return recount.dossiers


def differences(dossiers: dict[str, Dossier], held: list[StatusV1]) -> list[str]:
    return [str(each) for each in compare_dossiers("processing", dossiers, held)]


@given(made=st.lists(histories(), min_size=1, max_size=6), first=st.integers(-3, 20), length=st.integers(0, 20))
def test_the_straight_count_agrees_with_the_algebra(made: list[tuple[Dossier, History]], first: int, length: int) -> None:
    """Two ways of counting that share no code: a dossier's state at the end of a day, and sums of deltas."""
    dossiers = [dossier for dossier, _history in made]
    begins = EPOCH.date() + timedelta(days=first)
    ends = begins + timedelta(days=length)
    counted = figures_by_department(facts_of(dossiers), begins, ends)
    for department, sums in _sums(dossiers, begins, ends).items():
        summed = figures(sums)
        row = counted.get(department, dict.fromkeys(COUNTED, 0))
        assert row == {key: getattr(summed, key) for key in COUNTED}


def _sums(dossiers: list[Dossier], first: date, last: date) -> dict[str, Sums]:
    found: dict[str, Sums] = defaultdict(Sums)
    for dossier in dossiers:
        sums = found[dossier.department]
        for delta in contributions(dossier):
            key = (delta.measure, dossier.channel)
            if delta.measure in FLOWS:
                if first <= delta.day <= last:
                    sums.within[key] = sums.within.get(key, 0) + delta.amount
                continue
            if delta.day < first:
                sums.before[key] = sums.before.get(key, 0) + delta.amount
            if delta.day <= last:
                sums.at_end[key] = sums.at_end.get(key, 0) + delta.amount
    return found


def test_what_agrees_has_no_difference() -> None:
    dossiers = some()
    assert differences(dossiers, [status(each) for each in dossiers.values()]) == []


def test_a_dossier_that_a_service_lacks_is_found() -> None:
    dossiers = some()
    assert differences(dossiers, [status(dossiers[code(1)])]) == [f"{code(2)}: processing does not hold it"]


def test_a_dossier_that_the_log_lacks_is_found() -> None:
    dossiers = some()
    other = status(folded(line(code(7), "received")).dossiers[code(7)])
    assert differences(dossiers, [*(status(each) for each in dossiers.values()), other]) == [
        f"{other.code}: processing holds it, the log has no such dossier"
    ]


def test_a_dossier_that_is_held_twice_is_found() -> None:
    dossiers = some()
    held = [status(each) for each in dossiers.values()]
    assert differences(dossiers, [*held, held[0]]) == [f"{code(1)}: processing holds it more than once"]


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ({"state": "processing"}, "says state processing, the log resolved"),
        ({"sequence": 1}, "says sequence 1, the log 2"),
        ({"timeliness": "overdue"}, "says timeliness overdue, the log no_deadline"),
        ({"department": "H59.14"}, "says department H59.14, the log H59.15"),
        ({"channel": "postal"}, "says channel postal, the log online"),
        ({"due_at": datetime(2023, 12, 9, tzinfo=LOCAL)}, "says due_at 2023-12-09T00:00:00+07:00, the log None"),
    ],
)
def test_a_value_that_differs_is_found(planted: dict[str, Any], said: str) -> None:
    dossiers = some()
    held = [msgspec.structs.replace(status(dossiers[code(1)]), **planted), status(dossiers[code(2)])]
    assert differences(dossiers, held) == [f"{code(1)}: processing {said}"]


def published(dossiers: list[Dossier], **planted: int) -> Report:
    rows = figures_by_department(facts_of(dossiers), *YEAR)
    total = total_of(rows) | planted
    groups = tuple(Group({"department": department}, row) for department, row in rows.items())
    return Report(*YEAR, "by-date/1", datetime(2023, 12, 31, tzinfo=LOCAL), ("department",), total, groups)


def test_figures_that_agree_have_no_difference() -> None:
    dossiers = list(some().values())
    assert figure_differences(published(dossiers), figures_by_department(facts_of(dossiers), *YEAR), YEAR) == []


def test_a_total_that_differs_is_found() -> None:
    dossiers = list(some().values())
    found = figure_differences(published(dossiers, received_total=3), figures_by_department(facts_of(dossiers), *YEAR), YEAR)
    assert [str(each) for each in found] == ["2023-01-01..2023-12-31, total, received_total: reporting says 3, the log counts 2"]


def test_a_row_that_is_missing_is_found() -> None:
    dossiers = list(some().values())
    report = replace(published(dossiers), groups=())
    found = [str(each) for each in figure_differences(report, figures_by_department(facts_of(dossiers), *YEAR), YEAR)]
    assert "2023-01-01..2023-12-31, H59.15, received_total: reporting says 0, the log counts 2" in found


def test_a_row_that_the_log_does_not_have_is_found() -> None:
    dossiers = list(some().values())
    base = published(dossiers)
    report = replace(base, groups=(*base.groups, Group({"department": "H59.01"}, dict(base.total))))
    found = [str(each) for each in figure_differences(report, figures_by_department(facts_of(dossiers), *YEAR), YEAR)]
    assert "2023-01-01..2023-12-31, H59.01, received_total: reporting says 2, the log counts 0" in found


def test_a_log_that_breaks_a_rule_is_found() -> None:
    recount = folded(line(code(1), "received"), line(code(1), "supplemented", 1))
    assert [str(each) for each in recount.faults] == [
        f"{code(1)}: the log holds event {code(1)}/1 against the rules: supplemented is not allowed: dossier {code(1)} is received"
    ]


def test_a_log_that_misses_a_number_is_found() -> None:
    recount = Recount()
    event = msgspec.json.decode(line(code(1), "received"))
    recount.take(msgspec.json.encode({"position": 1, "event": event | {"sequence": 2}}))
    assert [each.about for each in recount.faults] == [code(1)]


def test_a_log_whose_positions_go_back_is_found() -> None:
    recount = folded(line(code(1), "received"))
    event = msgspec.json.decode(line(code(2), "received"))
    recount.take(msgspec.json.encode({"position": 1, "event": event | {"sequence": 1}}))
    assert [each.about for each in recount.faults] == [code(2)]


def test_periods_are_the_span_its_years_and_some_months() -> None:
    found = periods(date(2022, 11, 20), date(2024, 2, 10))
    assert found[0] == (date(2022, 11, 20), date(2024, 2, 10))
    assert (date(2023, 1, 1), date(2023, 12, 31)) in found
    assert (date(2024, 2, 1), date(2024, 2, 10)) in found
    assert all(first <= last for first, last in found)
    assert len(set(found)) == len(found)


def test_a_log_of_one_day_has_periods_too() -> None:
    day = date(2023, 12, 31)
    assert periods(day, day) == [(day, day), (date(2023, 1, 1), day), (date(2023, 12, 1), day)]


def test_a_declined_dossier_counts_nowhere() -> None:
    dossier = replace(some()[code(2)], received_at=None, state=State.DECLINED)
    assert facts_of([dossier]) == []
