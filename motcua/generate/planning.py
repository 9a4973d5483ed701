"""Which dossiers there are: department, procedure, channel, receipt and first deadline, before anybody knows how each ends."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from random import Random

from motcua.generate import arrivals
from motcua.generate.axis import HOUR, midnight, moment
from motcua.generate.ground import LEAD, Ground, Office
from motcua.generate.plan import Fate, Plan
from motcua.generate.scenario import Asked, ImpossibleScenario
from motcua.generate.windows import can_close_in_time
from shared.domain.calendar import WorkingCalendar
from shared.domain.deadline import due_at
from shared.domain.events import Channel
from shared.domain.localtime import ONE_DAY

CANDIDATES_FOR_EACH = 6  # receipts drawn for one carried-over dossier; most are due before the period
ATTEMPTS = 20
MEAN_WAIT = 5 * HOUR  # of an online submission for an officer to accept it

Days = tuple[date, date]  # first and last, inclusive


def plans(ground: Ground, rng: Random) -> list[Plan]:
    """All dossiers of the scenario: those received in the period, and those carried over into it."""
    days = ground.scenario.first_day, ground.scenario.last_day
    made: list[Plan] = []
    for channel, amount in _channels(ground.scenario.figures).items():
        made.extend(_received(ground, rng, channel, amount, days))
    made.extend(_carried_over(ground, rng))
    for plan in made:
        if plan.channel is Channel.ONLINE and rng.random() < ground.scenario.mix.submitted_first:
            _accepted_by_an_officer(plan, rng)
    return made


def declined(ground: Ground, rng: Random) -> list[Plan]:
    """Online submissions that are not accepted, beside the scenario's dossiers: they are in no figure."""
    scenario = ground.scenario
    amount = round(scenario.figures.received_online * scenario.mix.declined)
    made = list(_received(ground, rng, Channel.ONLINE, amount, (scenario.first_day, scenario.last_day)))
    for plan in made:
        plan.fate, plan.submitted = Fate.DECLINED, plan.received
    return made


def _channels(asked: Asked) -> dict[Channel, int]:
    return {Channel.ONLINE: asked.received_online, Channel.IN_PERSON: asked.received_in_person, Channel.POSTAL: asked.received_postal}


def _received(ground: Ground, rng: Random, channel: Channel, amount: int, days: Days) -> Iterator[Plan]:
    by_calendar: dict[WorkingCalendar, list[Office]] = defaultdict(list)
    offices = list(ground.offices.values())
    for office in rng.choices(offices, [office.weight for office in offices], k=amount):
        by_calendar[office.calendar].append(office)
    for calendar, chosen in by_calendar.items():
        pattern = arrivals.online(calendar, *days) if channel is Channel.ONLINE else arrivals.counter(calendar, *days)
        for office, received in zip(chosen, pattern.draw(rng, len(chosen)), strict=True):
            yield _plan(ground, rng, office, channel, received)


def _plan(ground: Ground, rng: Random, office: Office, channel: Channel, received: int) -> Plan:
    procedure = rng.choices(office.procedures, office.procedure_weights)[0]
    term = procedure.term
    assert term is not None
    due = due_at(moment(received), term, office.calendar)
    return Plan(office, procedure, term, channel, received, due, max(received, ground.starts))


def _carried_over(ground: Ground, rng: Random) -> list[Plan]:
    """Dossiers received before the period that may still be closed in time within it."""
    asked, first_day = ground.scenario.figures, ground.scenario.first_day
    days = first_day - LEAD, first_day - ONE_DAY
    found: list[Plan] = []
    for _ in range(ATTEMPTS):
        if len(found) >= asked.carried_over:
            return rng.sample(found, asked.carried_over)
        for channel, amount in _channels(asked).items():
            share = amount / max(1, asked.received_total - asked.carried_over)
            drawn = round(CANDIDATES_FOR_EACH * asked.carried_over * share) + 1
            found.extend(plan for plan in _received(ground, rng, channel, drawn, days) if _due_in_period(plan, ground))
    raise ImpossibleScenario(
        f"carried_over: only {len(found):,} dossiers could be found that were received from {days[0]} to {days[1]} and due later, "
        f"not {asked.carried_over:,}; ask for fewer or weigh departments with longer terms more"
    )


def _due_in_period(plan: Plan, ground: Ground) -> bool:
    return midnight(plan.due.date()) >= ground.starts and can_close_in_time(plan, ground.ends)


def _accepted_by_an_officer(plan: Plan, rng: Random) -> None:
    """The receipt in working hours follows a submission; what came at another hour was received by the portal itself."""
    axis = plan.office.axis
    offset = axis.offset(plan.received)
    if offset < axis.end and axis.instant(offset) == plan.received:
        plan.submitted = plan.received - 60 - int(rng.expovariate(1 / MEAN_WAIT))
