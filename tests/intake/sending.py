"""A counter that sends events to intake, and the events it sends."""

from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx
import msgspec

from services.intake.http.service import Intake
from shared.contract.envelope import event_type

KEY = "a-key-for-tests-only"
CODE = "H59.15-231208-0001"
NDJSON = "application/x-ndjson"
_NUMBERS = count(1)
APPLICANT_KEY = b"a key of pseudonyms, for tests"


def cloud_event(name: str, time: str, code: str = CODE, event_id: str | None = None, **data: Any) -> dict[str, Any]:
    """`cloud_event("resolved", "2023-12-12T08:00")`: local time, an id of its own unless one is given."""
    return {
        "specversion": "1.0",
        "id": event_id or f"e-{next(_NUMBERS)}",
        "source": "/counters/07",
        "type": event_type(name),
        "subject": code,
        "time": f"{time}:00+07:00",
        "data": data,
    }


def received(code: str = CODE, time: str = "2023-12-08T08:31", **changes: Any) -> dict[str, Any]:
    """A receipt that the catalogue's term gives a deadline."""
    event_id = changes.pop("event_id", None)
    data = {"department": "H59.15", "procedure": "2.000635", "channel": "online"} | changes
    return cloud_event("received", time, code, event_id, **data)


def lines(*events: dict[str, Any] | bytes) -> bytes:
    """Events as NDJSON; bytes go in as they are."""
    return b"\n".join(event if isinstance(event, bytes) else msgspec.json.encode(event) for event in events)


@dataclass(frozen=True, slots=True)
class Sender:
    """The HTTP client and the service behind it."""

    http: httpx.AsyncClient
    service: Intake

    async def bulk(self, *events: dict[str, Any] | bytes, content_type: str = NDJSON) -> dict[str, Any]:
        answer = await self.http.post("/v1/events", content=lines(*events), headers={"content-type": content_type})
        assert answer.status_code == httpx.codes.OK, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def event(self, code: str = CODE, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
        return await self.http.post(f"/v1/dossiers/{code}/events", json=body, headers=headers)

    async def cloud_event(self, event: dict[str, Any], code: str = CODE) -> httpx.Response:
        headers = {"content-type": "application/cloudevents+json"}
        return await self.http.post(f"/v1/dossiers/{code}/events", content=msgspec.json.encode(event), headers=headers)

    async def dossier(self, code: str = CODE) -> dict[str, Any]:
        answer = await self.http.get(f"/v1/dossiers/{code}")
        assert answer.status_code == httpx.codes.OK, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def log(self, **query: int) -> list[dict[str, Any]]:
        answer = await self.http.get("/v1/log", params=query)
        return [msgspec.json.decode(line) for line in answer.content.splitlines()]

    async def metric(self, series: str) -> float:
        """The value of a series, written as it is exposed; 0 when it is not there."""
        text = (await self.http.get("/metrics")).text
        found = [line.rpartition(" ")[2] for line in text.splitlines() if line.startswith(series + " ")]
        return float(found[0]) if found else 0.0
