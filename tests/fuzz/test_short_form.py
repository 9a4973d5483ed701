"""The fuzz in its short form: no fault of ours, no answer that the documents do not tell, no good neighbour lost."""

from collections.abc import Iterator

import pytest

from tests.fuzz.forms import OF_INTAKE, OF_REPORTING, forms
from tests.fuzz.lines import events, lines
from tests.fuzz.requests import requests
from tests.fuzz.targets import Targets, targets

pytestmark = pytest.mark.slow
EXAMPLES, SEED = 2, 0


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Targets]:
    with targets(tmp_path_factory.mktemp("fuzz")) as found:
        yield found


@pytest.mark.parametrize("service", ["intake", "processing", "reporting"])
def test_a_service_answers_as_its_documents_say(at: Targets, service: str) -> None:
    tally = requests(service, getattr(at, service), EXAMPLES, SEED)
    assert tally.tried > 0
    assert tally.wrong == []


def test_good_lines_are_taken_whatever_their_neighbours_are(at: Targets) -> None:
    tally = lines(at.intake, 5, SEED)
    assert tally.tried == 200
    assert tally.wrong == []


def test_the_reader_of_events_says_what_is_wrong_and_raises_nothing_else() -> None:
    assert events(500, SEED).wrong == []


def test_pages_and_forms_answer_whatever_they_are_sent(at: Targets) -> None:
    for tally in (
        forms("intake", at.intake, OF_INTAKE, 60, SEED),
        forms("reporting", at.reporting, OF_REPORTING, 60, SEED),
    ):
        assert tally.wrong == []
