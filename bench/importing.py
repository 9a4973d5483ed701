"""Posting the year through `motcua import`'s own code."""

import time

from bench.year import Year
from motcua.client import Services
from motcua.importer.run import run
from motcua.importer.source import Source


async def import_year(year: Year, services: Services) -> float:
    """Import everything; the monotonic instant at which it began. Every event must be accepted."""
    began = time.monotonic()
    with Source(str(year.events)) as source:
        progress = await run(source, services, lambda _: None)
    assert (progress.accepted, progress.duplicates, progress.rejected) == (year.count, 0, 0), progress
    return began
