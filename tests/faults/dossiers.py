"""Lives of dossiers, made up from a seed:
what an office sends of them, event by event, and nothing that the lifecycle forbids.

Not `tests.builders.histories`: this oracle imports nothing of the product, its dossiers live now and come due while
services are killed, and a deadline that intake computed is taken from the answer.
"""

from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

HERE = timezone(timedelta(hours=7))
Event = dict[str, Any]  # a CloudEvent as it is sent

DEPARTMENTS = ("H59.02", "H59.03", "H59.05", "H59.06", "H59.15")
WITHOUT_TERM = ("H59.01", "2.002314")  # a department, and a procedure of its that has no term
PROCEDURES = (
    "9.004616",
    "9.003709",
    "9.000635",
)  # in no catalogue: any department may have them, and a sender's deadline or term counts
CHANNELS = ("online", "in_person", "postal")
OLDEST_DAYS = 85
ENDED = frozenset({"declined", "withdrawn", "stopped", "over"})
PAUSE_ENDS = {"awaiting_supplement": "supplemented", "awaiting_payment": "payment_settled"}
LEADS_TO = {
    "submitted": "submitted",
    "received": "received",
    "declined": "declined",
    "processing_started": "processing",
    "supplement_requested": "awaiting_supplement",
    "payment_requested": "awaiting_payment",
    "supplemented": "processing",
    "payment_settled": "processing",
    "resolved": "resolved",
    "returned": "returned",
    "withdrawn": "withdrawn",
    "stopped": "stopped",
}  # events that are not here leave a dossier in its state
WHILE_WORKED_ON = (
    *("processing_started",) * 3,
    *("supplement_requested", "payment_requested", "extended", "corrected", "resolved") * 2,
    *("corrected", "apologised", "forwarded", "fee_paid", "resolved", "returned", "withdrawn", "stopped"),
)
WHILE_PAUSED = ("end", "end", "end", "end", "extended", "corrected", "withdrawn", "stopped", "resolved")
WITH_A_REASON = frozenset({"declined", "withdrawn", "stopped", "apologised", "corrected"})


class Life:
    """One dossier. `live` ones happen now and come due within seconds or hours;
    the others happened long ago and are told late."""

    def __init__(self, random: Random, number: int, *, sends_every_deadline: bool) -> None:
        """`sends_every_deadline`: computes all of them,
        for the answer to a bulk call does not say what intake computed."""
        self._random = random
        self._sends_every_deadline = sends_every_deadline
        self._live = random.random() < 0.2
        self._told = 0
        self._hop_is_open = False
        self._at = (
            now() - timedelta(seconds=1) if self._live else now() - timedelta(days=random.uniform(1, OLDEST_DAYS))
        )
        without_term = random.random() < 0.1
        self._submitted_first = without_term and random.random() < 0.6  # intake wants to know the procedure then
        self.department, self._procedure = (
            WITHOUT_TERM if without_term else (random.choice(DEPARTMENTS), random.choice(PROCEDURES))
        )
        self._channel = random.choice(CHANNELS)
        self._level: str | None = None
        self.code = f"{self.department}-{self._at:%y%m%d}-{number:07d}"
        self.state: str | None = None
        self.due: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be told of it."""
        return self.state in ENDED

    def next(self) -> Event:
        """The next event."""
        if self._told:
            self._pass_time()
        kind, facts = self._next()
        self._told += 1
        self.state = LEADS_TO.get(kind, self.state)
        if kind in WITH_A_REASON:
            facts["reason"] = "theo đề nghị của đơn vị"
        return {
            "specversion": "1.0",
            "id": f"{self.code}/{self._told}",
            "source": "/faults",
            "type": f"vn.motcua.dossier.{kind}.v1",
            "subject": self.code,
            "time": self._at.replace(microsecond=0).isoformat(),
            "data": facts,
        }

    def _pass_time(self) -> None:
        latest = now() - timedelta(seconds=1)
        later = latest if self._live else self._at + timedelta(hours=self._random.uniform(0.1, 150))
        self._at = max(self._at, min(later, latest))

    def _next(self) -> tuple[str, dict[str, Any]]:
        state, random = self.state, self._random
        if state is None:
            return ("submitted", self._submission()) if self._submitted_first else ("received", self._receipt())
        if state == "submitted":
            return ("declined", {}) if random.random() < 0.2 else ("received", self._receipt())
        if state in ("resolved", "returned"):
            return self._afterwards()
        return self._while_open(state)

    def _about(self) -> dict[str, Any]:
        if self._channel == "online" and self._level is None and self._random.random() < 0.5:
            self._level = self._random.choice(("full", "partial"))
        level = {} if self._level is None else {"online_level": self._level}
        return {"department": self.department, "procedure": self._procedure, "channel": self._channel, **level}

    def _submission(self) -> dict[str, Any]:
        """An online one says until when it is to be answered: intake's own count is in no answer to a bulk call."""
        facts, random = self._about(), self._random
        if self._channel != "online":
            return facts
        within = timedelta(seconds=random.choice((5, 20, 3600))) if self._live else timedelta(days=random.uniform(1, 5))
        return facts | {"acceptance_due_at": said(self._at + within)}

    def _receipt(self) -> dict[str, Any]:
        facts, random = self._about(), self._random
        if self._procedure == WITHOUT_TERM[1]:
            return facts
        if self._live:
            self.due = self._at + timedelta(seconds=random.choice((5, 20, 60, 3600, 90_000, 400_000)))
            return facts | {"due_at": said(self.due), "term": {"amount": 8, "unit": "working_hours"}}
        if self._sends_every_deadline or random.random() < 0.6:
            self.due = self._at + timedelta(days=random.uniform(0.3, 40))
            return facts | {"due_at": said(self.due)}
        return facts | {
            "term": {"amount": random.randint(1, 20), "unit": random.choice(("working_days", "calendar_days"))}
        }

    def _afterwards(self) -> tuple[str, dict[str, Any]]:
        returned, self.state = self.state == "returned", "over"
        if returned or self._random.random() < 0.3:
            return "rated", {"score": self._random.randint(1, 5)}
        return "returned", {"channel": self._random.choice(CHANNELS)}

    def _while_open(self, state: str) -> tuple[str, dict[str, Any]]:
        kind = self._random.choice(WHILE_PAUSED if state in PAUSE_ENDS else WHILE_WORKED_ON)
        if kind == "end" or (kind == "resolved" and state == "awaiting_supplement"):
            kind = PAUSE_ENDS[state]
        if kind == "extended" and self.due is None:
            kind = "apologised"
        if kind == "forwarded":
            self._hop_is_open = not self._hop_is_open
            kind = "forwarded" if self._hop_is_open else "forward_answered"
        return kind, self._facts(kind, paused=state in PAUSE_ENDS)

    def _facts(self, kind: str, *, paused: bool) -> dict[str, Any]:
        random = self._random
        if kind in ("extended", "apologised"):
            promised = self._later()
            if kind == "apologised":
                return {"promised_at": said(promised)}
            self.due = promised
            return {"due_at": said(promised), "legal_ground": "Điều 19 Nghị định 61/2018/NĐ-CP"}
        if kind in ("forwarded", "forward_answered"):
            return {"agency": "Sở Tư pháp"}
        if kind == "fee_paid":
            return {"amount_vnd": random.randint(1, 500) * 1000}
        if kind == "returned":
            return {"channel": random.choice(CHANNELS)}
        if kind == "corrected":
            return self._correction()
        if paused and self.due is not None and (self._sends_every_deadline or random.random() < 0.3):
            self.due = self._later() if random.random() < 0.6 else self.due
            return {"due_at": said(self.due)}
        return {}

    def _correction(self) -> dict[str, Any]:
        """A wrong channel, level, department or deadline set right; what is in the catalogue keeps its department."""
        random = self._random
        can_move = self._procedure != WITHOUT_TERM[1]
        field = random.choice(
            (
                "channel" if self._level is None else "online_level",
                *(("department",) if can_move else ()),
                *(("due_at",) if self.due else ()),
            )
        )
        if field == "channel":
            old, self._channel = self._channel, random.choice([name for name in CHANNELS if name != self._channel])
            return {"field": field, "old_value": old, "new_value": self._channel}
        if field == "online_level":
            level, self._level = self._level, None
            return {"field": field, "old_value": level, "new_value": None}
        if field == "department":
            old, self.department = (
                self.department,
                random.choice([name for name in DEPARTMENTS if name != self.department]),
            )
            return {"field": field, "old_value": old, "new_value": self.department}
        assert self.due is not None
        before, self.due = said(self.due), self.due + timedelta(hours=random.uniform(1, 100))
        return {"field": field, "old_value": before, "new_value": said(self.due)}

    def _later(self) -> datetime:
        return max(self.due or self._at, self._at) + timedelta(hours=self._random.uniform(1, 200))


def now() -> datetime:
    return datetime.now(HERE)


def said(instant: datetime) -> str:
    """An instant to the second, as senders write it."""
    return instant.replace(microsecond=0).isoformat()
