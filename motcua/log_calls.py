"""Intake's calls about its log as a whole."""

import httpx
from msgspec import Struct

from motcua.client import CONNECT_SECONDS, Services, sync_client, told_plainly
from motcua.verify.remote import decoded

LONG_SECONDS = 3600.0  # a whole topic is read in it


class _Resent(Struct):
    events: int


class _Restored(Struct):
    restored: int


def resend(services: Services) -> int:
    """How many events are sent again."""
    return decoded(_post(services, "/v1/log/resend"), _Resent, "intake").events


def restore(services: Services) -> int:
    """How many events came back."""
    return decoded(_post(services, "/v1/log/restore"), _Restored, "intake").restored


def _post(services: Services, path: str) -> bytes:
    with told_plainly("intake", services.intake), sync_client(services.intake, services) as client:
        answer = client.post(path, timeout=httpx.Timeout(LONG_SECONDS, connect=CONNECT_SECONDS))
        return answer.raise_for_status().content
