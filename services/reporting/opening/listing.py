"""The dossiers behind a figure: those whose own figures, by the functions that made the number, are one in its column.

SQL only narrows the search (candidates.py) and pages by day of receipt and code; so there are as many dossiers as the number says, in
the state of the read model that the figure's token names, whatever has been projected since.
"""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.cursors import START, Place
from services.reporting.entry import Entry
from services.reporting.listed import Listed, decode_listed
from services.reporting.membership import columns_of, timeliness_of
from services.reporting.opening.candidates import candidates
from services.reporting.opening.rows import walk
from services.reporting.opening.tokens import Figure
from shared.catalogue import Catalogue

READ_AT_LEAST = 200


@dataclass(frozen=True, slots=True)
class Item:
    """A dossier of a list, as it counted in the figure's state; `timeliness` by the figure's definition at its cut-off."""

    code: str
    entry: Entry
    listed: Listed
    timeliness: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some dossiers of a list; `after` is where the next page starts, None when there is none."""

    items: list[Item]
    after: Place | None


async def page_of(connection: AsyncConnection, figure: Figure, catalogue: Catalogue, limit: int, after: Place = START) -> Page:
    """The next `limit` dossiers of the figure; the connection's transaction reads one state."""
    items: list[Item] = []
    last = after
    async for row, entry in walk(connection, candidates(figure, catalogue), after, max(READ_AT_LEAST, limit + 1)):
        if figure.column not in columns_of(row.code, entry, figure.query):
            continue
        if len(items) == limit:
            return Page(items, last)
        items.append(Item(row.code, entry, decode_listed(row.listed), timeliness_of(entry, figure.query)))
        last = Place(row.received_day, row.code)
    return Page(items, None)
