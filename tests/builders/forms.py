"""Forms II.06a of made-up figures that add up, as the report of a read model would give them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random

from hypothesis import strategies as st

from services.reporting.documents.forms.form import Form, form_of
from services.reporting.figures.query import Dimension, FigureQuery
from services.reporting.figures.range_sums import Pin
from services.reporting.figures.report import Report, ReportRow, check_identities
from shared.catalogue import Catalogue
from shared.domain.columns import KEYS
from shared.domain.counting import Measure
from shared.domain.fields import Channel
from shared.domain.figures import Figures, Sums, figures
from shared.domain.localtime import LOCAL
from shared.language.languages import Language

TRAPS = (
    "=cmd|' /C calc'!A0",
    "+84 294 385",
    "-1+1",
    "@SUM(1)",
    '<b>&amp; "A" & B</b>',
    "#heading *bold* _it_ $x^2$ `raw` @ref \\ // [x] #sys.inputs",
    "Ban Quản lý dự án đầu tư xây dựng các công trình dân dụng, công nghiệp và hạ tầng khu kinh tế (tại các xã đảo)",
    "KhôngCóKhoảngTrắng" * 8,
)
"""Names that a format might take for something else."""


@dataclass(frozen=True, slots=True)
class MadeUp:
    """What a form is made of; `names` stand for departments of no catalogue."""

    names: Sequence[str]
    seed: int = 1
    sections: bool = False
    without_deadline: bool = True
    language: Language = Language.VIETNAMESE
    query: FigureQuery = field(
        default_factory=lambda: FigureQuery(
            first=date(2022, 12, 15),
            last=date(2023, 12, 14),
            period="2023",
            as_of=datetime(2023, 12, 15, 9, 5, tzinfo=LOCAL),
        )
    )

    def form(self, catalogue: Catalogue) -> Form:
        """The form, by department and, where it has sections, by level."""
        chance = Random(self.seed)
        levels = ("province", "commune", None) if self.sections else ()
        by = (Dimension.DEPARTMENT, *([Dimension.LEVEL] if levels else []))
        keys = (
            [(name, level) for name in self.names for level in levels] if levels else [(name,) for name in self.names]
        )
        rows = [ReportRow(key, some_figures(chance, without_deadline=self.without_deadline)) for key in keys]
        total = {key: sum(row.figures[key] for row in rows) for key in KEYS}
        query = FigureQuery(
            first=self.query.first, last=self.query.last, period=self.query.period, as_of=self.query.as_of, by=by
        )
        identities = tuple(check_identities(query, ReportRow((), total), rows, total["carried_over"]))
        return form_of(Report(query, total, tuple(rows), identities, Pin(1, 1)), catalogue, self.language)


def some_figures(chance: Random, *, without_deadline: bool = True) -> Figures:
    """Figures of a group whose balance holds, most of them large, some of them 0."""

    def some(most: int) -> int:
        return chance.choice((0, chance.randint(0, 9), chance.randint(0, most), chance.randint(0, most)))

    resolved = {
        Measure.RESOLVED_EARLY: some(400_000),
        Measure.RESOLVED_ON_TIME: some(400_000),
        Measure.RESOLVED_OVERDUE: some(2_000),
        Measure.RESOLVED_NO_DEADLINE: some(500) if without_deadline else 0,
    }
    still_open = some(20_000)
    to_handle = sum(resolved.values()) + still_open
    before = chance.randint(0, to_handle)
    online = chance.randint(0, to_handle - before)
    by_post = chance.randint(0, to_handle - before - online)
    within = {(measure, Channel.IN_PERSON): number for measure, number in resolved.items()} | {
        (Measure.RECEIVED, Channel.ONLINE): online,
        (Measure.RECEIVED, Channel.POSTAL): by_post,
        (Measure.RECEIVED, Channel.IN_PERSON): to_handle - before - online - by_post,
    }
    at_end = {
        (Measure.OPEN, Channel.ONLINE): still_open,
        (Measure.OPEN_OVERDUE, Channel.ONLINE): chance.randint(0, still_open),
    }
    return figures(Sums({(Measure.OPEN, Channel.POSTAL): before}, within, at_end))


def made_up() -> st.SearchStrategy[MadeUp]:
    """Forms with and without sections, lines, and dossiers without a deadline."""
    names = st.lists(st.sampled_from(TRAPS) | st.integers(1, 99).map("Đơn vị số {}".format), unique=True, max_size=9)
    return st.builds(
        MadeUp,
        names,
        seed=st.integers(0, 2**32),
        sections=st.booleans(),
        without_deadline=st.booleans(),
        language=st.sampled_from(Language),
    )
