"""The ways out: one mail to an SMTP server, one signed POST to a webhook; each says what became of it."""

import base64
import hmac
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256

import aiosmtplib
import httpx
from pydantic import SecretStr

from services.reporting.follow_up.messages import decode_mail
from services.reporting.follow_up.outbox import Outgoing
from services.reporting.follow_up.recipients import Webhook

CLOUDEVENT = "application/cloudevents+json; charset=utf-8"
TOO_EARLY = 425
_PASSING = frozenset({httpx.codes.REQUEST_TIMEOUT, TOO_EARLY, httpx.codes.TOO_MANY_REQUESTS})
_SMTP_PERMANENT = 500


class NotTaken(Exception):
    """It was not taken. `is_final`: and would not be another time; else `retry_after`, where the other end says so."""

    def __init__(self, problem: str, *, is_final: bool, retry_after: timedelta | None = None) -> None:
        super().__init__(problem)
        self.is_final, self.retry_after = is_final, retry_after


@dataclass(frozen=True, slots=True)
class Smtp:
    """The mail server; without a `context` nothing is encrypted."""

    host: str
    port: int
    sender: str
    starttls: bool
    context: ssl.SSLContext | None = None
    username: str | None = None
    password: SecretStr | None = None


async def post(client: httpx.AsyncClient, to: Webhook, delivery: Outgoing, now: datetime) -> None:
    """POST the body, signed as Standard Webhooks says. What the other end answers beside its status is not read.

    Raises NotTaken.
    """
    sent_at = str(int(now.timestamp()))
    signed = f"{delivery.id}.{sent_at}.".encode() + delivery.body
    signature = base64.b64encode(hmac.new(to.key, signed, sha256).digest()).decode()
    headers = {
        "Content-Type": CLOUDEVENT,
        "Webhook-Id": delivery.id,
        "Webhook-Timestamp": sent_at,
        "Webhook-Signature": f"v1,{signature}",
    }
    try:
        async with client.stream("POST", to.url, content=delivery.body, headers=headers) as answer:
            status, retry_after = answer.status_code, answer.headers.get("Retry-After", "")
    except httpx.HTTPError as away:
        raise NotTaken(f"the webhook does not answer ({type(away).__name__})", is_final=False) from away
    if httpx.codes.is_success(status):
        return
    passes = status >= httpx.codes.INTERNAL_SERVER_ERROR or status in _PASSING
    pause = timedelta(seconds=int(retry_after)) if retry_after.isdecimal() and len(retry_after) < 6 else None  # noqa: PLR2004
    raise NotTaken(f"the webhook answers {status}", is_final=not passes, retry_after=pause)


async def mail(smtp: Smtp, to: Sequence[str], delivery: Outgoing, timeout_s: float) -> str | None:
    """Send the mail to all; who of them was refused, where the others were not. Raises NotTaken."""
    try:
        refused, _ = await aiosmtplib.send(
            _message(smtp.sender, to, delivery),
            hostname=smtp.host,
            port=smtp.port,
            start_tls=smtp.starttls,
            use_tls=smtp.context is not None and not smtp.starttls,
            tls_context=smtp.context,
            username=smtp.username,
            password=None if smtp.password is None else smtp.password.get_secret_value(),
            timeout=timeout_s,
        )
    except aiosmtplib.SMTPRecipientsRefused as none_taken:
        codes = sorted({each.code for each in none_taken.recipients})
        final = all(code >= _SMTP_PERMANENT for code in codes)
        raise NotTaken(f"the mail server refuses every address ({codes})", is_final=final) from none_taken
    except aiosmtplib.SMTPAuthenticationError as wrong:
        raise NotTaken(f"the mail server does not take the user and password ({wrong.code})", is_final=False) from wrong
    except aiosmtplib.SMTPResponseException as wrong:
        raise NotTaken(f"the mail server answers {wrong.code}", is_final=wrong.code >= _SMTP_PERMANENT) from wrong
    except ssl.SSLError as wrong:
        problem = f"the mail server is not trusted ({type(wrong).__name__}): see MOTCUA_REPORTING_SMTP_CAFILE"
        raise NotTaken(problem, is_final=False) from wrong
    except (aiosmtplib.SMTPException, OSError) as away:
        raise NotTaken(f"the mail server does not answer ({type(away).__name__})", is_final=False) from away
    return f"refused: {len(refused)} of {len(to)} addresses" if refused else None


def _message(sender: str, to: Sequence[str], delivery: Outgoing) -> EmailMessage:
    """The mail: the same bytes at every attempt, and the same Message-ID, by which a mail server knows a repeat."""
    text = decode_mail(delivery.body)
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = ", ".join(to)
    message["Subject"] = text.subject
    message["Date"] = format_datetime(delivery.made_at)
    message["Message-ID"] = f"<{delivery.id}@{sender.rpartition('@')[2].rstrip('>')}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's out-of-office answers it
    message.set_content(text.text, cte="base64")
    return message
