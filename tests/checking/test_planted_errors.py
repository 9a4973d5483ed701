"""Two hundred errors of ten kinds in tables of every form: each is found, and nothing is said of the true tables."""

from random import Random

import pytest

from shared.checking.report import check_bytes
from shared.contract.http.checks import CheckAnswer
from tests.checking.planted import KINDS, Plant
from tests.checking.tables import HABITS, Habits, TrueTable, true_table, typed, written

TABLES = 20
TRIES = 200


@pytest.fixture(scope="module")
def tables() -> list[TrueTable]:
    return [true_table(seed) for seed in range(TABLES)]


def _why(what: str, answer: CheckAnswer) -> str:
    return f"{what}: {[(each.code, each.row, each.figure, each.cell, each.typed) for each in answer.findings][:5]}"


@pytest.mark.parametrize("habits", HABITS, ids=str)
@pytest.mark.parametrize("form", [True, False], ids=["form", "all columns"])
def test_a_true_table_is_wholly_read_and_nothing_is_found(
    tables: list[TrueTable], habits: Habits, *, form: bool
) -> None:
    for seed, table in enumerate(tables):
        what, content, kind = written(typed(table, habits, form=form), Random(f"{seed} {habits}"), form=form)
        answer = check_bytes(content, kind)
        assert answer.good, _why(what, answer)
        assert [each for each in answer.unchecked if each.code != "no_percentage"] == [], what
        assert {"3=4+5+6", "7=8+9+10", "11=12+13", "3=7+11", "total=sum of rows"} <= {
            each.rule for each in answer.holding
        }


@pytest.mark.parametrize("plant", KINDS, ids=lambda plant: plant.__name__)
def test_planted_errors_are_found(tables: list[TrueTable], plant: Plant) -> None:
    planted = 0
    for attempt in range(TRIES):
        rng = Random(f"{plant.__name__} {attempt}")
        form = rng.random() < 0.7
        sheet = typed(tables[attempt % TABLES], rng.choice(HABITS), form=form)
        found = plant(sheet, rng)
        if found is None:
            continue
        what, content, kind = written(sheet, rng, form=form)
        answer = check_bytes(content, kind)
        assert not answer.good, what
        assert found(answer), _why(what, answer)
        planted += 1
        if planted == TABLES:
            return
    raise AssertionError(f"only {planted} planted")
