"""The catalogue: departments, procedures with their terms, and the working calendar, as dated data."""

from shared.catalogue.loading import load
from shared.catalogue.model import EVERYWHERE, CalendarEntry, Catalogue, Department, Procedure
from shared.catalogue.rows import CatalogueError

__all__ = ["EVERYWHERE", "CalendarEntry", "Catalogue", "CatalogueError", "Department", "Procedure", "load"]
