"""The explanation agrees with the golden set:
what the walk names leads without gaps from the receipt to the deadline derived by hand."""

from itertools import pairwise

import pytest

from shared.domain.deadline import walk
from shared.domain.localtime import local_date
from tests.golden.office import PROCEDURE, catalogue_of
from tests.golden.reading import CASES, Case, department_of, original_of

COMPUTED = [
    case
    for case in CASES
    if "due_given" not in case and not any(event.get("recompute") for event in case.get("events", []))
]


@pytest.mark.parametrize("case", COMPUTED, ids=lambda case: case["id"])
def test_the_walk_leads_from_the_receipt_to_the_first_deadline(case: Case) -> None:
    catalogue = catalogue_of(case)
    procedure = catalogue.procedure(PROCEDURE, local_date(case["received"]))
    assert procedure is not None

    channel = case.get("channel", "online")
    rule = procedure.rule_for(channel, catalogue.class_of(channel))
    intervals = list(walk(case["received"], rule, catalogue.calendar(department_of(case))))

    due = original_of(case["expect"])
    assert [each for each in intervals if each.end < each.start] == []
    assert all(before.end == after.start for before, after in pairwise(intervals))
    assert [intervals[0].start, intervals[-1].end] == [case["received"], due] if due is not None else not intervals
