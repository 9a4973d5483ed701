"""Working time to many deadlines is what the calendar says of each alone."""

from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.reporting.figures.attention import WorkingTimeRuler, calendar_of
from shared.catalogue import Catalogue
from shared.domain.calendar import DatedSessions, WorkingCalendar
from shared.domain.localtime import LOCAL
from tests.builders.times import OFFICE, at

SHORT_DAYS = DatedSessions(
    date(2023, 1, 27), date(2023, 2, 3), ((at("2023-01-01 07:30").time(), at("2023-01-01 10:00").time()),)
)
CALENDAR = WorkingCalendar(
    OFFICE.first_day, OFFICE.last_day, OFFICE.days_off, OFFICE.swapped_to_work, hours=(SHORT_DAYS,)
)
INSTANTS = st.integers(0, 120 * 24 * 60).map(lambda minutes: at("2022-12-01 00:00") + timedelta(minutes=minutes))


@given(now=INSTANTS, deadlines=st.lists(INSTANTS, min_size=1, max_size=8))
def test_the_ruler_measures_as_the_calendar_does(now: datetime, deadlines: list[datetime]) -> None:
    ruler = WorkingTimeRuler(CALENDAR, now)
    for due in deadlines:
        assert ruler.until(due) == CALENDAR.working_time_between(now, due) - CALENDAR.working_time_between(due, now)
        days = [
            min(now, due).date() + timedelta(number) for number in range(1, abs((due.date() - now.date()).days) + 1)
        ]
        expected = sum(CALENDAR.is_working_day(day) for day in days)
        assert ruler.working_days(due) == (expected if due >= now else -expected)


def test_beyond_the_announced_days_monday_to_friday_count(shipped: Catalogue) -> None:
    calendar = calendar_of(shipped, "H59.15")
    friday = datetime.combine(shipped.calendar_last_day + timedelta(days=365), at("2023-01-01 16:00").time(), LOCAL)
    friday += timedelta(days=(4 - friday.weekday()) % 7)
    assert calendar.add_working_time(friday, timedelta(hours=2)) == friday + timedelta(days=2, hours=16)


def test_a_department_that_the_catalogue_does_not_have_keeps_the_usual_hours(shipped: Catalogue) -> None:
    calendar = calendar_of(shipped, "X99.99")
    assert calendar.add_working_time(at("2023-01-19 16:00"), timedelta(hours=2)) == at("2023-01-27 08:00"), (
        "Tết lies between"
    )
