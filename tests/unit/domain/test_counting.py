"""Contributions against a straight recount, day by day, for random histories of every kind of event."""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.columns import BY_KEY, Kind, terms_of
from shared.domain.counting import STOCKS, Delta, Measure, contributions
from shared.domain.dossier import Dossier
from shared.domain.fields import CorrectableField
from shared.domain.figures import ROW_IDENTITIES, Figures, Sums, figures
from shared.domain.localtime import ONE_DAY
from shared.domain.terms import Term, TermUnit
from shared.domain.timeliness import BY_DATE, DEFINITIONS
from tests.builders.events import CODE, dossier_after, event, received
from tests.builders.histories import EPOCH, History, histories
from tests.builders.times import at
from tests.builders.wire import travelling
from tests.support import recount

FIRST_DAY = EPOCH.date() - ONE_DAY
DAYS = [FIRST_DAY + offset * ONE_DAY for offset in range(45)]


def stock(dossier: Dossier, measure: Measure, day: str) -> int:
    return sum(
        delta.amount
        for delta in contributions(dossier)
        if delta.measure is measure and delta.day <= date.fromisoformat(day)
    )


def overdue_on(dossier: Dossier, first: str, last: str) -> list[str]:
    days = [
        date.fromisoformat(first) + offset * ONE_DAY
        for offset in range((date.fromisoformat(last) - date.fromisoformat(first)).days + 1)
    ]
    return [str(day) for day in days if stock(dossier, Measure.OPEN_OVERDUE, str(day))]


@pytest.mark.parametrize("definition", DEFINITIONS)
@settings(max_examples=300)
@given(made=histories())
def test_every_day_is_as_a_straight_recount_of_the_events_says(definition: str, made: tuple[Dossier, History]) -> None:
    dossier, history = made
    recounted = recount.dossiers_from(travelling(CODE, event) for event in history)[CODE]
    deltas = contributions(dossier, DEFINITIONS[definition])
    for day in DAYS:
        flows = {
            delta.measure.value: delta.amount for delta in deltas if delta.measure not in STOCKS and delta.day == day
        }
        assert flows == recount.flows(recounted, day, definition), day
        stocks = {
            m.value: sum(delta.amount for delta in deltas if delta.measure is m and delta.day <= day) for m in STOCKS
        }
        assert stocks == recount.stocks(recounted, day, definition), day


@given(histories())
def test_deltas_name_each_day_and_measure_once_and_never_nothing(made: tuple[Dossier, History]) -> None:
    deltas = contributions(made[0])
    assert len({(delta.day, delta.measure) for delta in deltas}) == len(deltas)
    assert all(delta.amount for delta in deltas)


periods = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda pair: (DAYS[min(pair)], DAYS[max(pair)]))


def figures_of(dossiers: list[Dossier], first: date, last: date, definition: str = BY_DATE.name) -> Figures:
    before: Counter[tuple[Measure, str]] = Counter()
    within: Counter[tuple[Measure, str]] = Counter()
    for dossier in dossiers:
        for delta in contributions(dossier, DEFINITIONS[definition]):
            if delta.day <= last:
                (before if delta.day < first else within)[delta.measure, dossier.counted_channel] += delta.amount
    at_end = Counter(before)
    at_end.update(within)
    return figures(Sums(dict(before), dict(within), dict(at_end)))  # type: ignore[arg-type]


OF_WHICH = {
    "received_online": ("received_online_full",),
    "received_in_person": ("received_unknown",),
    "resolved_total": (
        "refused", "granted_in_part", "granted_by_law", "not_needed", "withdrawn", "stopped", "transferred",
    ),
    "stopped": ("stopped_administrative",),
    "in_progress_total": ("in_progress_suspended",),
    "awaiting_acceptance": ("awaiting_acceptance_late",),
}  # fmt: skip


def row_of(found: Figures) -> dict[str, int]:
    return {key: found[key] for identity in ROW_IDENTITIES for key in (identity.total, *identity.parts)}


@pytest.mark.parametrize("definition", DEFINITIONS)
@settings(max_examples=40)
@given(dossiers=st.lists(histories().map(lambda made: made[0]), max_size=4), period=periods)
def test_every_identity_holds_for_any_dossiers_and_any_period(
    definition: str, dossiers: list[Dossier], period: tuple[date, date]
) -> None:
    found = figures_of(dossiers, *period, definition)
    row = row_of(found)
    assert {identity.name: identity.difference(row) for identity in ROW_IDENTITIES} == dict.fromkeys(
        ("3=4+5+6", "7=8+9+10", "11=12+13", "3=7+11"), 0
    )
    assert all(value >= 0 for value in found.values())
    for whole, parts in OF_WHICH.items():
        assert sum(found[part] for part in parts) <= found[whole], whole


@pytest.mark.parametrize("definition", DEFINITIONS)
@settings(max_examples=40)
@given(dossiers=st.lists(histories().map(lambda made: made[0]), max_size=4), period=periods)
def test_what_is_carried_over_was_in_progress_the_day_before(
    definition: str, dossiers: list[Dossier], period: tuple[date, date]
) -> None:
    first, last = period
    carried_over = figures_of(dossiers, first, last, definition)["carried_over"]
    assert carried_over == figures_of(dossiers, FIRST_DAY, first - ONE_DAY, definition)["in_progress_total"]


@settings(max_examples=40)
@given(st.lists(histories().map(lambda made: made[0]), max_size=4), periods, st.integers(0, 40))
def test_flows_add_up_over_consecutive_periods(dossiers: list[Dossier], period: tuple[date, date], cut: int) -> None:
    first, last = period
    middle = first + timedelta(days=cut)
    if not first <= middle < last:
        return
    whole = figures_of(dossiers, first, last)
    halves = figures_of(dossiers, first, middle), figures_of(dossiers, middle + ONE_DAY, last)
    for column in (key for key, column in BY_KEY.items() if column.count is None or column.count.kind is Kind.WITHIN):
        if any(count.kind is not Kind.WITHIN for count, _sign in terms_of(column)):
            continue
        assert whole[column] == sum(half[column] for half in halves), column


class TestByHand:
    def test_a_dossier_resolved_in_time(self) -> None:
        dossier = dossier_after(received(), event("resolved", "2023-01-09"), event("returned", "2023-01-12"))
        assert sorted(contributions(dossier)) == sorted(
            [
                Delta(date(2023, 1, 3), Measure.RECEIVED, 1),
                Delta(date(2023, 1, 3), Measure.OPEN, 1),
                Delta(date(2023, 1, 9), Measure.OPEN, -1),
                Delta(date(2023, 1, 9), Measure.RESOLVED_EARLY, 1),
                Delta(date(2023, 1, 9), Measure.AWAITING_RETURN, 1),
                Delta(date(2023, 1, 12), Measure.AWAITING_RETURN, -1),
                Delta(date(2023, 1, 12), Measure.RETURNED_IN_PERSON, 1),
            ]
        )

    def test_a_dossier_that_was_never_received_adds_nothing(self) -> None:
        handed_in = event("submitted", "2023-01-03", channel="in_person")
        assert contributions(dossier_after(handed_in, event("declined", "2023-01-04"))) == []

    def test_an_online_one_that_was_never_received_adds_only_its_waiting(self) -> None:
        handed_in = event("submitted", "2023-01-03", acceptance_due_at=at("2023-01-04 08:00"))
        assert sorted(contributions(dossier_after(handed_in, event("declined", "2023-01-06")))) == sorted(
            [
                Delta(date(2023, 1, 3), Measure.AWAITING_ACCEPTANCE, 1),
                Delta(date(2023, 1, 5), Measure.AWAITING_ACCEPTANCE_LATE, 1),
                Delta(date(2023, 1, 6), Measure.AWAITING_ACCEPTANCE, -1),
                Delta(date(2023, 1, 6), Measure.AWAITING_ACCEPTANCE_LATE, -1),
                Delta(date(2023, 1, 6), Measure.ACCEPTED_LATE, 1),
            ]
        )

    def test_what_comes_in_addition_while_it_waits_begins_no_second_waiting(self) -> None:
        handed_in = event("submitted", "2023-01-03", acceptance_due_at=at("2023-01-04 08:00"))
        more = event("supplemented", "2023-01-03 14:00", acceptance_due_at=at("2023-01-05 14:00"))
        dossier = dossier_after(handed_in, more)
        assert stock(dossier, Measure.AWAITING_ACCEPTANCE, "2023-01-05") == 1
        assert stock(dossier, Measure.AWAITING_ACCEPTANCE_LATE, "2023-01-05") == 1

    def test_returned_without_resolved_is_closed_and_awaits_no_return(self) -> None:
        dossier = dossier_after(received(), event("returned", "2023-01-04"))
        assert stock(dossier, Measure.OPEN, "2023-01-04") == 0
        assert stock(dossier, Measure.AWAITING_RETURN, "2023-01-04") == 0

    def test_overdue_begins_the_day_after_the_deadline_with_no_event(self) -> None:
        assert overdue_on(dossier_after(received()), "2023-01-09", "2023-01-13") == [
            "2023-01-11",
            "2023-01-12",
            "2023-01-13",
        ]

    def test_a_pause_and_its_end_on_one_day_leave_no_suspended_day(self) -> None:
        dossier = dossier_after(
            received(),
            event("payment_requested", "2023-01-05 08:00"),
            event("payment_settled", "2023-01-05 16:00", due_at=at("2023-01-11 08:31")),
        )
        assert Measure.OPEN_SUSPENDED not in {delta.measure for delta in contributions(dossier)}
        assert overdue_on(dossier, "2023-01-10", "2023-01-12") == ["2023-01-12"]

    def test_no_day_of_a_pause_that_began_in_time_is_overdue(self) -> None:
        dossier = dossier_after(
            received(),
            event("supplement_requested", "2023-01-10 16:00"),
            event("supplemented", "2023-01-30 10:00", due_at=at("2023-01-31 10:00")),
        )
        assert overdue_on(dossier, "2023-01-10", "2023-02-02") == ["2023-02-01", "2023-02-02"]

    def test_every_day_of_a_pause_that_began_overdue_is(self) -> None:
        dossier = dossier_after(
            received(), event("supplement_requested", "2023-01-12"), event("supplemented", "2023-01-14")
        )
        assert overdue_on(dossier, "2023-01-10", "2023-01-15") == [f"2023-01-{day}" for day in range(11, 16)]

    def test_an_extension_does_not_undo_the_days_that_were_overdue(self) -> None:
        dossier = dossier_after(received(), event("extended", "2023-01-13", due_at=at("2023-01-16")))
        assert overdue_on(dossier, "2023-01-10", "2023-01-18") == [
            "2023-01-11",
            "2023-01-12",
            "2023-01-17",
            "2023-01-18",
        ]

    def test_a_corrected_deadline_does(self) -> None:
        fix = event(
            "corrected",
            "2023-01-13",
            field=CorrectableField.DUE_AT,
            old_value="2023-01-10T08:31:00+07:00",
            new_value="2023-01-16T08:31:00+07:00",
        )
        assert overdue_on(dossier_after(received(), fix), "2023-01-10", "2023-01-18") == ["2023-01-17", "2023-01-18"]

    def test_an_extension_within_an_overdue_pause_ends_its_overdue_days(self) -> None:
        dossier = dossier_after(
            received(),
            event("payment_requested", "2023-01-12"),
            event("extended", "2023-01-14", due_at=at("2023-01-20")),
        )
        assert overdue_on(dossier, "2023-01-10", "2023-02-20") == ["2023-01-11", "2023-01-12", "2023-01-13"]

    def test_a_deadline_in_hours_that_passed_today_is_not_overdue_at_the_end_of_today_paused_or_not(self) -> None:
        term = Term(8, TermUnit.WORKING_HOURS)
        running = dossier_after(received(term=term))
        paused = dossier_after(received(term=term), event("payment_requested", "2023-01-10 09:00"))
        assert (
            overdue_on(running, "2023-01-09", "2023-01-11")
            == overdue_on(paused, "2023-01-09", "2023-01-11")
            == ["2023-01-11"]
        )

    @pytest.mark.parametrize("ending", ["withdrawn", "stopped", "resolved", "returned", "transferred"])
    def test_closing_while_paused_ends_suspension_and_overdue_with_the_day_before(self, ending: str) -> None:
        dossier = dossier_after(received(), event("payment_requested", "2023-01-12"), event(ending, "2023-01-14"))
        assert overdue_on(dossier, "2023-01-10", "2023-01-20") == ["2023-01-11", "2023-01-12", "2023-01-13"]
        assert stock(dossier, Measure.OPEN_SUSPENDED, "2023-01-13") == 1
        assert stock(dossier, Measure.OPEN_SUSPENDED, "2023-01-14") == 0
