"""The second derivation agrees with the golden set: the expected values do not lean on the product."""

import pytest

from tests.golden import by_hand
from tests.golden.reading import CASES, Case, original_of


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_clerk_with_a_paper_calendar_comes_to_the_same(case: Case) -> None:
    paper, expect = by_hand.paper_of(case), case["expect"]

    assert paper.due == expect.get("due_at")
    assert paper.original == original_of(expect)
    for definition, wanted in expect.get("class", {}).items():
        assert by_hand.class_of(paper, definition) == wanted, definition
    for cut_off in expect.get("open", []):
        for definition, wanted in cut_off["standing"].items():
            assert by_hand.standing_at_end_of(cut_off["end_of"], paper, definition) == wanted, (
                definition,
                cut_off["end_of"],
            )
    last_day = max((cut_off["end_of"] for cut_off in expect.get("open", [])), default=None)
    assert [by_hand.hop_class(hop, last_day) for hop in paper.hops] == expect.get("hops", [])
