"""The numbers in every office's database never change their meaning."""

import pytest

from services.reporting.read_model.sums import JUDGED_CODES, MEANINGS, MEASURE_CODES, GaugeStock, stock_codes
from shared.domain.counting import JUDGED, STOCKS, Measure
from shared.domain.timeliness import DEFINITIONS

FACTS = {
    1: "received", 2: "received_online_full", 6: "resolved_no_deadline", 7: "withdrawn", 8: "stopped",
    9: "returned_in_person", 10: "returned_postal", 11: "returned_online", 12: "open", 14: "open_suspended",
    15: "awaiting_return", 16: "open_due_soon", 17: "open_suspended_overdue", 18: "refused", 19: "received_unknown",
    20: "granted_in_part", 21: "granted_by_law", 22: "not_needed", 26: "stopped_administrative", 27: "transferred",
    28: "accepted_in_time", 29: "accepted_late", 30: "awaiting_acceptance", 31: "awaiting_acceptance_late",
}  # fmt: skip
JUDGEMENTS = {3: "resolved_early", 4: "resolved_on_time", 5: "resolved_overdue", 13: "open_overdue"}


@pytest.mark.parametrize(("definition", "apart"), [("by-date/1", 0), ("instant/1", 20), ("half-day/1", 40)])
def test_a_definition_reads_the_facts_and_its_own_judgements(definition: str, apart: int) -> None:
    own = {code + apart: name for code, name in JUDGEMENTS.items()}
    assert {code: measure.value for code, measure in MEANINGS[definition].items()} == FACTS | own


def test_no_two_definitions_share_a_number() -> None:
    numbers = [code for codes in JUDGED_CODES.values() for code in codes.values()]
    assert len(set(numbers) | FACTS.keys()) == len(DEFINITIONS) * len(JUDGED) + len(FACTS)


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_every_measure_has_one_number_in_a_definition(definition: str) -> None:
    assert sorted(MEANINGS[definition].values()) == sorted([*Measure, *GaugeStock])
    stocks = {measure.value for code, measure in MEANINGS[definition].items() if code in stock_codes(definition)}
    assert stocks == {measure.value for measure in (*STOCKS, *GaugeStock)}


def test_the_numbers_of_by_date_are_those_of_the_first_version() -> None:
    assert {measure.value: code for measure, code in MEASURE_CODES.items()} == {
        name: code for code, name in (FACTS | JUDGEMENTS).items()
    }
