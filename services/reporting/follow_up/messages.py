"""What goes out, as bytes: the webhook's event, and the mails in an office's words. Nobody's name is in any of them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from msgspec import Struct

from services.reporting.follow_up.figures import FollowUpFigures
from services.reporting.follow_up.slips import Reached
from shared.catalogue import Catalogue
from shared.contract.envelope import encode
from shared.contract.follow_up import FollowUpEventV1, FollowUpV1, Stage
from shared.domain.localtime import local
from shared.language.follow_up import STAGES, days_said
from shared.language.languages import Language
from shared.language.numbers import minute, short_minute
from shared.language.words import word

VIETNAMESE = Language.VIETNAMESE
MOST_LINES = 200  # of a mail


class MailText(Struct, frozen=True):
    """A mail before its head: to whom it goes is looked up when it is sent."""

    subject: str
    text: str


decode_mail = msgspec.json.Decoder(MailText).decode


def webhook_body(id_: str, slip: FollowUpV1) -> bytes:
    """A CloudEvent of one slip."""
    return encode(FollowUpEventV1(id=id_, subject=slip.code, time=slip.made_at, data=slip))


def mail_body(slips: Sequence[FollowUpV1], catalogue: Catalogue, page: str | None) -> bytes:
    """The slips of one round of one unit."""
    department = slips[0].department
    subject = f"Đôn đốc giải quyết {len(slips)} hồ sơ: {_unit(department, catalogue)}"
    text = [
        f"Kính gửi: {_unit(department, catalogue)} ({department})",
        "",
        f"Đến {minute(slips[0].made_at, VIETNAMESE)}, {len(slips)} hồ sơ sau cần đơn vị giải quyết ngay:",
        *_by_stage(slips),
        "",
        "Đề nghị đơn vị giải quyết và trả lời từng phiếu đôn đốc.",
        *([f"Danh sách, phiếu in và trả lời: {page}"] if page else []),
    ]
    return encode(MailText(subject, "\n".join(text) + "\n"))


def _by_stage(slips: Sequence[FollowUpV1]) -> Iterator[str]:
    for stage in Stage:
        of_stage = [slip for slip in slips if slip.stage == stage]
        if of_stage:
            yield ""
            yield f"{word(STAGES, stage, VIETNAMESE)} ({len(of_stage)}):"
            yield from _limited([_line(slip) for slip in of_stage])


def _line(slip: FollowUpV1) -> str:
    return (
        f"- Phiếu số {slip.number}/{slip.year}: {slip.code}, hạn {short_minute(slip.due_at, VIETNAMESE)}, "
        f"{days_said(slip.working_days, VIETNAMESE)}"
    )


class Week(NamedTuple):
    """A unit's week as it is told: what is late or due, and what became of the slips of the week before."""

    department: str
    urgent: Sequence[Reached]
    last_week: FollowUpFigures
    made_at: datetime


def digest_body(told: Week, catalogue: Catalogue, page: str | None) -> bytes:
    """The weekly mail to a unit."""
    department, urgent, last_week, made_at = told
    week = local(made_at).isocalendar()
    text = [
        f"Kính gửi: {_unit(department, catalogue)} ({department})",
        "",
        f"Đến {minute(made_at, VIETNAMESE)}:",
        *(f"- {word(STAGES, stage, VIETNAMESE)}: {_count(urgent, stage)} hồ sơ" for stage in Stage),
        "",
        "Phiếu đôn đốc của 7 ngày qua:",
        f"- Đã lập {last_week.made}, đã gửi {last_week.sent}",
        f"- Đã trả lời {last_week.answered}/{last_week.sent} phiếu đã gửi",
        f"- Hồ sơ có chuyển biến trong 24 giờ: {last_week.moved}/{last_week.judged} phiếu đã gửi đủ 24 giờ",
    ]
    for stage in Stage:
        lines = [
            f"- {each.urgent.dossier.code}, hạn {short_minute(each.urgent.due_at, VIETNAMESE)}, "
            f"{days_said(each.urgent.days, VIETNAMESE)}"
            for each in urgent
            if each.stage is stage
        ]
        if lines:
            text += ["", f"{word(STAGES, stage, VIETNAMESE)}:", *_limited(lines)]
    text += ["", *([f"Danh sách, phiếu in và trả lời: {page}"] if page else [])]
    subject = f"Hồ sơ cần giải quyết, tuần {week.week}/{week.year}: {_unit(department, catalogue)}"
    return encode(MailText(subject, "\n".join(text).rstrip() + "\n"))


def _count(urgent: Sequence[Reached], stage: Stage) -> int:
    return sum(each.stage is stage for each in urgent)


def _limited(lines: Sequence[str]) -> Iterator[str]:
    yield from lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        yield f"- và {len(lines) - MOST_LINES} hồ sơ khác"


def _unit(code: str, catalogue: Catalogue) -> str:
    found = catalogue.departments.get(code)
    return code if found is None else found.name
