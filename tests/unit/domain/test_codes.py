"""Both forms of a unit's code that are live, and the one that stands for both."""

import re

import pytest

from shared.domain.texts import DEPARTMENT_CODE, DOSSIER_CODE, canonical_unit, exactly


@pytest.mark.parametrize(
    ("code", "canonical"),
    [
        ("H59.18", "H59.18"),
        ("H59", "H59"),
        ("H59.18.2", "H59.18.2"),
        ("000.00.18.H59", "H59.18"),  # read from the right
        ("000.07.18.H59", "H59.18.07"),
        ("012.07.18.H59", "H59.18.07.012"),
        ("000.00.00.H59", "H59"),  # the province itself
        ("000.12.00.H59", "H59.00.12"),  # a level of zeros in between is none of those below
        ("000.00.00.G06", "G06"),
    ],
)
def test_the_older_form_is_read_from_the_right(code: str, canonical: str) -> None:
    assert canonical_unit(code) == canonical
    assert canonical_unit(canonical) == canonical
    assert re.match(exactly(DEPARTMENT_CODE), code)
    assert re.match(exactly(DEPARTMENT_CODE), canonical)


@pytest.mark.parametrize("code", ["H59.18-231208-0001", "000.00.18.H59-231208-0001", "H59-231208-12345"])
def test_dossiers_have_codes_of_both_forms(code: str) -> None:
    assert re.match(exactly(DOSSIER_CODE), code)


@pytest.mark.parametrize(
    "code", ["18.H59", "00.00.18.H59", "000.00.18.h59", "000.00.18", "H59.", "000.00.18.H59\n", "000.0018.H59"]
)
def test_anything_else_is_no_code_of_a_unit(code: str) -> None:
    assert not re.match(exactly(DEPARTMENT_CODE), code)
