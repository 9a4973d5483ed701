"""Every cell of the golden set's rows, derived by hand:
a clerk with piles counts the same, the product sums up the same, and `motcua verify` recounts the same."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec
import pytest

from motcua.verify.recount import dated, figures_by_row, total_of
from services.intake.accepting.decide import decide
from services.intake.accepting.parsing import parse
from shared.domain.columns import KEYS
from shared.domain.counting import Measure, contributions
from shared.domain.dossier import Dossier
from shared.domain.errors import Refusal
from shared.domain.fields import Channel
from shared.domain.figures import ROW_IDENTITIES, Sums, figures
from shared.domain.timeliness import DEFINITIONS, Definition
from tests.golden import reading
from tests.golden.by_hand import offered_as, paper_of
from tests.golden.office import catalogue_of, sent_by
from tests.golden.piles import piles
from tests.golden.reading import CELLS, Case, known_before, others_of
from tests.golden.test_golden import APPLICANT_KEY, NOW

Row = dict[str, Any]
COUNTED = [case for case in CELLS if "refused" not in case.get("expect", {})]
REFUSED = [case for case in CELLS if "refused" in case.get("expect", {})]
every_case = pytest.mark.parametrize("case", COUNTED, ids=lambda case: case["id"])


def dossiers_of(case: Case) -> list[Dossier]:
    """The case's dossier and the others beside it, as intake decides their events."""
    return [_decided(each, f"H59.15-230306-{number:04}") for number, each in enumerate([case, *others_of(case)], 1)]


def _decided(case: Case, code: str) -> Dossier:
    catalogue, dossier = catalogue_of(case), None
    for event in sent_by(case, code):
        dossier = decide(parse(msgspec.json.encode(event), APPLICANT_KEY), dossier, catalogue, NOW).dossier
    assert dossier is not None
    return dossier


def views(case: Case) -> Iterator[tuple[Case, Row, dict[str, int]]]:
    """What was known, the row, and its cells then."""
    for row in case["rows"]:
        yield case, row, row["after"]
        if "before" in row:
            yield known_before(case), row, row["before"]


@every_case
def test_a_clerk_with_piles_counts_the_same(case: Case) -> None:
    for known, row, cells in views(case):
        papers = [paper_of(each) for each in (known, *others_of(known))]
        assert piles(papers, row["from"], row["to"], row.get("definition", "by_date")) == cells, row
    laid_to_be_answered = [until for _, until, _ in paper_of(case).in_tray if until]
    assert laid_to_be_answered == case.get("expect", {}).get("accept_by", [])


@every_case
def test_the_product_sums_up_the_same(case: Case) -> None:
    for known, row, cells in views(case):
        found = summed(dossiers_of(known), row["from"], row["to"], definition_of(row))
        assert {key: count for key, count in found.items() if count} == cells, row
        assert [identity.name for identity in ROW_IDENTITIES if identity.difference(found)] == [], row
    asked = [acceptance.due_at for acceptance in dossiers_of(case)[0].acceptances if acceptance.due_at]
    assert asked == case.get("expect", {}).get("accept_by", [])


@every_case
def test_the_verification_recounts_the_same(case: Case) -> None:
    for known, row, cells in views(case):
        rows = figures_by_row(
            dated(dossiers_of(known)), row["from"], row["to"], definition_of(row), lambda dossier: dossier.department
        )
        assert {key: count for key, count in total_of(rows).items() if count} == cells, row


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["id"])
def test_what_is_not_offered_is_refused(case: Case) -> None:
    wanted = case["expect"]["refused"]
    with pytest.raises(Refusal) as refusal:
        dossiers_of(case)
    assert refusal.value.code == wanted == offered_as(case)


@every_case
def test_what_is_counted_is_offered(case: Case) -> None:
    assert offered_as(case) is None


def definition_of(row: Row) -> Definition:
    return DEFINITIONS[reading.DEFINITIONS[row.get("definition", "by_date")]]


def summed(dossiers: list[Dossier], first: date, last: date, definition: Definition) -> dict[str, int]:
    """The row that reporting makes of the dossiers' contributions."""
    before: Counter[tuple[Measure, Channel]] = Counter()
    within: Counter[tuple[Measure, Channel]] = Counter()
    for dossier in dossiers:
        for day, measure, amount in contributions(dossier, definition):
            if day <= last:
                (before if day < first else within)[measure, dossier.counted_channel] += amount
    at_end = {key: before[key] + within[key] for key in {*before, *within}}
    found = figures(Sums(before, within, at_end))
    assert list(found) == list(KEYS)
    return found
