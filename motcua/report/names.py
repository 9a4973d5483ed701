"""Names for the rows of a breakdown: the department by name and code, a channel in words, anything else by its code."""

from collections.abc import Mapping

from shared.catalogue import load

CHANNELS = {"in_person": "in person", "online": "online", "postal": "by post"}
UNKNOWN = "not in the catalogue"


def names_of_departments() -> dict[str, str]:
    """Code to name, of the catalogue that ships with Motcua."""
    return {code: department.name for code, department in load().departments.items()}


def row_name(key: Mapping[str, str | None], departments: Mapping[str, str]) -> str:
    """`Sở Y tế (H59.02)`; several keys are joined."""
    return " · ".join(one_name(name, value, departments) for name, value in key.items())


def one_name(name: str, value: str | None, departments: Mapping[str, str]) -> str:
    """A value of the dimension `name` (department, channel and so on) as a person reads it."""
    if value is None:
        return UNKNOWN
    if name == "channel":
        return CHANNELS.get(value, value)
    return f"{departments[value]} ({value})" if name == "department" and value in departments else value
