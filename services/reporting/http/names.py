"""Reads what people call the catalogue's units, procedures, fields and levels; an unknown name is told what is near."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from difflib import get_close_matches

from services.reporting.figures.query import THEN
from shared.catalogue import Catalogue
from shared.catalogue.units import Organisation
from shared.domain.texts import compared
from shared.service.http import invalid

MOST_SHOWN = 25  # enough to see what they look like


def words(parameter: str, values: list[str] | None) -> list[str]:
    """The values, also of one with commas; an empty one is refused, for it would be read as all of them."""
    split = [word.strip() for value in values or () for word in value.split(",")]
    if not all(split):
        raise invalid(
            parameter,
            "is empty; write a value, or leave the parameter out",
            "để trống; hãy ghi một giá trị, hoặc bỏ tham số này",
        )
    return split


def units_named(
    parameter: str, values: list[str] | None, catalogue: Catalogue, day: date, organised: Organisation | None = None
) -> frozenset[str]:
    """The units by their own codes: by any code that they go by on the day, or by a name that one unit alone has.

    Refuses one that has no dossiers as organised now: all of them have gone on.
    """
    often = Counter(_folded(unit.name) for unit in catalogue.departments.values())
    by_name = {
        _folded(unit.name): code for code, unit in catalogue.departments.items() if often[_folded(unit.name)] == 1
    }
    named = [
        by_name.get(_folded(word)) or catalogue.canonical(compared(word), day)
        for value in values or ()
        for word in ([value] if _folded(value) in by_name else words(parameter, [value]))  # a name may hold a comma
    ]
    units = known(parameter, named, {code: unit.name for code, unit in catalogue.departments.items()})
    if organised is None:
        return units
    for unit in sorted(units):
        if unit not in (heirs := organised.heirs_of(unit)):
            by = ", ".join(sorted(heirs))
            raise invalid(
                parameter,
                f"{unit} has been taken over by {by}: ask for that, or for organised={THEN}",
                f"{unit} đã được {by} tiếp nhận: hãy chọn đơn vị đó, hoặc organised={THEN}",
            )
    return units


def procedures_with(parameter: str, words: list[str], of_procedures: Mapping[str, str]) -> frozenset[str]:
    """The procedures that have one of the values."""
    values = known(parameter, words, dict.fromkeys(sorted(set(of_procedures.values())), ""))
    return frozenset(code for code, value in of_procedures.items() if value in values)


def known(parameter: str, words: Iterable[str], available: Mapping[str, str]) -> frozenset[str]:
    """The values, however they are cased; one that is not there is refused with those that are, the nearest first.

    `available` has a name for each value, empty where it is a name itself.
    """
    folded = {_folded(value): value for value in available}
    for word in words:
        if _folded(word) not in folded:
            listed = _listed(_folded(word), available)
            raise invalid(
                parameter,
                f"{word!r} is not in the catalogue; available: {listed}",
                f"{word!r} không có trong danh mục; có thể chọn: {listed}",
            )
    return frozenset(folded[_folded(word)] for word in words)


def _listed(word: str, available: Mapping[str, str]) -> str:
    """`H59.02 (Sở Y tế), …`: those whose code or name is nearest to the word, then the others."""
    called = [(_folded(text), value) for value, name in available.items() for text in (value, name) if text]
    near = get_close_matches(word, [text for text, _value in called], n=3)
    nearest = sorted((near.index(text), value) for text, value in called if text in near)
    ordered = list(dict.fromkeys([*(value for _, value in nearest), *available]))
    shown = [f"{value} ({available[value]})" if available[value] else value for value in ordered[:MOST_SHOWN]]
    return ", ".join(shown) + (" …" if len(ordered) > MOST_SHOWN else "")


def _folded(name: str) -> str:
    return compared(name).casefold()
