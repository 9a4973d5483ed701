"""In which figures one dossier counts: the figures computed from its own deltas alone, by the functions that compute everyone's."""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from services.reporting.broken import BrokenDossier
from services.reporting.entry import Entry
from services.reporting.grouping import Group
from services.reporting.measures import CHANNELS, MEANINGS, Counted, stock_codes
from services.reporting.query import Dimension, FigureQuery
from services.reporting.range_sums import BEFORE, WITHIN, RangeSum
from services.reporting.spans import MONTH, day_number
from shared.domain.counting import Measure
from shared.domain.definitions import Timeliness
from shared.domain.events import Channel

STOCK_CODES = {definition: frozenset(stock_codes(definition)) for definition in MEANINGS}
Columns = frozenset[str]
NO_COLUMNS: Columns = frozenset()


def sums_of(entry: Entry, query: FigureQuery) -> list[RangeSum]:
    """The dossier's deltas as the range sums of the query: what `range_sums` would find if there were no other dossier."""
    first, cut, day_before = day_number(query.first), day_number(query.cut), day_number(query.day_before)
    meanings, stocks = MEANINGS[query.definition], STOCK_CODES[query.definition]
    monthly = Dimension.MONTH in query.by
    department, procedure, channel = entry.department, entry.procedure, CHANNELS[entry.channel]
    found: list[RangeSum] = []
    for day, code, amount in entry.deltas:
        measure = meanings.get(code)
        if measure is None or day > cut:
            continue
        if day >= first:
            bucket = day // MONTH if monthly else WITHIN
        elif day <= day_before and code in stocks:
            bucket = BEFORE
        else:
            continue
        found.append(RangeSum(department, procedure, bucket, channel, measure, amount))
    return found


def columns_of(code: str, entry: Entry, query: FigureQuery) -> Columns:
    """The counts in which the dossier is one; it is in the list of exactly these figures. Raises BrokenDossier."""
    own = sums_of(entry, query)
    if not own:
        return NO_COLUMNS
    columns = _columns(own[0].channel, tuple((one.measure, one.bucket == BEFORE, one.amount) for one in own))
    if columns is None:
        raise BrokenDossier(code, "it counts more than once, or less than not at all")
    return columns


@lru_cache(maxsize=4096)  # dossiers are many, the ways in which one counts in a period are few
def _columns(channel: Channel, taken: Iterable[tuple[Counted, bool, int]]) -> Columns | None:
    group = Group()
    for measure, before, amount in taken:
        group.take(measure, channel, amount, before=before)
    own = group.figures
    if not {0, 1}.issuperset(own.values()):
        return None
    return frozenset(name for name, count in own.items() if count)


_RESOLVED_AS: dict[Counted, str] = {Measure(f"resolved_{timeliness.value}"): timeliness.value for timeliness in Timeliness}


def timeliness_of(entry: Entry, query: FigureQuery) -> str:
    """Early, on_time, overdue or no_deadline once closed by the query's cut-off; within, overdue or suspended for one open then."""
    cut, meanings = day_number(query.cut), MEANINGS[query.definition]
    stocks: Counter[Counted] = Counter()
    for day, code, amount in entry.deltas:
        measure = meanings.get(code)
        if measure is None or day > cut:
            continue
        if closed := _RESOLVED_AS.get(measure):
            return closed
        stocks[measure] += amount
    if stocks[Measure.OPEN_OVERDUE]:
        return "overdue"
    return "suspended" if stocks[Measure.OPEN_SUSPENDED] else "within"
