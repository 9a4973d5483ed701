"""Follow-ups at the other end: a real SMTP server with TLS and a password, a webhook that fails, hangs and repeats."""

import json
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.follow_up import outbox
from services.reporting.follow_up.given_up import send_again
from services.reporting.follow_up.sending import Sending
from services.reporting.follow_up.ways import Smtp
from services.reporting.read_model.sums import instant_of
from services.reporting.recipients import Recipient, Webhook
from shared.catalogue import Catalogue
from tests.reporting.databases import on_sqlite
from tests.reporting.follow_up_office import KEY, MAIL, OTHER, UNIT, FollowedOffice, waiting
from tests.support.certificates import Authority
from tests.support.mail_server import PASSWORD, USER, MailServer, mail_server
from tests.support.ports import free_port_base
from tests.support.webhook_receiver import webhook_receiver

pytestmark = on_sqlite
UNKNOWN, GREYLISTED = "550 no such mailbox", "450 greylisted, try again later"
SENDER, SECOND = "mot-cua@travinh.example", "lanh-dao@stp.example"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("mail"))


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[MailServer]:
    with mail_server(authority.sign("mail", "localhost")) as running:
        yield running


@pytest.fixture
def smtp(server: MailServer, authority: Authority) -> Smtp:
    server.taken.clear()
    server.envelopes.clear()
    server.refused.clear()
    context = ssl.create_default_context(cafile=str(authority.cafile))
    return Smtp(
        "localhost", server.port, SENDER, starttls=True, context=context, username=USER, password=SecretStr(PASSWORD)
    )


@pytest.fixture
async def office(engine: AsyncEngine, shipped: Catalogue) -> FollowedOffice:
    """With two slips of one unit, told in one mail."""
    office = FollowedOffice(engine, shipped, {UNIT: Recipient(UNIT, (MAIL, SECOND))})
    await office.begin()
    await office.deliver(waiting("2023-02-07 09:00"), waiting("2023-02-07 10:00"))
    await office.look_at("2023-02-06 13:31")
    return office


async def problems(office: FollowedOffice) -> list[str | None]:
    return [row.problem for row in await office.deliveries()]


async def test_a_unit_gets_one_mail_of_a_round(office: FollowedOffice, server: MailServer, smtp: Smtp) -> None:
    await office.send(office.sending(smtp=smtp))
    (mail,) = server.taken
    (delivery,) = await office.deliveries()
    assert (mail["From"], mail["To"], mail["Auto-Submitted"]) == (SENDER, f"{MAIL}, {SECOND}", "auto-generated")
    assert mail["Message-ID"] == f"<{delivery.id}@travinh.example>"
    assert mail["Subject"] == "Đôn đốc giải quyết 2 hồ sơ: Sở Tư pháp"
    assert mail.get_content().startswith("Kính gửi: Sở Tư pháp (H59.15)")
    assert [kept.sent_at for kept in await office.slips()] == [office.now, office.now]


async def test_a_server_that_is_busy_gets_the_same_mail_later(
    office: FollowedOffice, server: MailServer, smtp: Smtp
) -> None:
    server.answers += ["451 try again later", "421 too busy"]
    sending = office.sending(smtp=smtp)
    await office.send(sending)
    assert await problems(office) == ["the mail server answers 451"]
    for _ in range(2):
        office.now += timedelta(minutes=5)
        await office.send(sending)
    (mail,) = server.taken
    assert mail["Date"] == "Mon, 06 Feb 2023 13:31:00 +0700", "as at the first try"


async def test_addresses_that_are_refused_keep_the_others_from_nothing(
    office: FollowedOffice, server: MailServer, smtp: Smtp
) -> None:
    """The slip is sent, and who has not got it is given up: counted, seen, and sent again once it is set right."""
    server.refused[SECOND] = UNKNOWN
    sending = office.sending(smtp=smtp)
    await office.send(sending)
    assert server.envelopes == [[MAIL]]
    assert await problems(office) == ["the mail server refuses 1 of 2 addresses: number 2 (550)"]
    assert {(kept.sent_at, kept.problem) for kept in await office.slips()} == {
        (office.now, "the mail server refuses 1 of 2 addresses: number 2 (550)")
    }
    assert (await outbox.waiting(office.engine))[outbox.Way.MAIL] == outbox.Outstanding(given_up=1)
    assert (sending.metrics.failures.labels("mail")._value.get(), sending.metrics.sent.labels("mail")._value.get()) == (
        1, 0,
    )  # fmt: skip
    (delivery,) = await office.deliveries()
    server.refused.clear()
    assert await send_again(office.engine, [delivery.id], office.now) == [delivery.id]
    await office.send(sending)
    assert server.envelopes == [[MAIL], [SECOND]]
    assert (await outbox.waiting(office.engine))[outbox.Way.MAIL] == outbox.Outstanding()
    assert await problems(office) == [None]


async def test_who_is_refused_for_now_is_asked_again_and_those_who_have_it_are_not(
    office: FollowedOffice, server: MailServer, smtp: Smtp
) -> None:
    """Greylisting is by address: 450 at first, and taken later. Who was refused for good is not asked again."""
    third = "tiep-dan@stp.example"
    office.recipients = {UNIT: Recipient(UNIT, (MAIL, SECOND, third))}
    sending = office.sending(smtp=smtp)
    server.refused |= {MAIL: GREYLISTED, SECOND: UNKNOWN}
    await office.send(sending)
    refused = "the mail server refuses 2 of 3 addresses: number 1 (450), number 2 (550)"
    assert (server.envelopes, await problems(office)) == ([[third]], [refused])
    assert (await outbox.waiting(office.engine))[outbox.Way.MAIL].waiting == 1
    sent_at = office.now
    server.answers.append("451 try again later")
    del server.refused[MAIL]
    server.refused[SECOND] = GREYLISTED
    await next_try(office, sending)
    assert await problems(office) == ["the mail server answers 451"], "and who has it is not forgotten"
    await next_try(office, sending)
    assert server.envelopes == [[third], [MAIL]]
    assert [mail["To"] for mail in server.taken] == [f"{MAIL}, {SECOND}, {third}"] * 2
    assert await problems(office) == ["the mail server refuses 1 of 3 addresses: number 2 (550)"]
    assert {kept.sent_at for kept in await office.slips()} == {sent_at}, "when the first one took it"
    assert (await outbox.waiting(office.engine))[outbox.Way.MAIL].given_up == 1


async def test_an_address_that_is_mended_in_the_file_gets_what_waits(
    office: FollowedOffice, server: MailServer, smtp: Smtp
) -> None:
    server.refused |= {MAIL: GREYLISTED, SECOND: UNKNOWN}
    await office.send(office.sending(smtp=smtp))
    office.recipients = {UNIT: Recipient(UNIT, (MAIL, "lanh-dao@so.example"))}
    server.refused.clear()
    await next_try(office, office.sending(smtp=smtp))
    assert server.envelopes == [[MAIL, "lanh-dao@so.example"]]
    assert await problems(office) == [None]


async def test_a_mail_that_everybody_refuses_is_given_up(
    office: FollowedOffice, server: MailServer, smtp: Smtp
) -> None:
    server.refused |= {MAIL: UNKNOWN, SECOND: UNKNOWN}
    await office.send(office.sending(smtp=smtp))
    assert await problems(office) == ["the mail server refuses 2 of 2 addresses: number 1 (550), number 2 (550)"]
    assert {kept.sent_at for kept in await office.slips()} == {None}
    assert (await outbox.waiting(office.engine))[outbox.Way.MAIL].given_up == 1


async def test_a_wrong_password_waits_until_it_is_set_right(
    office: FollowedOffice, server: MailServer, smtp: Smtp
) -> None:
    await office.send(office.sending(smtp=replace(smtp, password=SecretStr("another one"))))
    assert await problems(office) == ["the mail server does not take the user and password (535)"]
    office.now += timedelta(minutes=5)
    await office.send(office.sending(smtp=smtp))
    assert len(server.taken) == 1


async def test_a_server_that_is_not_trusted_is_told_nothing(
    office: FollowedOffice, server: MailServer, smtp: Smtp
) -> None:
    await office.send(office.sending(smtp=replace(smtp, context=ssl.create_default_context())))
    assert server.taken == []
    assert await problems(office) == [
        "the mail server is not trusted (SSLCertVerificationError): see MOTCUA_REPORTING_SMTP_CAFILE"
    ]


async def test_nobody_listens(office: FollowedOffice, smtp: Smtp) -> None:
    await office.send(office.sending(smtp=replace(smtp, port=1)))
    assert (await outbox.waiting(office.engine))[outbox.Way.MAIL].waiting == 1
    assert await problems(office) == ["the mail server does not answer (ConnectionRefusedError)"]


async def test_a_server_without_starttls_is_told_nothing_and_why_is_said(office: FollowedOffice, smtp: Smtp) -> None:
    taken = MailServer(free_port_base(1))
    controller = Controller(taken, hostname="127.0.0.1", port=taken.port)
    controller.start()
    try:
        await office.send(office.sending(smtp=replace(smtp, port=taken.port)))
    finally:
        controller.stop()
    assert taken.taken == []
    (problem,) = await problems(office)
    assert problem is not None
    assert problem.startswith("the mail server can't be used (SMTP STARTTLS extension not supported")


@pytest.mark.parametrize(
    ("url", "cause"), [("http://127.0.0.1:1/", "ConnectionRefusedError"), ("https://nobody.invalid/", "gaierror")]
)
async def test_why_a_webhook_is_not_reached_is_said(
    engine: AsyncEngine, shipped: Catalogue, url: str, cause: str
) -> None:
    office = FollowedOffice(engine, shipped, {UNIT: Recipient(UNIT, (), Webhook(url, KEY))})
    await office.begin()
    await office.deliver(waiting("2023-02-07 09:00"))
    await office.look_at("2023-02-06 13:31")
    await office.send(office.sending())
    assert await problems(office) == [f"the webhook does not answer ({cause})"]


async def test_a_mail_that_can_t_be_composed_fails_alone(
    engine: AsyncEngine, shipped: Catalogue, server: MailServer, smtp: Smtp
) -> None:
    """The unit's name had a line break when the mail was made: it is tried again, told, and given up at last."""
    broken = replace(shipped.departments[UNIT], name="Sở Tư pháp\r\nBcc: evil@x.example")
    catalogue = replace(shipped, departments={**shipped.departments, UNIT: broken})
    office = FollowedOffice(engine, catalogue, {each: Recipient(each, (MAIL,)) for each in (UNIT, OTHER)})
    await office.begin()
    await office.deliver(waiting("2023-02-07 09:00"), waiting("2023-02-07 10:00", OTHER))
    await office.look_at("2023-02-06 13:31")
    sending = office.sending(smtp=smtp)
    await office.send(sending)
    assert [mail["Subject"] for mail in server.taken] == ["Đôn đốc giải quyết 1 hồ sơ: Sở Y tế"]
    assert set(await problems(office)) == {"it can't be sent (ValueError)", None}
    mails = outbox.Way.MAIL
    assert (await outbox.waiting(office.engine))[mails].waiting == 1
    assert sending.metrics.failures.labels("mail")._value.get() == 1
    office.now += timedelta(hours=72)
    await office.send(sending)
    assert (await outbox.waiting(office.engine))[mails] == outbox.Outstanding(given_up=1)


async def next_try(office: FollowedOffice, sending: Sending) -> None:
    """The clock comes to the next try."""
    office.now = instant_of(max(row.next_try_at or 0 for row in await office.deliveries()))
    await office.send(sending)


async def test_a_webhook_that_fails_hangs_and_repeats_has_each_slip_once(
    engine: AsyncEngine, shipped: Catalogue, server: MailServer, smtp: Smtp
) -> None:
    """500, hangs up, answers too late, takes it and hangs up; the mail of another unit goes out meanwhile."""

    def answer(number: int) -> int | None:
        match number:
            case 1:
                return 500
            case 2 | 4:
                return None
            case 3:
                receiver.released.wait()
        return 200

    with webhook_receiver(answer) as receiver:
        recipients = {UNIT: Recipient(UNIT, (), Webhook(receiver.url, KEY)), OTHER: Recipient(OTHER, (MAIL,))}
        office = FollowedOffice(engine, shipped, recipients)
        await office.begin()
        await office.deliver(waiting("2023-02-07 09:00"), waiting("2023-02-07 10:00", OTHER))
        await office.look_at("2023-02-06 13:31")
        sending = office.sending(timeout_s=1.0, smtp=smtp)
        await office.send(sending)
        assert len(server.taken) == 1
        told = [await problems(office)]
        for _ in range(4):
            await next_try(office, sending)
            told.append(await problems(office))
    assert [set(each) - {None} for each in told] == [
        {"the webhook answers 500"},
        {"the webhook does not answer (RemoteProtocolError)"},
        {"no answer within 1 s"},
        {"the webhook does not answer (RemoteProtocolError)"},
        set(),
    ]
    assert len(receiver.taken) == 5
    assert len(set(receiver.ids)) == 1, "who keeps ids has it once"
    assert len({body for _, body in receiver.taken}) == 1
    kept = next(kept for kept in await office.slips() if kept.slip.department == UNIT)
    assert (kept.id, kept.sent_at) == (receiver.ids[0], office.now)
    assert json.loads(receiver.taken[0][1])["data"]["code"] == kept.slip.code
