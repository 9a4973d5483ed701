"""The product agrees with the golden set:
each case goes through intake's own decisions and is judged and counted from there."""

from datetime import UTC, date, datetime, time

import msgspec
import pytest

from services.intake.accepting.decide import decide
from services.intake.accepting.parsing import parse
from shared.domain.counting import Measure, contributions
from shared.domain.dossier import Dossier
from shared.domain.localtime import LOCAL, local_date
from shared.domain.timeliness import DEFINITIONS, Definition, closed_timeliness
from tests.golden import reading
from tests.golden.office import catalogue_of, sent_by
from tests.golden.reading import CASES, Case

NOW = datetime(2027, 1, 1, tzinfo=UTC)
APPLICANT_KEY = bytes(32)
RESOLVED = {measure: measure.removeprefix("resolved_") for measure in Measure if measure.startswith("resolved_")}


def dossier_of(case: Case) -> Dossier:
    """The dossier after every event of the case, as intake decides them."""
    catalogue, dossier = catalogue_of(case), None
    for event in sent_by(case):
        dossier = decide(parse(msgspec.json.encode(event), APPLICANT_KEY), dossier, catalogue, NOW).dossier
    assert dossier is not None
    return dossier


def definition(name: str) -> Definition:
    return DEFINITIONS[reading.DEFINITIONS[name]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_product_comes_to_the_deadline_and_class_derived_by_hand(case: Case) -> None:
    dossier, expect = dossier_of(case), case["expect"]

    assert dossier.due_at == expect.get("due_at")
    assert dossier.due_original == reading.original_of(expect)
    assert dossier.channel == expect.get("channel", case.get("channel", "online"))
    assert dossier.department == expect.get("department", reading.department_of(case))
    for name in reading.DEFINITIONS:
        wanted = expect["class"][name] if "class" in expect else None
        assert closed_timeliness(dossier, definition(name)) == wanted, name
        assert counted_class(dossier, definition(name)) == wanted, name
    for cut_off in expect.get("open", []):
        for name, wanted in cut_off["standing"].items():
            assert counted_standing(dossier, cut_off["end_of"], definition(name)) == wanted, (name, cut_off["end_of"])
    assert [hop.is_late(last_seen(case)) for hop in dossier.hops] == [
        wanted == "overdue" for wanted in expect.get("hops", [])
    ]


def counted_class(dossier: Dossier, by: Definition) -> str | None:
    """The class in whose column the figures count the dossier, once and on the day it was closed; None when in none."""
    found = [delta for delta in contributions(dossier, by) if delta.measure in RESOLVED]
    if not found:
        return None
    ((day, measure, amount),) = found
    assert dossier.closed_at is not None
    assert (day, amount) == (local_date(dossier.closed_at), 1)
    return RESOLVED[measure]


def counted_standing(dossier: Dossier, day: date, by: Definition) -> str:
    """How the figures count the dossier at the end of the day."""
    stock = dict.fromkeys(Measure, 0)
    for delta in contributions(dossier, by):
        if delta.day <= day:
            stock[delta.measure] += delta.amount
    if not stock[Measure.OPEN]:
        return "not_open"
    if stock[Measure.OPEN_OVERDUE]:
        return "overdue"
    if stock[Measure.OPEN_SUSPENDED]:
        return "suspended"
    return "no_deadline" if dossier.due_at is None else "within"


def last_seen(case: Case) -> datetime:
    """The last instant the case tells of: an unanswered hop is judged there."""
    day = max((cut_off["end_of"] for cut_off in case["expect"].get("open", [])), default=NOW.date())
    return datetime.combine(day, time.max, LOCAL)
