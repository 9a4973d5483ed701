"""Requests made from the API documents, right ones and wrong ones."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from tests.fuzz.tally import Tally
from tests.support.service import HEADERS

STREAM = ("GET", "/v1/events")  # an answer without an end
PASSES = 503  # no fault where the documents tell it: there is no broker here
FAULTS = range(500, 600)
CHECKS = [status_code_conformance, content_type_conformance]


def requests(name: str, url: str, examples: int, number: int) -> Tally:
    """So many requests of each kind for every operation; another number makes other ones."""
    tally = Tally(f"{name}: requests by its API documents")
    for found in schemathesis.openapi.from_url(f"{url}/openapi.json").get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # a document of ours has no other kind
        if (operation.method.upper(), operation.path) == STREAM:
            continue
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                _ask(operation.as_strategy(generation_mode=mode), tally, examples, number)
            except Unsatisfiable:
                continue  # nothing can be wrong where nothing is taken
    return tally


def _ask(strategy: Any, tally: Tally, examples: int, number: int) -> None:
    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def ask(case: Any) -> None:
        answer = case.call(headers=HEADERS)
        tally.tried += 1
        told = f"{case.method} {answer.request.url}: {answer.status_code}"
        if answer.status_code in FAULTS and answer.status_code != PASSES:
            tally.faults.append(told)
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as failures:
            tally.undocumented.append(f"{told}: {failures.exceptions[0]}")

    ask()
