"""The charts of open dossiers: how old they are, and how many days to their deadlines."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.reporting.documents.charts.chart import (
    AXIS,
    BAR,
    DARK,
    PALE,
    STRONG,
    Chart,
    ChartRow,
    Number,
    in_page,
    specification,
)
from shared.language.languages import Language
from shared.language.numbers import count
from shared.language.words import in_language

AGE = ("Hồ sơ đang giải quyết theo số ngày từ khi tiếp nhận", "Open dossiers by days since receipt")
DEADLINE = ("Hồ sơ đang giải quyết theo số ngày đến hạn trả", "Open dossiers by days to the deadline")


@dataclass(frozen=True, slots=True)
class Bucket:
    """Open dossiers between two limits, by the name that people read; `late` those that are past their deadline."""

    name: str
    dossiers: int
    late: bool = False
    dated: bool = True
    link: str | None = None


def open_by_age(buckets: Sequence[Bucket], language: Language) -> Chart:
    """How old the open dossiers are."""
    return _bars("age", in_language(AGE, language), buckets, language)


def open_by_deadline(buckets: Sequence[Bucket], language: Language) -> Chart:
    """How many days the open dossiers have left, or are late by."""
    return _bars("deadline", in_language(DEADLINE, language), buckets, language)


def _bars(name: str, title: str, buckets: Sequence[Bucket], language: Language) -> Chart:
    values = [
        {
            "bucket": bucket.name,
            "dossiers": bucket.dossiers,
            "text": count(bucket.dossiers, language),
            "colour": STRONG if bucket.late else DARK if bucket.dated else PALE,
            "href": in_page(bucket.link),
        }
        for bucket in buckets
    ]
    dossiers = in_language(("Hồ sơ", "Dossiers"), language)
    spec = specification(
        language,
        values,
        height={"step": BAR + 8},
        encoding={
            "y": {"field": "bucket", "type": "nominal", "sort": [bucket.name for bucket in buckets], "title": None},
            "x": {
                "field": "dossiers",
                "type": "quantitative",
                "title": dossiers,
                "axis": AXIS,
            },
        },
        layer=[
            {
                "mark": "bar",
                "encoding": {
                    "color": {"field": "colour", "type": "nominal", "scale": None},
                    "href": {"field": "href"},
                },
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 3, "baseline": "middle"},
                "encoding": {"text": {"field": "text"}},
            },
        ],
    )
    rows = [ChartRow(bucket.name, (Number(count(bucket.dossiers, language), bucket.link),)) for bucket in buckets]
    header = (in_language(("Số ngày", "Days"), language), dossiers)
    return Chart(name, title, header, tuple(rows), spec)
