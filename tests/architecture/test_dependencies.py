"""What the product is made of: every part pinned by its hash, the services' parts those that are tested, and each under
a licence that lets an office use it. Whether a part has a known fault is asked elsewhere (`make audit`)."""

import re
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.markers import Marker

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
_PIN = re.compile(
    r"^([\w.-]+)(?:\[[\w,-]+\])?==(\S+)((?:\s*;[^\\\n]*)?)((?:\s*\\\n\s+--hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE
)
_REQUIREMENT = re.compile(r"^[A-Za-z0-9]", re.MULTILINE)
_FREE = re.compile(
    r"\b(MIT|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla Public|Unlicense|Zlib|0BSD|CC0|HPND|LGPL)\b",
    re.IGNORECASE,
)


def _pins(lock: str) -> dict[str, tuple[str, str]]:
    """Name -> version and marker."""
    text = (ROOT / lock).read_text("utf-8")
    return {found[1].lower(): (found[2], found[3].strip(" ;")) for found in _PIN.finditer(text)}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_one_version_known_by_its_hash(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    assert len(_pins(lock)) == len(_REQUIREMENT.findall(text)) > 0


def test_the_services_are_made_of_what_is_tested() -> None:
    tested = _pins("requirements-dev.lock")
    assert {name: pin for name, pin in _pins("requirements.lock").items() if tested.get(name) != pin} == {}


def test_every_part_of_the_services_is_under_a_licence_that_lets_an_office_use_it() -> None:
    others = {}
    for name, (_, marker) in _pins("requirements.lock").items():
        if not marker or Marker(marker).evaluate():
            said = _licences(distribution(name))
            if not any(_FREE.search(licence) for licence in said):
                others[name] = said
    assert others == {}


def _licences(of: Distribution) -> list[str]:
    said = [line for key in ("License-Expression", "License") for line in of.metadata.get_all(key) or ()]
    said += [name for name in of.metadata.get_all("Classifier") or () if name.startswith("License ::")]
    return said
