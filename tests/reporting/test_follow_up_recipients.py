"""The file of recipients and the settings of follow-up: what is wrong is named with its place and the fix."""

import base64
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr, ValidationError
from sqlalchemy.ext.asyncio import create_async_engine

from services.reporting.follow_up.metrics import FollowUpMetrics
from services.reporting.follow_up.service import FollowUp, FollowUpParts, follow_up_of
from services.reporting.intake.calendar import KnownCalendar
from services.reporting.recipients import Recipient, UnusableRecipients, Webhook, read_recipients
from services.reporting.settings import ReportingSettings
from shared.catalogue import Catalogue
from tests.builders.times import at

KEY = SecretStr("a-key-for-this-test-only")
SECRET = base64.b64encode(bytes(range(32))).decode()  # as `openssl rand -base64 32` writes one
HOOK = 'department = "H59.15"\nwebhook = "https://so.example/hook"\nwebhook_secret_file = "secret"\n'


def file_of(folder: Path, *entries: str) -> Path:
    (folder / "secret").write_text(SECRET + "\n")
    path = folder / "recipients.toml"
    path.write_text("".join(f"[[recipients]]\n{entry}\n" for entry in entries))
    return path


def test_a_unit_has_mail_a_webhook_both_or_paper_alone(tmp_path: Path, shipped: Catalogue) -> None:
    mail = 'department = "H59.02"\nmail = ["mot-cua@so.example", "so@so.example"]\ndigest = false\n'
    found = read_recipients(file_of(tmp_path, HOOK, mail, 'department = "H59.16"'), shipped)
    assert found == {
        "H59.15": Recipient("H59.15", (), Webhook("https://so.example/hook", bytes(range(32)))),
        "H59.02": Recipient("H59.02", ("mot-cua@so.example", "so@so.example"), None, digest=False),
        "H59.16": Recipient("H59.16"),
    }


@pytest.mark.parametrize("before", ["", "whsec_"])
@pytest.mark.parametrize("length", [24, 32, 64])
@pytest.mark.parametrize("padding", ["=", ""])
def test_a_secret_is_read_as_standard_webhooks_does(
    tmp_path: Path, shipped: Catalogue, before: str, length: int, padding: str
) -> None:
    path = file_of(tmp_path, HOOK)
    key = bytes(range(length))
    (tmp_path / "secret").write_text(before + base64.b64encode(key).decode().replace("=", padding) + "\r\n")
    webhook = read_recipients(path, shipped)["H59.15"].webhook
    assert webhook is not None
    assert webhook.key == key


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ((), "recipients"),
        (("department = H59.15",), "can't be read"),
        (('department = "H59.99"',), "department 'H59.99' is not in the catalogue"),
        (('department = "H59.15"', 'department = "H59.15"'), "H59.15 stands there twice; put it into one entry"),
        (('department = "H59.15"\nmail = ["so"]',), "recipients.0.mail.0: write one address"),
        (('department = "H59.15"\nmail = ["a@b\\nBcc: c@d"]',), "write one address"),
        (('department = "H59.15"\nemail = ["a@b.example"]',), "recipients.0.email: Extra inputs are not permitted"),
        (('department = "H59.15"\nwebhook = "http://so.example"',), "write an https address"),
        (('department = "H59.15"\nwebhook = "https://so.example"',), "H59.15 has a webhook and no webhook_secret_file"),
        ((HOOK.replace('secret"', 'lost"'),), "lost can't be read (No such file or directory)"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, shipped: Catalogue, entries: tuple[str, ...], said: str) -> None:
    with pytest.raises(UnusableRecipients) as wrong:
        read_recipients(file_of(tmp_path, *entries), shipped)
    assert said in str(wrong.value)


@pytest.mark.parametrize(
    "secret",
    [
        "of-2-letters",
        "whsec_???",
        "a secret that is plain text",
        "ÿ" * 32,
        "whsec_" + base64.b64encode(b"short").decode(),
    ],
)
def test_a_secret_that_protects_nothing_is_refused_and_not_told(
    tmp_path: Path, shipped: Catalogue, secret: str
) -> None:
    path = file_of(tmp_path, HOOK)
    (tmp_path / "secret").write_text(secret)
    with pytest.raises(UnusableRecipients, match="H59.15") as wrong:
        read_recipients(path, shipped)
    assert secret not in str(wrong.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"smtp_host": "mail.example"}, "SMTP_HOST and MOTCUA_REPORTING_SMTP_SENDER: set both or neither"),
        ({"smtp_username": "motcua"}, "SMTP_USERNAME and MOTCUA_REPORTING_SMTP_PASSWORD: set both or neither"),
        (
            {"smtp_username": "m", "smtp_password": SecretStr("p"), "smtp_security": "none"},
            "none would send the password for all to read",
        ),
        ({"smtp_sender": "nobody", "smtp_host": "mail.example"}, "smtp_sender"),
        ({"smtp_sender": "mót-cửa@so.example", "smtp_host": "mail.example"}, "smtp_sender"),
        ({"smtp_sender": "a@so.example,b@so.example", "smtp_host": "mail.example"}, "smtp_sender"),
        ({"smtp_cafile": "/nowhere.pem"}, "SMTP_CAFILE: /nowhere.pem can't be read"),
        ({"follow_up_rounds": "7:30"}, "follow_up_rounds"),
        ({"follow_up_rounds": "07:30,"}, "follow_up_rounds"),
        ({"follow_up_digest": "Monday 07:30"}, "follow_up_digest"),
        ({"follow_up_recipients": "/nowhere.toml"}, "follow_up_recipients"),
    ],
)
def test_settings_that_can_t_be_used_are_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        ReportingSettings(api_key=KEY, **given)
    assert said in str(wrong.value)


def part_of(shipped: Catalogue, **given: Any) -> FollowUp | None:
    engine = create_async_engine("sqlite+aiosqlite://")
    now = at("2023-02-06")
    metrics = FollowUpMetrics(CollectorRegistry())
    parts = FollowUpParts(engine, lambda: KnownCalendar(shipped), lambda: now, metrics, lambda: True)
    return follow_up_of(ReportingSettings(api_key=KEY, **given), parts)


def test_nobody_is_followed_up_unless_recipients_are_named(tmp_path: Path, shipped: Catalogue) -> None:
    assert part_of(shipped) is None
    made = part_of(shipped, follow_up_recipients=file_of(tmp_path, HOOK), follow_up_digest="never")
    assert made is not None
    assert (list(made.planning.recipients), made.planning.timetable.digest, made.sending.smtp) == (
        ["H59.15"],
        None,
        None,
    )


def test_mail_needs_a_mail_server(tmp_path: Path, shipped: Catalogue) -> None:
    path = file_of(tmp_path, 'department = "H59.15"\nmail = ["a@b.example"]')
    with pytest.raises(ValidationError, match="set MOTCUA_REPORTING_SMTP_HOST and MOTCUA_REPORTING_SMTP_SENDER"):
        part_of(shipped, follow_up_recipients=path)
    server = {"smtp_host": "mail.example", "smtp_sender": "mot-cua@so.example"}
    made = part_of(shipped, follow_up_recipients=path, **server)
    assert made is not None
    assert made.sending.smtp is not None
    assert (made.sending.smtp.starttls, made.sending.smtp.context is not None) == (True, True)
