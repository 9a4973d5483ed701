"""The sentences in which an office tells the figures of a period, in the register of its reports."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from shared.language.periods import period_name, span_name
from shared.language.voice import Voice

Row = Mapping[str, Any]
"""A figure's key -> its count, or a share in percent as a decimal; a count that is left out is 0."""

LAST_MINUTE = (23, 59)
TENTHS = Decimal("0.1")


def when(first: date, last: date, name: str | None, say: Voice) -> str:
    """Trong quý I năm 2023 (từ ngày 15/12/2022 đến ngày 14/03/2023); a period without a name by its days."""
    span = span_name(first, last, say.language)
    if name is None:
        return span[0].upper() + span[1:]
    return f"{say('Trong', 'In')} {period_name(name, say.language)} ({span})"


def has_ended(last: date, as_of: datetime) -> bool:
    """Whether the period's last day is over at the local instant, to the minute."""
    return (as_of.date(), (as_of.hour, as_of.minute)) >= (last, LAST_MINUTE)


def unfinished(last: date, as_of: datetime, say: Voice) -> str:
    """That the period goes on after the instant of the figures, in brackets; nothing when it doesn't."""
    if has_ended(last, as_of):
        return ""
    at = say.minute(as_of)
    return say(f" (số liệu tính đến {at}, kỳ báo cáo chưa kết thúc)", f" (as of {at}, the period has not ended)")


def not_begun(first: date, as_of: date, say: Voice) -> str:
    """Why there are no figures of a period that begins after the day they are judged at."""
    began, judged = say.day(first), say.day(as_of)
    return say(
        f"kỳ báo cáo bắt đầu từ ngày {began}, sau ngày tính số liệu {judged}: chưa có số liệu; "
        "hãy chọn kỳ đã bắt đầu hoặc ngày tính số liệu muộn hơn",
        f"the period begins on {began}, after the day that figures are judged at, {judged}: there are none yet; "
        "ask for a period that has begun, or for a later day to judge at",
    )


def summary(row: Row, period: str, remark: str, say: Voice) -> str:
    """What was received, how much of it online, how timely it was resolved, and what is open.

    `period` begins the first sentence, `remark` stands behind its number. A share names its base where one of that
    base first stands: 62,8% of all to handle are 63,8% of those received in the period. Empty parts are left out.
    """
    if not any(row[key] for key in ("received_total", "resolved_total", "in_progress_total")):
        return f"{period}{say(', không có hồ sơ thủ tục hành chính nào', ', there were no dossiers')}{remark}."
    return " ".join((f"{period}, {_received(row, remark, say)}.", _resolved(row, say), _in_progress(row, say)))


def _received(row: Row, remark: str, say: Voice) -> str:
    total, online, other = row["received_total"], row["received_online"], row["received_in_person_or_postal"]
    before, unknown = row["carried_over"], row.get("received_unknown", 0)
    head = say(
        f"tổng số hồ sơ thủ tục hành chính đã tiếp nhận là {say.dossiers(total)}",
        f"{say.dossiers(total)} {'was' if total == 1 else 'were'} to be handled",
    )
    parts = []
    if online:
        said = say(f"tiếp nhận trực tuyến {say.dossiers(online)}", f"{say.count(online)} received online")
        parts.append(said + _online_shares(row, say))
    if other:
        said = say(
            f"trực tiếp hoặc qua dịch vụ bưu chính công ích {say.dossiers(other)}",
            f"{say.count(other)} in person or by post",
        )
        parts.append(said + _by_unknown_channel(unknown, say))
    if before:
        parts.append(say(f"kỳ trước chuyển sang {say.dossiers(before)}", f"{say.count(before)} carried over"))
    return _of_which(head + remark, parts, say)


def _online_shares(row: Row, say: Voice) -> str:
    """Of all to handle, and of those received in the period; once where nothing was carried over."""
    of_all, of_period = row["online_share"], row["online_share_of_period"]
    if not row["carried_over"]:
        return f" ({say(f'chiếm {say.share(of_all)} tổng số hồ sơ đã tiếp nhận', f'{say.share(of_all)} of all')})"
    of_both = say(
        f"chiếm {say.share(of_all)} tổng số hồ sơ đã tiếp nhận kể cả kỳ trước chuyển sang, "
        f"{say.share(of_period)} số hồ sơ tiếp nhận trong kỳ",
        f"{say.share(of_all)} of all to handle, {say.share(of_period)} of those received in the period",
    )
    return f" ({of_both})"


def _by_unknown_channel(unknown: int, say: Voice) -> str:
    if not unknown:
        return ""
    return say(
        f" (trong đó {say.dossiers(unknown)} không rõ kênh)",
        f" ({say.count(unknown)} of these by a channel that nobody noted)",
    )


def _resolved(row: Row, say: Voice) -> str:
    resolved, without = row["resolved_total"], row.get("resolved_no_deadline", 0)
    if not resolved:
        return say("Không có hồ sơ được giải quyết trong kỳ.", "None were resolved.")
    base = say(
        " số hồ sơ đã giải quyết có quy định thời hạn" if without else " số hồ sơ đã giải quyết",
        " of those resolved with a deadline" if without else " of those resolved",
    )
    names = {"early": ("trước hạn", "early"), "on_time": ("đúng hạn", "on time"), "overdue": ("quá hạn", "overdue")}
    parts = []
    for key, (vietnamese, english) in names.items():
        if number := row[f"resolved_{key}"]:
            share = f"{say('chiếm ', '') if base else ''}{say.share(row[f'{key}_share'])}{base}"
            said = say(f"{vietnamese} {say.dossiers(number)}", f"{say.count(number)} {english}")
            parts.append(f"{said} ({share})")
            base = ""
    if without:
        parts.append(
            say(f"không quy định thời hạn {say.dossiers(without)}", f"{say.count(without)} without a deadline")
        )
    if not row["resolved_overdue"]:
        parts.append(_none_overdue(say))
    head = say(
        f"Đã giải quyết {say.dossiers(resolved)}",
        f"{say.dossiers(resolved)} {'was' if resolved == 1 else 'were'} resolved",
    )
    return f"{_of_which(head, parts, say)}.{_nothing_decided(row, say)}"


def _nothing_decided(row: Row, say: Voice) -> str:
    """Those of the resolved ones that ended without a decision."""
    kinds = {
        "withdrawn": ("người nộp rút", "withdrawn by the applicant"),
        "stopped": ("dừng xử lý", "stopped"),
        "transferred": ("chuyển cơ quan có thẩm quyền", "handed over to the competent authority"),
    }
    parts = [
        say(f"{say.dossiers(row[key])} {vietnamese}", f"{say.count(row[key])} {english}")
        for key, (vietnamese, english) in kinds.items()
        if row.get(key, 0)
    ]
    return f"{say(' Số đã giải quyết bao gồm ', ' Those resolved include ')}{', '.join(parts)}." if parts else ""


def _in_progress(row: Row, say: Voice) -> str:
    """Those whose clock stands still are named within the ones within time where none is overdue, else of all."""
    total, within, overdue = row["in_progress_total"], row["in_progress_within"], row["in_progress_overdue"]
    if not total:
        return say("Không còn hồ sơ đang giải quyết.", "None are in progress.")
    suspended = row.get("in_progress_suspended", 0)
    paused = say(
        f" (trong đó {say.dossiers(suspended)} đang tạm dừng)", f" ({say.count(suspended)} of these suspended)"
    )
    head = say(
        f"Đang giải quyết {say.dossiers(total)}", f"{say.dossiers(total)} {'is' if total == 1 else 'are'} in progress"
    )
    parts = []
    if within:
        said = say(f"trong hạn {say.dossiers(within)}", f"{say.count(within)} within time")
        parts.append(said + (paused if suspended and not overdue else ""))
    late = say(f"quá hạn {say.dossiers(overdue)}", f"{say.count(overdue)} overdue")
    parts.append(late if overdue else _none_overdue(say))
    return f"{_of_which(head + (paused if suspended and overdue else ''), parts, say)}."


def _none_overdue(say: Voice) -> str:
    return say("không có hồ sơ quá hạn", "none overdue")


def _of_which(head: str, parts: Iterable[str], say: Voice) -> str:
    said = ", ".join(parts)
    return f"{head}, {say('trong đó', 'of which')}: {said}" if said else head


def change(now: int, before: int, say: Voice) -> str:
    """Tăng 1.234 hồ sơ (12,3%), in lower case; the percent is of what there was before, and left out where that is 0.

    Rounded half-up to one decimal.
    """
    moved = now - before
    if not moved:
        return say("không thay đổi", "unchanged")
    share = (100 * Decimal(abs(moved)) / before).quantize(TENTHS, ROUND_HALF_UP) if before else None
    in_percent = "" if share is None else f" ({say.percent(share)})"
    direction = say("tăng", "up by") if moved > 0 else say("giảm", "down by")
    return f"{direction} {say.dossiers(abs(moved))}{in_percent}"
