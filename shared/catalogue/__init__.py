"""The catalogue: departments, procedures with their terms, and the working calendar, as dated data."""

from shared.catalogue.days import EVERYWHERE, CalendarEntry
from shared.catalogue.errors import CatalogueError
from shared.catalogue.loading import load
from shared.catalogue.model import Catalogue, Department, Procedure

__all__ = ["EVERYWHERE", "CalendarEntry", "Catalogue", "CatalogueError", "Department", "Procedure", "load"]
