"""Names for the rows of a breakdown: the department as the catalogue calls it, anything else by its code."""

from collections.abc import Mapping

from shared.catalogue import load


def names_of_departments() -> dict[str, str]:
    """Code to name, of the catalogue that ships with Motcua."""
    return {code: department.name for code, department in load().departments.items()}


def row_name(key: Mapping[str, str | None], departments: Mapping[str, str]) -> str:
    """`Sở Y tế`; several keys are joined."""
    return " · ".join(_one(name, value, departments) for name, value in key.items())


def _one(name: str, value: str | None, departments: Mapping[str, str]) -> str:
    if value is None:
        return "–"
    return departments.get(value, value) if name == "department" else value
