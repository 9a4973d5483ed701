"""Walks lists to their end, and says by the recount who must be in them."""

from collections.abc import Mapping, Sequence
from random import Random

from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.query import FigureQuery
from services.reporting.figures.report import Report
from services.reporting.opening.lists import LIST_START, list_page
from services.reporting.opening.tokens import Tokens
from services.reporting.read_model.store import snapshot
from shared.catalogue import Catalogue
from shared.domain.columns import KEYS
from tests.reporting.expected import expected
from tests.support.recount import RecountedDossier

Numbered = tuple[str, int, tuple[str | None, ...] | None, str]  # token, number, the row's key (None: total), column


async def walked(engine: AsyncEngine, catalogue: Catalogue, token: str, limit: int) -> list[str]:
    """The codes of all pages; each page is read in a transaction of its own."""
    figure = Tokens(catalogue).read(token)
    codes: list[str] = []
    after = LIST_START
    while True:
        async with snapshot(engine) as connection:
            page = await list_page(connection, figure, catalogue, limit, after)
        codes += [item.code for item in page.items]
        assert len(page.items) == limit or page.after is None
        if page.after is None:
            return codes
        after = page.after


def numbered(report: Report, catalogue: Catalogue) -> list[Numbered]:
    """Every number of a report with its token."""
    tokens = Tokens(catalogue).of_report(report)
    rows = [
        ("total.", None, report.total),
        *((f"rows.{index}.", row.key, row.figures) for index, row in enumerate(report.rows)),
    ]
    found = [
        (tokens[prefix + column], figures[column], key, column) for prefix, key, figures in rows for column in KEYS
    ]
    assert len(found) == len(tokens)
    return found


def some(rng: Random, found: Sequence[Numbered], most: int) -> list[Numbered]:
    """A few of them, mostly such as count somebody."""
    counting = [one for one in found if one[1]]
    return rng.sample(counting, min(most, len(counting))) + rng.sample(found, min(3, len(found)))


def behind(
    dossiers: Mapping[str, RecountedDossier], query: FigureQuery, catalogue: Catalogue, one: Numbered
) -> set[str]:
    """The dossiers that the recount counts, each looked at by itself."""
    _, _, key, column = one
    codes = set()
    for code, dossier in dossiers.items():
        total, rows = expected([dossier], query, catalogue)
        if (total if key is None else rows.get(key, {})).get(column):
            codes.add(code)
    return codes
