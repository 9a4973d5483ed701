"""Rounds of follow-ups: what gets a slip, once for each dossier, stage and deadline, whatever is made anew or lost."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from services.reporting.follow_up import planning, service
from services.reporting.follow_up.messages import mail_body
from services.reporting.follow_up.service import FollowUp
from services.reporting.read_model.tables import follow_up_deliveries, follow_up_units, follow_ups
from shared.auditing.entries import Act
from shared.catalogue import Catalogue
from shared.contract.follow_up import FollowUpV1, Stage, follow_up_id
from shared.service.sql import writing
from tests.builders.events import Dated, event, received
from tests.builders.times import at
from tests.intake.audited import audited
from tests.reporting.databases import on_sqlite
from tests.reporting.delivery import empty
from tests.reporting.follow_up_office import OTHER, UNIT, FollowedOffice, by_mail, code, waiting
from tests.support.wait import wait_until_async


@pytest.fixture
def office(engine: AsyncEngine, shipped: Catalogue) -> FollowedOffice:
    return FollowedOffice(engine, shipped, by_mail(UNIT))


async def stages(office: FollowedOffice, instant: str) -> list[tuple[str, str]]:
    return [(kept.slip.code[-1], kept.slip.stage) for kept in await office.look_at(instant)]


async def test_a_dossier_gets_a_slip_for_each_stage_it_comes_to_and_only_one(office: FollowedOffice) -> None:
    await office.begin()
    await office.deliver(waiting("2023-02-08 09:00"), waiting("2023-02-28 09:00"))
    assert await stages(office, "2023-02-06 08:01") == []
    assert await stages(office, "2023-02-07 13:31") == [("0", "due_soon")]
    assert await stages(office, "2023-02-08 07:31") == [("0", "due_soon")], "the stage has its slip"
    assert await stages(office, "2023-02-08 17:00") == [("0", "due_soon")], "of the day it is due it is not late"
    late = [("0", "due_soon"), ("0", "overdue")]
    assert await stages(office, "2023-02-09 07:31") == late
    assert await stages(office, "2023-02-17 13:31") == late
    (_, overdue) = await office.slips()
    assert overdue.id == follow_up_id(code(0), Stage.OVERDUE, at("2023-02-08 09:00"))
    assert (overdue.slip.department, overdue.slip.working_days, overdue.slip.made_at) == (
        UNIT, -1, at("2023-02-09 07:31"),
    )  # fmt: skip


@on_sqlite
async def test_slips_are_made_at_rounds_on_working_days_and_one_that_was_missed_is_made_late(
    office: FollowedOffice,
) -> None:
    await office.begin()
    await office.deliver(waiting("2023-02-10 09:00"))
    await office.look_at("2023-02-10 13:31")
    assert await stages(office, "2023-02-11 09:00") == [("0", "due_soon")], "a Saturday has no round"
    assert len(await office.look_at("2023-02-13 09:10")) == 2, "nobody looked at 7:30"


async def test_a_round_is_made_once_by_whoever_looks_first(office: FollowedOffice) -> None:
    await office.begin()
    await office.deliver(*(waiting("2023-02-07 09:00") for _ in range(5)))
    office.now = at("2023-02-06 13:31")
    await asyncio.gather(*(office.planning.look() for _ in range(3)))
    assert [kept.slip.number for kept in await office.slips()] == [1, 2, 3, 4, 5]
    assert len(await office.deliveries()) == 1, "one mail tells all of a round"


@on_sqlite
async def test_what_was_on_the_list_when_follow_up_began_gets_no_slip(office: FollowedOffice) -> None:
    await office.deliver(waiting("2023-02-03 09:00"), waiting("2023-02-06 16:00"))
    await office.begin()
    assert await stages(office, "2023-02-06 13:31") == []
    assert await stages(office, "2023-02-07 07:31") == [("1", "overdue")], "a stage that it comes to later"


@on_sqlite
@pytest.mark.parametrize(
    ("then", "slips"),
    [
        (event("resolved", "2023-02-07 10:00"), []),
        (event("supplement_requested", "2023-02-07 10:00"), []),
        (event("extended", "2023-02-07 10:00", due_at=at("2023-02-10 09:00")), [("0", "due_soon")]),
        (event("apologised", "2023-02-07 10:00"), [("0", "overdue")]),
    ],
    ids=["closed", "paused", "extended", "apologised"],
)
async def test_a_slip_is_of_how_the_dossier_stands(
    office: FollowedOffice, then: Dated, slips: list[tuple[str, str]]
) -> None:
    await office.begin()
    await office.deliver((*waiting("2023-02-07 16:00"), then))
    assert await stages(office, "2023-02-09 13:31") == slips


@on_sqlite
async def test_a_deadline_that_moved_is_another_one(office: FollowedOffice) -> None:
    await office.begin()
    first = waiting("2023-02-07 09:00")
    await office.deliver(first)
    assert await stages(office, "2023-02-06 13:31") == [("0", "due_soon")]
    await office.deliver((*first, event("extended", "2023-02-06 14:00", due_at=at("2023-02-09 09:00"))))
    assert await stages(office, "2023-02-08 13:31") == [("0", "due_soon"), ("0", "due_soon")]


@on_sqlite
async def test_an_application_that_is_not_answered_in_time_gets_one(office: FollowedOffice) -> None:
    await office.begin()
    asked = event("submitted", "2023-02-06 08:00", acceptance_due_at=at("2023-02-07 08:00"))
    await office.deliver((asked,))
    assert await stages(office, "2023-02-06 13:31") == []
    assert await stages(office, "2023-02-07 13:31") == [("0", "acceptance_overdue")]


async def test_numbers_have_no_gaps_in_a_year_and_unit(engine: AsyncEngine, shipped: Catalogue) -> None:
    office = FollowedOffice(engine, shipped, by_mail(UNIT, OTHER), at("2022-12-28 07:00"))
    await office.begin()
    came = "2022-12-01 08:00"
    of_december = [waiting("2022-12-29 09:00", each, came) for each in (UNIT, OTHER, UNIT, UNIT)]
    of_january = [waiting("2023-01-04 09:00", each, came) for each in (OTHER, UNIT)]
    await office.deliver(*of_december, *of_january)
    await office.look_at("2022-12-28 13:31")
    await office.look_at("2022-12-30 07:31")
    await office.look_at("2023-01-05 07:31")
    numbers: dict[tuple[str, int], list[int]] = {}
    for kept in await office.slips():
        numbers.setdefault((kept.key.department, kept.key.year), []).append(kept.key.number)
    assert numbers == {
        (UNIT, 2022): [1, 2, 3, 4, 5, 6],
        (OTHER, 2022): [1, 2],
        (UNIT, 2023): [1],
        (OTHER, 2023): [1],
    }


async def test_a_read_model_that_is_made_anew_sends_nothing_again(office: FollowedOffice) -> None:
    await office.begin()
    histories = [waiting("2023-02-07 09:00"), waiting("2023-02-08 09:00")]
    await office.deliver(*histories)
    made = await office.look_at("2023-02-09 07:31")
    await empty(office.engine)
    assert await office.look_at("2023-02-09 13:31") == made, "nothing is due in an empty model"
    await office.deliver(*histories)
    assert await office.look_at("2023-02-10 07:31") == made
    assert [kept.slip.stage for kept in made] == ["overdue", "overdue"]


@on_sqlite
async def test_where_the_record_is_lost_follow_up_begins_anew_and_floods_nobody(office: FollowedOffice) -> None:
    await office.begin()
    await office.deliver(waiting("2023-02-07 09:00"), waiting("2023-02-10 09:00"))
    await office.look_at("2023-02-09 07:31")
    (before, _) = await office.look_at("2023-02-09 13:31")
    mails = {row.id for row in await office.deliveries()}
    async with writing(office.engine) as connection:
        for table in (follow_ups, follow_up_deliveries, follow_up_units):
            await connection.execute(delete(table))
    assert await office.look_at("2023-02-09 14:00") == []
    (after,) = await office.look_at("2023-02-13 07:31")
    assert (before.slip.stage, after.slip.stage, after.slip.code) == ("overdue", "overdue", code(1))
    assert (before.slip.number, after.slip.number) == (1, 1)
    assert mails.isdisjoint(row.id for row in await office.deliveries()), "mail servers drop an id that they had"


async def test_the_first_event_after_a_slip_is_noted(office: FollowedOffice) -> None:
    await office.begin()
    histories = [waiting("2023-02-07 09:00"), waiting("2023-02-07 10:00"), waiting("2023-02-07 11:00")]
    await office.deliver(*histories)
    await office.look_at("2023-02-06 13:31")
    await office.deliver((*histories[0], event("resolved", "2023-02-06 15:00")))
    await office.look_at("2023-02-06 15:01")
    await office.deliver(
        (*histories[0], event("resolved", "2023-02-06 15:00"), event("returned", "2023-02-08 08:00")),
        (*histories[1], event("processing_started", "2023-02-07 20:00")),
    )
    moved = {kept.slip.code: kept.moved_at for kept in await office.look_at("2023-02-07 20:01")}
    assert moved == {code(0): at("2023-02-06 15:00"), code(1): at("2023-02-07 20:00"), code(2): None}


@on_sqlite
async def test_each_round_is_in_the_audit(office: FollowedOffice) -> None:
    await office.begin()
    await office.deliver(waiting("2023-02-07 09:00"), waiting("2023-02-07 10:00"))
    await office.look_at("2023-02-06 13:31")
    async with office.engine.connect() as connection:
        rows = (await connection.execute(text("SELECT entry FROM audit ORDER BY number"))).scalars().all()
    entry = audited(b"\n".join(map(bytes, rows)), b"")[-1]
    assert (entry["act"], entry["subject"], entry["who"]) == (Act.FOLLOW_UPS_MADE.value, UNIT, "service")
    assert entry["details"] == {"year": 2023, "numbers": [1, 2]}


@on_sqlite
async def test_a_mail_tells_the_round_and_names_nobody(office: FollowedOffice) -> None:
    await office.begin()
    started = event("processing_started", "2023-02-02 08:00", officer="o-17")
    await office.deliver(
        (received(at("2023-02-01"), due_at=at("2023-02-07 09:00"), applicant="p-7f3a"), started),
        waiting("2023-02-08 14:00"),
    )
    await office.look_at("2023-02-08 07:31")
    ((subject, told),) = await office.mails()
    assert subject == "Đôn đốc giải quyết 2 hồ sơ: Sở Tư pháp"
    assert told.splitlines() == [
        "Kính gửi: Sở Tư pháp (H59.15)",
        "",
        "Đến 07 giờ 31 phút ngày 08/02/2023, 2 hồ sơ sau cần đơn vị giải quyết ngay:",
        "",
        "Sắp đến hạn (1):",
        f"- Phiếu số 2/2023: {code(1)}, hạn 08/02/2023 14:00, trong ngày",
        "",
        "Quá hạn (1):",
        f"- Phiếu số 1/2023: {code(0)}, hạn 07/02/2023 09:00, quá 1 ngày làm việc",
        "",
        "Đề nghị đơn vị giải quyết và trả lời từng phiếu đôn đốc.",
        "Danh sách, phiếu in và trả lời: https://motcua.example/follow-ups?department=H59.15",
    ]
    assert "o-17" not in told
    assert "7f3a" not in told


async def test_a_unit_gets_its_digest_once_a_week(office: FollowedOffice) -> None:
    office.now = at("2023-02-06 08:00")
    await office.begin()
    await office.deliver(waiting("2023-02-07 09:00"), waiting("2023-02-13 16:00"), waiting("2023-02-28 09:00"))
    await office.look_at("2023-02-06 13:31")
    await office.deliver((*waiting("2023-02-07 09:00"), event("apologised", "2023-02-07 10:00")))
    await office.look_at("2023-02-09 13:31")
    before = len(await office.mails())
    office.now = at("2023-02-13 07:30")
    await asyncio.gather(*(office.planning.look() for _ in range(2)))
    await office.look_at("2023-02-13 09:00")
    mails = (await office.mails())[before:]
    digests = [told for subject, told in mails if subject.startswith("Hồ sơ cần giải quyết, tuần 7/2023")]
    assert len(digests) == 1
    assert digests[0].splitlines()[2:15] == [
        "Đến 07 giờ 30 phút ngày 13/02/2023:",
        "- Sắp đến hạn: 1 hồ sơ",
        "- Quá hạn: 1 hồ sơ",
        "- Chờ tiếp nhận quá thời gian: 0 hồ sơ",
        "",
        "Phiếu đôn đốc của 7 ngày qua:",
        "- Đã lập 3, đã gửi 0",
        "- Đã trả lời 0/0 phiếu đã gửi",
        "- Hồ sơ có chuyển biến trong 24 giờ: 0/0 phiếu đã gửi đủ 24 giờ",
        "",
        "Sắp đến hạn:",
        f"- {code(1)}, hạn 13/02/2023 16:00, trong ngày",
        "",
    ]
    await office.look_at("2023-02-20 07:29")
    assert len([1 for subject, _ in await office.mails() if "tuần 8" in subject]) == 0
    await office.look_at("2023-02-22 15:00")
    assert len([1 for subject, _ in await office.mails() if "tuần 8" in subject]) == 1, "late, but once"


@on_sqlite
async def test_a_unit_for_which_nothing_can_be_made_holds_up_no_other(
    engine: AsyncEngine, shipped: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told in the log once, counted, and made late when what was wrong is mended."""
    office = FollowedOffice(engine, shipped, by_mail(UNIT, OTHER))
    await office.begin()
    await office.deliver(waiting("2023-02-07 09:00"), waiting("2023-02-07 10:00", OTHER))
    office.now = at("2023-02-06 13:31")
    looks = 0

    def body(slips: Sequence[FollowUpV1], *more: Any) -> bytes:
        nonlocal looks
        if slips[0].department == UNIT:
            looks += 1
            raise ValueError("nobody foresaw it")
        return mail_body(slips, *more)

    follow_up, stopping = FollowUp(office.planning, office.sending(), lambda: True, plan_every_s=0), asyncio.Event()
    monkeypatch.setattr(planning, "mail_body", body)
    monkeypatch.setattr(service, "LOOK_EVERY_S", 0.01)

    async def both_are_made() -> bool:
        return sorted(kept.slip.department for kept in await office.slips()) == sorted((UNIT, OTHER))

    async def is_tried_again() -> bool:
        return looks > 1

    failing = follow_up.sending.metrics.units_failing._value
    with capture_logs() as lines:
        running = asyncio.create_task(follow_up.run(stopping))
        await wait_until_async(is_tried_again, 5, "the unit is looked at again")
        assert [kept.slip.department for kept in await office.slips()] == [OTHER]
        assert failing.get() == 1
        monkeypatch.setattr(planning, "mail_body", mail_body)
        await wait_until_async(both_are_made, 5, "the round is made late")
        stopping.set()
        await running
    assert failing.get() == 0
    told = [line["department"] for line in lines if line["event"] == "follow_up_cannot_be_made"]
    assert told == [UNIT], "once, and not at every look"
