"""The columns of a row of figures (domain §5, contract.md §4):
one table, and whatever lists, adds, prints or opens a column follows it."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from shared.domain.counting import STOCKS, Measure
from shared.domain.fields import Channel


class Kind(StrEnum):
    """Which days a count is taken of."""

    WITHIN = "within"  # what happened on the days of the period
    AT_END = "at_end"  # what stands at the end of its last day
    BEFORE = "before"  # what stood at the end of the day before its first


@dataclass(frozen=True, slots=True)
class Count:
    """Dossiers of one measure; of one channel, or of all."""

    kind: Kind
    measure: Measure
    channel: Channel | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A figure under its key: a count, or other columns added up (`parts`) less another one (`less`).

    `number` is that of the statutory form II.06a, `meaning` what its legend and the API documents say,
    `vietnamese` the name under which a compiler reads it.
    """

    key: str
    meaning: str
    vietnamese: str
    number: int | None = None
    count: Count | None = None
    parts: tuple[str, ...] = ()
    less: str | None = None


def _flow(measure: Measure, channel: Channel | None = None) -> Count:
    return Count(Kind.WITHIN, measure, channel)


def _stock(measure: Measure) -> Count:
    return Count(Kind.AT_END, measure)


COLUMNS = (
    Column(
        "received_total",
        "to handle, in all",
        "Nhận giải quyết",
        3,
        parts=("received_online", "received_in_person_or_postal", "carried_over"),
    ),
    Column("received_online", "received online", "Tiếp nhận trực tuyến", 4, _flow(Measure.RECEIVED, Channel.ONLINE)),
    Column(
        "received_online_full",
        "received through a fully online service",
        "Tiếp nhận trực tuyến toàn trình",
        count=_flow(Measure.RECEIVED_ONLINE_FULL),
    ),
    Column(
        "received_unknown",
        "received by a channel that nobody noted, counted as in person",
        "Tiếp nhận không rõ kênh",
        count=_flow(Measure.RECEIVED_UNKNOWN),
    ),
    Column(
        "received_in_person",
        "received in person",
        "Tiếp nhận trực tiếp",
        count=_flow(Measure.RECEIVED, Channel.IN_PERSON),
    ),
    Column(
        "received_postal", "received by post", "Tiếp nhận qua bưu chính", count=_flow(Measure.RECEIVED, Channel.POSTAL)
    ),
    Column(
        "received_in_person_or_postal",
        "received in person or by post",
        "Tiếp nhận trực tiếp hoặc qua bưu chính",
        5,
        parts=("received_in_person", "received_postal"),
    ),
    Column("carried_over", "carried over from before", "Từ kỳ trước chuyển sang", 6, Count(Kind.BEFORE, Measure.OPEN)),
    Column(
        "resolved_total",
        "resolved, in all",
        "Đã giải quyết",
        7,
        parts=("resolved_early", "resolved_on_time", "resolved_overdue", "resolved_no_deadline"),
    ),
    Column("resolved_early", "resolved early", "Giải quyết trước hạn", 8, _flow(Measure.RESOLVED_EARLY)),
    Column("resolved_on_time", "resolved on time", "Giải quyết đúng hạn", 9, _flow(Measure.RESOLVED_ON_TIME)),
    Column("resolved_overdue", "resolved overdue", "Giải quyết quá hạn", 10, _flow(Measure.RESOLVED_OVERDUE)),
    Column(
        "resolved_no_deadline",
        "resolved without a deadline",
        "Giải quyết, không quy định thời hạn",
        count=_flow(Measure.RESOLVED_NO_DEADLINE),
    ),
    Column("refused", "resolved, and the application refused", "Từ chối giải quyết", count=_flow(Measure.REFUSED)),
    Column(
        "granted_in_part", "resolved, and granted in part", "Chấp thuận một phần", count=_flow(Measure.GRANTED_IN_PART)
    ),
    Column(
        "granted_by_law",
        "resolved, and granted by law",
        "Đương nhiên được chấp thuận theo luật",
        count=_flow(Measure.GRANTED_BY_LAW),
    ),
    Column(
        "not_needed",
        "resolved, and no permit was needed",
        "Không thuộc diện phải cấp phép",
        count=_flow(Measure.NOT_NEEDED),
    ),
    Column("in_progress_total", "in progress, in all", "Đang giải quyết", 11, _stock(Measure.OPEN)),
    Column(
        "in_progress_within",
        "in progress, within time",
        "Đang giải quyết trong hạn",
        12,
        parts=("in_progress_total",),
        less="in_progress_overdue",
    ),
    Column("in_progress_overdue", "in progress, overdue", "Đang giải quyết quá hạn", 13, _stock(Measure.OPEN_OVERDUE)),
    Column(
        "in_progress_suspended",
        "in progress, suspended",
        "Đang tạm dừng tính thời hạn",
        count=_stock(Measure.OPEN_SUSPENDED),
    ),
    Column("withdrawn", "withdrawn by the applicant", "Người nộp rút hồ sơ", count=_flow(Measure.WITHDRAWN)),
    Column("stopped", "stopped by the office", "Dừng xử lý", count=_flow(Measure.STOPPED)),
    Column(
        "stopped_administrative",
        "stopped with nothing decided",
        "Dừng xử lý, không có quyết định",
        count=_flow(Measure.STOPPED_ADMINISTRATIVE),
    ),
    Column(
        "transferred",
        "handed over to the competent authority",
        "Chuyển cơ quan có thẩm quyền",
        count=_flow(Measure.TRANSFERRED),
    ),
    Column(
        "returned_total",
        "results returned, in all",
        "Đã trả kết quả",
        parts=("returned_in_person", "returned_postal", "returned_online"),
    ),
    Column(
        "returned_in_person",
        "results returned in person",
        "Trả kết quả trực tiếp",
        count=_flow(Measure.RETURNED_IN_PERSON),
    ),
    Column(
        "returned_postal", "results returned by post", "Trả kết quả qua bưu chính", count=_flow(Measure.RETURNED_POSTAL)
    ),
    Column(
        "returned_online", "results returned online", "Trả kết quả trực tuyến", count=_flow(Measure.RETURNED_ONLINE)
    ),
    Column(
        "awaiting_return",
        "resolved, the result not yet returned",
        "Đã có kết quả, chưa trả",
        count=_stock(Measure.AWAITING_RETURN),
    ),
    Column(
        "awaiting_acceptance",
        "online, not yet received or declined",
        "Nộp trực tuyến, chờ tiếp nhận",
        count=_stock(Measure.AWAITING_ACCEPTANCE),
    ),
    Column(
        "awaiting_acceptance_late",
        "online, not yet received or declined, and late",
        "Nộp trực tuyến, chờ tiếp nhận đã chậm",
        count=_stock(Measure.AWAITING_ACCEPTANCE_LATE),
    ),
    Column(
        "accepted_in_time",
        "online, answered in time at first",
        "Nộp trực tuyến, trả lời lần đầu kịp thời",
        count=_flow(Measure.ACCEPTED_IN_TIME),
    ),
    Column(
        "accepted_late",
        "online, answered late at first",
        "Nộp trực tuyến, trả lời lần đầu chậm",
        count=_flow(Measure.ACCEPTED_LATE),
    ),
)
BY_KEY = {column.key: column for column in COLUMNS}
KEYS = tuple(BY_KEY)
OF_FORM = {
    column.number: column
    for column in sorted(COLUMNS, key=lambda column: column.number or 0)
    if column.number is not None
}
"""The form's columns by number; 1 and 2 are the line's number and name."""


TIMELINESS = ("resolved_early", "resolved_on_time", "resolved_overdue")
_PERIOD = ("received_online", "received_in_person_or_postal")


@dataclass(frozen=True, slots=True)
class Share:
    """A column in percent of the sum of others, half-up to the quantum;
    those of one sum with `of_hundred` add up to 100 (domain §6)."""

    key: str
    meaning: str
    vietnamese: str
    part: str
    whole: tuple[str, ...]
    quantum: Decimal
    of_hundred: bool = False


_TENTHS, _THOUSANDTHS = Decimal("0.1"), Decimal("0.001")
SHARES = (
    Share(
        "online_share",
        "online, of all to handle",
        "Tỷ lệ trực tuyến trên tổng số nhận giải quyết",
        "received_online",
        (*_PERIOD, "carried_over"),
        _TENTHS,
    ),
    Share(
        "online_share_of_period",
        "online, of those received in the period",
        "Tỷ lệ trực tuyến trên số tiếp nhận trong kỳ",
        "received_online",
        _PERIOD,
        _TENTHS,
    ),
    Share(
        "early_share",
        "early, of those resolved",
        "Tỷ lệ trước hạn trên số đã giải quyết có thời hạn",
        "resolved_early",
        TIMELINESS,
        _THOUSANDTHS,
        of_hundred=True,
    ),
    Share(
        "on_time_share",
        "on time, of those resolved",
        "Tỷ lệ đúng hạn trên số đã giải quyết có thời hạn",
        "resolved_on_time",
        TIMELINESS,
        _THOUSANDTHS,
        of_hundred=True,
    ),
    Share(
        "overdue_share",
        "overdue, of those resolved",
        "Tỷ lệ quá hạn trên số đã giải quyết có thời hạn",
        "resolved_overdue",
        TIMELINESS,
        _THOUSANDTHS,
        of_hundred=True,
    ),
)
SHARE_KEYS = tuple(share.key for share in SHARES)


def terms_of(key: str) -> tuple[tuple[Count, int], ...]:
    """The counts that a column comes down to, each with its sign. A KeyError names a column that the table lacks."""
    column = BY_KEY[key]
    own = () if column.count is None else ((column.count, 1),)
    added = tuple(term for part in column.parts for term in terms_of(part))
    taken_away = () if column.less is None else tuple((count, -sign) for count, sign in terms_of(column.less))
    return own + added + taken_away


assert all(count.measure in STOCKS or count.kind is Kind.WITHIN for key in KEYS for count, _sign in terms_of(key)), (
    "a day's end has stocks"
)
