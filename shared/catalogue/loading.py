"""Reads a catalogue from TOML files, so that days off, departments and terms are data that an office can replace."""

from pathlib import Path
from types import MappingProxyType

from shared.catalogue.agencies import departments
from shared.catalogue.announcements import calendar
from shared.catalogue.files import CALENDAR, DEPARTMENTS, LEVELS, PROCEDURES, find
from shared.catalogue.model import Catalogue
from shared.catalogue.offers import procedures


def load(folder: Path | None = None) -> Catalogue:
    """The catalogue of a folder; a file it does not have is the shipped one. None: all shipped.

    Raises `CatalogueError` naming the file, the entry and the fix.
    """
    agencies = departments(find(folder, DEPARTMENTS))
    first, last, entries = calendar(find(folder, CALENDAR))
    return Catalogue(
        departments=MappingProxyType(agencies),
        versions=procedures(find(folder, PROCEDURES), find(folder, LEVELS), agencies),
        calendar_first_day=first,
        calendar_last_day=last,
        calendar_entries=entries,
    )
