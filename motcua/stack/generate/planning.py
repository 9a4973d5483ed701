"""Which dossiers there are: department, procedure, channel, receipt, first deadline; how each ends is not known yet.

They come in by month, weekday and hour: at counters only in working hours, online also in the evening and at weekends.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from motcua.stack.generate.dossiers import LEAD, Fate, Office, PlannedDossier, Province
from motcua.stack.generate.scenario import FiguresAsked, ImpossibleScenario
from motcua.stack.generate.working_time import HOUR, midnight, moment
from shared.domain.calendar import WorkingCalendar
from shared.domain.deadline import due_at
from shared.domain.fields import Channel
from shared.domain.localtime import ONE_DAY

MONTHS = (0.92, 0.97, 1.1, 1.0, 1.05, 1.05, 1.0, 1.06, 0.95, 1.04, 1.02, 0.95)
WEEKDAYS = (1.16, 1.08, 1.02, 0.98, 0.9, 0.16, 0.1)
WEEKEND = 5
DAY_OFF = 0.04  # of an ordinary day, online: Tết and other days off
HALF_HOUR = HOUR // 2
COUNTER_HOURS = {7: 0.9, 8: 1.4, 9: 1.4, 10: 1.1, 11: 0.5, 12: 0.4, 13: 0.9, 14: 1.3, 15: 1.1, 16: 0.6}
COUNTER_OTHER_HOUR = 0.4
ONLINE_HOURS = (2, 1, 1, 1, 1, 3, 8, 30, 75, 90, 80, 45, 20, 45, 80, 75, 55, 25, 15, 22, 28, 24, 14, 6)
CANDIDATES_FOR_EACH = 6  # receipts drawn for one carried-over dossier; most are due before the period
ATTEMPTS = 20
MEAN_WAIT = 5 * HOUR  # of an online submission for an officer to accept it

Days = tuple[date, date]  # first and last, inclusive


def plan_counted(province: Province, rng: Random) -> list[PlannedDossier]:
    """All dossiers of the scenario: those received in the period, and those carried over into it."""
    days = province.scenario.first_day, province.scenario.last_day
    planned: list[PlannedDossier] = []
    for channel, amount in _channels(province.scenario.figures).items():
        planned.extend(_received(province, rng, channel, amount, days))
    planned.extend(_carried_over(province, rng))
    for dossier in planned:
        if dossier.channel is Channel.ONLINE and rng.random() < province.scenario.mix.submitted_first:
            _accepted_by_an_officer(dossier, rng)
    return planned


def plan_declined(province: Province, rng: Random) -> list[PlannedDossier]:
    """Online submissions that are not accepted, beside the scenario's dossiers: they are in no figure."""
    scenario = province.scenario
    amount = round(scenario.figures.received_online * scenario.mix.declined)
    planned = list(_received(province, rng, Channel.ONLINE, amount, (scenario.first_day, scenario.last_day)))
    for dossier in planned:
        dossier.fate, dossier.submitted = Fate.DECLINED, dossier.received
    return planned


def _channels(asked: FiguresAsked) -> dict[Channel, int]:
    return {
        Channel.ONLINE: asked.received_online,
        Channel.IN_PERSON: asked.received_in_person,
        Channel.POSTAL: asked.received_postal,
    }


def _received(province: Province, rng: Random, channel: Channel, amount: int, days: Days) -> Iterator[PlannedDossier]:
    by_calendar: dict[WorkingCalendar, list[Office]] = defaultdict(list)
    offices = list(province.offices.values())
    for office in rng.choices(offices, [office.weight for office in offices], k=amount):
        by_calendar[office.calendar].append(office)
    for calendar, chosen in by_calendar.items():
        for office, received in zip(chosen, _receipts(rng, calendar, channel, days, len(chosen)), strict=True):
            procedure = rng.choices(office.procedures, office.procedure_weights)[0]
            term = procedure.term
            assert term is not None
            due = due_at(moment(received), term, calendar)
            yield PlannedDossier(office, procedure, term, channel, received, due, max(received, province.starts))


def _receipts(rng: Random, calendar: WorkingCalendar, channel: Channel, days: Days, amount: int) -> Iterator[int]:
    """So many instants, in whole seconds: a day and a half hour are drawn by their weights, then the second in it."""
    online = channel is Channel.ONLINE
    day_weights, slot_weights = {}, {}
    for day in (days[0] + timedelta(days=offset) for offset in range((days[1] - days[0]).days + 1)):
        if calendar.is_working_day(day) or (online and day.weekday() >= WEEKEND):
            day_weights[day] = MONTHS[day.month - 1] * WEEKDAYS[day.weekday()]
        elif online:
            day_weights[day] = DAY_OFF
    for slot in range(0, 24 * HOUR, HALF_HOUR):
        if online:
            slot_weights[slot] = float(ONLINE_HOURS[slot // HOUR])
        elif _in_session(calendar, slot):
            slot_weights[slot] = COUNTER_HOURS.get(slot // HOUR, COUNTER_OTHER_HOUR)
    starts = rng.choices([midnight(day) for day in day_weights], list(day_weights.values()), k=amount)
    slots = rng.choices(list(slot_weights), list(slot_weights.values()), k=amount)
    return (start + slot + rng.randrange(HALF_HOUR) for start, slot in zip(starts, slots, strict=True))


def _in_session(calendar: WorkingCalendar, slot: int) -> bool:
    """Whether the whole half hour that starts `slot` seconds after midnight lies in a session."""
    return any(
        opens.hour * HOUR + opens.minute * 60 <= slot and slot + HALF_HOUR <= closes.hour * HOUR + closes.minute * 60
        for opens, closes in calendar.sessions
    )


def _carried_over(province: Province, rng: Random) -> list[PlannedDossier]:
    """Dossiers received before the period that may still be closed in time within it."""
    asked, first_day = province.scenario.figures, province.scenario.first_day
    days = first_day - LEAD, first_day - ONE_DAY
    usable: list[PlannedDossier] = []
    for _ in range(ATTEMPTS):
        if len(usable) >= asked.carried_over:
            return rng.sample(usable, asked.carried_over)
        for channel, amount in _channels(asked).items():
            share = amount / max(1, asked.received_total - asked.carried_over)
            drawn = round(CANDIDATES_FOR_EACH * asked.carried_over * share) + 1
            usable.extend(
                dossier
                for dossier in _received(province, rng, channel, drawn, days)
                if midnight(dossier.due.date()) >= province.starts and dossier.can_close_in_time(province.ends)
            )
    raise ImpossibleScenario(
        f"carried_over: only {len(usable):,} dossiers could be found that were received from {days[0]} to {days[1]} "
        f"and due later, not {asked.carried_over:,}; ask for fewer or weigh departments with longer terms more"
    )


def _accepted_by_an_officer(dossier: PlannedDossier, rng: Random) -> None:
    """A receipt in working hours follows a submission; at another hour the portal itself received the dossier."""
    time = dossier.office.working_time
    offset = time.offset(dossier.received)
    if offset < time.end and time.instant(offset) == dossier.received:
        dossier.submitted = dossier.received - 60 - int(rng.expovariate(1 / MEAN_WAIT))
