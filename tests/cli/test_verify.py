"""The recount is a second opinion on the figures, and a planted difference of every kind is found and named."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua.verify.differences import compare_dossiers
from motcua.verify.figures import ComparedFigure, cells_of, compare_list, counted_behind
from motcua.verify.questions import (
    CHANNEL_AND_FIELD,
    DEPARTMENT,
    DEPARTMENT_AND_PLACE,
    PROCEDURE,
    TOTAL,
    AnsweredFigures,
    Cell,
    Question,
    drawn_day,
    drawn_period,
    periods,
    row_of,
)
from motcua.verify.recount import Counts, DatedDossier, Recount, dated, figures_by_row, shares_of, total_of
from shared.contract.status import StatusV1, status_of
from shared.domain.columns import KEYS, SHARE_KEYS
from shared.domain.counting import FLOWS, contributions
from shared.domain.dossier import Acceptance, Dossier, Hop, Suspension
from shared.domain.figures import Sums, figures, shares
from shared.domain.lifecycle import State
from shared.domain.localtime import LOCAL
from shared.domain.timeliness import BY_DATE, DEFINITIONS, Definition
from tests.builders.histories import EPOCH, History, histories
from tests.cli.events import code, line

YEAR = (date(2023, 1, 1), date(2023, 12, 31))


def status(dossier: Dossier) -> StatusV1:
    return status_of(dossier, version=dossier.sequence, recordedtime=dossier.last_occurred_at, alerted={})


def figures_by_department(
    facts: Iterable[DatedDossier], first: date, last: date, definition: Definition = BY_DATE
) -> dict[str, Counts]:
    return figures_by_row(facts, first, last, definition, row_of(DEPARTMENT, {}))


def minute(position: int) -> datetime:
    return datetime(2023, 12, 9, 8, position, tzinfo=LOCAL)


def folded(*lines: str, instants: tuple[datetime, ...] = ()) -> Recount:
    """The recount of lines as intake logs them, one a minute."""
    recount, sequences = Recount(instants), defaultdict[str, int](int)
    for position, each in enumerate(lines, 1):
        event: dict[str, Any] = msgspec.json.decode(each)
        sequences[event["subject"]] += 1
        recorded = {"sequence": sequences[event["subject"]], "recordedtime": minute(position)}
        recount.take(msgspec.json.encode({"position": position, "event": event | recorded}))
    return recount


def some() -> dict[str, Dossier]:
    recount = folded(line(code(1), "received"), line(code(2), "received"), line(code(1), "resolved", 1, hour=9))
    assert recount.faults == []
    return recount.dossiers


def differences(dossiers: dict[str, Dossier], held: list[StatusV1]) -> list[str]:
    return [str(each) for each in compare_dossiers("processing", dossiers, held)]


@given(
    made=st.lists(histories(), min_size=1, max_size=6),
    first=st.integers(-3, 20),
    length=st.integers(0, 20),
    definition=st.sampled_from(list(DEFINITIONS.values())),
)
def test_the_straight_count_agrees_with_the_algebra(
    made: list[tuple[Dossier, History]], first: int, length: int, definition: Definition
) -> None:
    """Two ways of counting that share no code: a dossier's state at the end of a day, and sums of deltas."""
    dossiers = [dossier for dossier, _history in made]
    begins = EPOCH.date() + timedelta(days=first)
    ends = begins + timedelta(days=length)
    counted = figures_by_department(dated(dossiers), begins, ends, definition)
    for department, sums in _sums(dossiers, begins, ends, definition).items():
        summed = figures(sums)
        row = counted.get(department, dict.fromkeys(KEYS, 0))
        assert row == summed
        assert shares_of(row) == {key: None if share is None else str(share) for key, share in shares(summed).items()}


def test_every_share_of_the_product_is_recounted() -> None:
    assert tuple(shares_of(dict.fromkeys(KEYS, 0))) == SHARE_KEYS


def _sums(dossiers: list[Dossier], first: date, last: date, definition: Definition) -> dict[str, Sums]:
    found: dict[str, Sums] = defaultdict(Sums)
    for dossier in dossiers:
        sums = found[dossier.department]
        for delta in contributions(dossier, definition):
            key = (delta.measure, dossier.counted_channel)
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
        (
            {"due_original": datetime(2023, 12, 9, tzinfo=LOCAL)},
            "says due_original 2023-12-09T00:00:00+07:00, the log None",
        ),
        (
            {"suspensions": (Suspension(kind=State.AWAITING_PAYMENT, started_at=minute(1)),)},
            'says suspensions [{"kind":"awaiting_payment","started_at":"2023-12-09T08:01:00+07:00"}], the log []',
        ),
        (
            {"hops": (Hop(agency="H59.16", forwarded_at=minute(1)),)},
            'says hops [{"agency":"H59.16","forwarded_at":"2023-12-09T08:01:00+07:00"}], the log []',
        ),
    ],
)
def test_a_value_that_differs_is_found(planted: dict[str, Any], said: str) -> None:
    dossiers = some()
    held = [msgspec.structs.replace(status(dossiers[code(1)]), **planted), status(dossiers[code(2)])]
    assert differences(dossiers, held) == [f"{code(1)}: processing {said}"]


def answered(dossiers: list[Dossier], **planted: int) -> AnsweredFigures:
    rows = figures_by_department(dated(dossiers), *YEAR)
    return AnsweredFigures(cut=YEAR[1], total=total_of(rows) | planted, rows=rows, tokens={})


def differing(dossiers: list[Dossier], answer: AnsweredFigures) -> list[ComparedFigure]:
    return [
        each for each in cells_of(Question(YEAR), figures_by_department(dated(dossiers), *YEAR), answer) if each.differs
    ]


def test_figures_that_agree_have_no_difference() -> None:
    dossiers = list(some().values())
    assert differing(dossiers, answered(dossiers)) == []


def test_a_total_that_differs_is_found() -> None:
    dossiers = list(some().values())
    (found,) = differing(dossiers, answered(dossiers, received_total=3))
    assert (found.cell, found.said, found.counted) == (Cell(TOTAL, "received_total"), 3, 2)


def test_a_row_that_is_missing_is_found() -> None:
    dossiers = list(some().values())
    found = {each.cell: (each.said, each.counted) for each in differing(dossiers, replace(answered(dossiers), rows={}))}
    assert found[Cell("H59.15", "received_total")] == (0, 2)


def test_a_row_that_the_log_does_not_have_is_found() -> None:
    dossiers = list(some().values())
    base = answered(dossiers)
    found = {
        each.cell: (each.said, each.counted)
        for each in differing(dossiers, replace(base, rows={**base.rows, "H59.01": base.total}))
    }
    assert found[Cell("H59.01", "received_total")] == (2, 0)


def test_a_figure_is_named_with_its_period_definition_and_knowledge() -> None:
    cell = Cell("H59.15", "resolved_early")
    assert Question(YEAR).about(cell) == "2023-01-01..2023-12-31, H59.15, resolved_early"
    known = Question(YEAR, "instant/1", datetime(2023, 6, 1, tzinfo=LOCAL))
    assert (
        known.about(cell)
        == "2023-01-01..2023-12-31, instant/1, as known at 2023-06-01T00:00:00+07:00, H59.15, resolved_early"
    )


@given(
    made=st.lists(histories(), min_size=1, max_size=6),
    name=st.sampled_from(list(DEFINITIONS)),
    length=st.integers(0, 20),
)
def test_the_dossiers_behind_a_figure_are_as_many_as_it_says(
    made: list[tuple[Dossier, History]], name: str, length: int
) -> None:
    facts = dated(
        [msgspec.structs.replace(dossier, code=code(number)) for number, (dossier, _history) in enumerate(made)]
    )
    question = Question((EPOCH.date(), EPOCH.date() + timedelta(days=length)), name)
    rows = figures_by_department(facts, *question.period, DEFINITIONS[name])
    figures_of = {**rows, TOTAL: total_of(rows)}
    cells = [Cell(row, column) for row in figures_of for column in KEYS]
    behind = counted_behind(facts, question, question.period[1], cells, lambda dossier: dossier.department)
    assert {cell: len(codes) for cell, codes in behind.items()} == {
        cell: figures_of[cell.row][cell.column] for cell in cells
    }


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        (["a", "b"], ""),
        (["a"], "its list holds 1; its list lacks b"),
        (["a", "c"], "its list lacks b; its list has too many: c"),
        (["a", "b", "b"], "its list holds 3; its list repeats b"),
        (["a", "b", *"cdefghij"], "its list holds 10; its list has too many: c, d, e, f, g and 3 more"),
    ],
)
def test_what_a_list_lacks_has_too_many_or_repeats_is_named(listed: list[str], said: str) -> None:
    assert compare_list(2, {"a", "b"}, listed).detail == said


def test_a_log_that_breaks_a_rule_is_found() -> None:
    recount = folded(line(code(1), "received"), line(code(1), "supplemented", 1))
    (fault,) = recount.faults
    assert str(fault).startswith(
        f"{code(1)}: the log holds event {code(1)}/1 against the rules: supplemented is not allowed: "
        f"dossier {code(1)} is received"
    )


def test_a_log_that_misses_a_number_is_found() -> None:
    recount = Recount()
    event = msgspec.json.decode(line(code(1), "received"))
    recount.take(msgspec.json.encode({"position": 1, "event": event | {"sequence": 2, "recordedtime": minute(1)}}))
    assert [each.about for each in recount.faults] == [code(1)]


def test_a_log_whose_positions_go_back_is_found() -> None:
    recount = folded(line(code(1), "received"))
    event = msgspec.json.decode(line(code(2), "received"))
    recount.take(msgspec.json.encode({"position": 1, "event": event | {"sequence": 1, "recordedtime": minute(1)}}))
    assert [each.about for each in recount.faults] == [code(2)]


def test_an_event_without_the_time_of_its_recording_is_found() -> None:
    recount = Recount()
    recount.take(
        msgspec.json.encode({"position": 1, "event": msgspec.json.decode(line(code(1), "received")) | {"sequence": 1}})
    )
    assert [str(each) for each in recount.faults] == [
        f"{code(1)}: the log does not say when event {code(1)}/0 was recorded"
    ]


def test_dossiers_are_recounted_as_they_were_known_at_an_instant_that_instant_included() -> None:
    lines = [
        line(code(1), "received"),
        line(code(1), "resolved", 1, hour=9),
        line(code(2), "received"),
        line(code(1), "returned", 2, hour=9),
    ]
    recount = folded(*lines, instants=(minute(2), minute(3)))
    known = {
        instant: {each.code: each.sequence for each in recount.known_at(instant)}
        for instant in (minute(2), minute(3), None)
    }
    assert known == {minute(2): {code(1): 2}, minute(3): {code(1): 2, code(2): 1}, None: {code(1): 3, code(2): 1}}


def test_knowledge_of_a_dossier_does_not_come_back_when_the_clock_was_set_back() -> None:
    recount = Recount((minute(1),))
    for position, (each, recorded) in enumerate([("received", 1), ("resolved", 5), ("returned", 1)], 1):
        event = msgspec.json.decode(line(code(1), each, position, hour=8 + position)) | {
            "sequence": position,
            "recordedtime": minute(recorded),
        }
        recount.take(msgspec.json.encode({"position": position, "event": event}))
    assert [each.sequence for each in recount.known_at(minute(1))] == [1]


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


@given(st.randoms(use_true_random=False), st.integers(0, 400))
def test_a_drawn_day_and_period_lie_within_the_log(chance: Random, days: int) -> None:
    first, last = date(2023, 1, 1), date(2023, 1, 1) + timedelta(days=days)
    (day, same), (begins, ends) = drawn_day(first, last, chance), drawn_period(first, last, chance)
    assert first <= day == same <= last
    assert first <= begins <= ends <= last


def test_a_dossier_is_counted_in_the_row_of_its_grouping() -> None:
    dossier, fields = some()[code(1)], {"2.000635": "Công chứng"}
    assert row_of(PROCEDURE, fields)(dossier) == "2.000635"
    assert row_of(CHANNEL_AND_FIELD, fields)(dossier) == "online, Công chứng"
    assert row_of(CHANNEL_AND_FIELD, {})(dossier) == "online, none"
    assert row_of(DEPARTMENT_AND_PLACE, {})(dossier) == "H59.15, H59.15"
    elsewhere = msgspec.structs.replace(dossier, received_by="H59.20")
    assert row_of(DEPARTMENT_AND_PLACE, {})(elsewhere) == "H59.15, H59.20"


def test_a_figure_that_is_not_by_department_says_by_what() -> None:
    question = Question(YEAR, by=CHANNEL_AND_FIELD)
    assert (
        question.about(Cell("online, none", "withdrawn"))
        == "2023-01-01..2023-12-31, by channel and field, online, none, withdrawn"
    )


def test_a_declined_dossier_counts_nowhere_unless_it_waited_to_be_accepted() -> None:
    dossier = msgspec.structs.replace(some()[code(2)], received_at=None, state=State.DECLINED)
    assert dated([dossier]) == []
    waited = Acceptance(asked_at=minute(1), due_at=minute(3), answered_at=minute(2))
    rows = figures_by_department(dated([msgspec.structs.replace(dossier, acceptances=(waited,))]), *YEAR)
    assert {key: count for key, count in rows["H59.15"].items() if count} == {"accepted_in_time": 1}


def test_a_voided_dossier_counts_nowhere() -> None:
    assert dated([msgspec.structs.replace(some()[code(1)], state=State.VOIDED)]) == []
