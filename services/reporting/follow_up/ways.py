"""The ways out: one mail to an SMTP server, one signed POST to a webhook; each says what became of it."""

import base64
import hmac
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256
from types import MappingProxyType

import aiosmtplib
import httpx
from pydantic import SecretStr

from services.reporting.follow_up.messages import decode_mail
from services.reporting.follow_up.outbox import TAKEN, Outgoing
from services.reporting.recipients import Webhook

CLOUDEVENT = "application/cloudevents+json; charset=utf-8"
TOO_EARLY = 425
_PASSING = frozenset({httpx.codes.REQUEST_TIMEOUT, TOO_EARLY, httpx.codes.TOO_MANY_REQUESTS})
_SMTP_PERMANENT = 500
LONGEST_RETRY_AFTER = timedelta(days=1)


class NotTaken(Exception):
    """It was not taken, or not by all. `is_final`: and would not be another time; else not before `retry_after`, where
    the other end says so. `answers`: what the mail server has said of each address by now."""

    def __init__(
        self,
        problem: str,
        *,
        is_final: bool,
        retry_after: timedelta = timedelta(0),
        answers: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        super().__init__(problem)
        self.is_final, self.retry_after, self.answers = is_final, retry_after, answers


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
        raise NotTaken(f"the webhook does not answer ({_cause(away)})", is_final=False) from away
    if httpx.codes.is_success(status):
        return
    passes = status >= httpx.codes.INTERNAL_SERVER_ERROR or status in _PASSING
    raise NotTaken(f"the webhook answers {status}", is_final=not passes, retry_after=pause_asked(retry_after, now))


def _cause(failure: BaseException) -> str:
    """The error behind the library's: a name that nobody knows, a refused connection and a certificate differ."""
    while (behind := failure.__cause__ or failure.__context__) is not None:
        failure = behind
    return type(failure).__name__


def pause_asked(retry_after: str, now: datetime) -> timedelta:
    """The pause that a `Retry-After` asks for, in seconds or as date (RFC 9110, 10.2.3); a day at most, and none where
    it says nothing that can be read."""
    try:
        if retry_after.isdecimal():
            return timedelta(seconds=min(int(retry_after), LONGEST_RETRY_AFTER.total_seconds()))
        then = parsedate_to_datetime(retry_after)
    except ValueError:
        return timedelta(0)
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return min(max(then - now, timedelta(0)), LONGEST_RETRY_AFTER)


async def mail(smtp: Smtp, to: Sequence[str], delivery: Outgoing, timeout_s: float) -> None:
    """Send the mail to all whom it was not sent to, and who were not refused for good. Raises NotTaken, also when some
    of them have it and others do not."""
    answers = dict(delivery.answers)
    asked = [address for address in dict.fromkeys(to) if not _is_settled(answers.get(address))]
    if asked:
        answers |= await _send(smtp, _message(smtp.sender, to, delivery), asked, timeout_s)
    refused = {number: answers[each] for number, each in enumerate(to, start=1) if answers[each] != TAKEN}
    if refused:
        told = ", ".join(f"number {number} ({code})" for number, code in refused.items())
        problem = f"the mail server refuses {len(refused)} of {len(to)} addresses: {told}"
        raise NotTaken(problem, is_final=all(map(_is_settled, refused.values())), answers=answers)


def _is_settled(code: int | None) -> bool:
    """Whether an address took the mail, or is refused for good."""
    return code is not None and (code == TAKEN or code >= _SMTP_PERMANENT)


async def _send(smtp: Smtp, message: EmailMessage, to: Sequence[str], timeout_s: float) -> dict[str, int]:
    """What the mail server says of each address. Raises NotTaken where it says nothing of them."""
    try:
        refused, _ = await aiosmtplib.send(
            message,
            recipients=to,
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
        return {each.recipient: each.code for each in none_taken.recipients}
    except aiosmtplib.SMTPAuthenticationError as wrong:
        raise NotTaken(f"the mail server does not take the user and password ({wrong.code})", is_final=False) from wrong
    except aiosmtplib.SMTPResponseException as wrong:
        raise NotTaken(f"the mail server answers {wrong.code}", is_final=wrong.code >= _SMTP_PERMANENT) from wrong
    except ssl.SSLError as wrong:
        problem = f"the mail server is not trusted ({type(wrong).__name__}): see MOTCUA_REPORTING_SMTP_CAFILE"
        raise NotTaken(problem, is_final=False) from wrong
    except (aiosmtplib.SMTPException, OSError) as away:
        if type(away) is aiosmtplib.SMTPException:  # it answers, and lacks what is needed, such as STARTTLS
            raise NotTaken(f"the mail server can't be used ({away})", is_final=False) from away
        raise NotTaken(f"the mail server does not answer ({_cause(away)})", is_final=False) from away
    return {each: refused[each].code if each in refused else TAKEN for each in to}


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
