"""Random lives, decided for a bounded sender: forbidden exactly where one of the design's sentences says so.

The oracle knows no dossier of the domain: it reads department and place of receipt from the events as they are sent,
and asks whether a grant names one of them.
"""

from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from services.intake.accepting.batch import CommitBatch, KnownToLog
from services.intake.accepting.candidates import Accepted, CommitResult, Refused
from services.intake.accepting.parsing import parse
from shared import catalogue
from shared.access.roles import Scope
from shared.domain.localtime import LOCAL
from tests.intake.sending import APPLICANT_KEY, cloud_event

UNITS = ("H59.15", "H59.16", "H59.17")
NOW = datetime(2023, 12, 29, tzinfo=LOCAL)
CODES = [f"H59.15-231201-{number:04}" for number in range(1, 9)]
OFFICES = catalogue.load()
Place = tuple[str, str | None]


@dataclass
class Oracle:
    """What the sentences say: where each dossier lies, and what a key covers."""

    departments: frozenset[str]
    received_by: frozenset[str]
    where: dict[str, Place] = field(default_factory=dict)

    def covers(self, place: Place) -> bool:
        department, unit = place
        return department in self.departments or (department if unit is None else unit) in self.received_by

    def after(self, event: dict[str, Any]) -> Place | None:
        """Where the dossier lies after the event, if it is taken."""
        data, code = event["data"], event["subject"]
        if "department" in data:
            return data["department"], data.get("received_by")
        place = self.where.get(code)
        if place is None or data.get("field") not in ("department", "received_by"):
            return place
        return (data["new_value"], place[1]) if data["field"] == "department" else (place[0], data["new_value"])

    def forbids(self, event: dict[str, Any], *, taken: bool) -> bool:
        """Whether it lies outside before, or what it names does, or, where it would be taken, it does after."""
        data = event["data"]
        before = self.where.get(event["subject"])
        opened = (data["department"], data.get("received_by")) if "department" in data else None
        named = self.where.get(data.get("follows") or data.get("duplicate_of") or "")
        after = self.after(event) if taken else None
        return not all(self.covers(place) for place in (before or opened, named, after) if place is not None)


def random_event(rng: Random, minute: int) -> dict[str, Any]:
    """Anything that could be sent, of which much is refused for other reasons."""
    at, code = f"2023-12-{1 + minute // 600:02}T{8 + minute // 60 % 10:02}:{minute % 60:02}", rng.choice(CODES)
    unit, other = rng.choice(UNITS), rng.choice(UNITS)
    kind = rng.randrange(9)
    if kind <= 2:
        data: dict[str, Any] = {"department": unit, "procedure": "1.000001", "channel": "in_person"}
        data |= {"received_by": other} if rng.random() < 0.5 else {}
        data |= {"follows": rng.choice(CODES)} if rng.random() < 0.3 else {}
        return cloud_event("received", at, code, **data)
    if kind <= 4:
        changed: dict[str, str | None] = {"field": "department", "old_value": unit, "new_value": other}
        return cloud_event("corrected", at, code, reason="entered wrong", **changed)
    if kind == 5:
        changed = {"field": "received_by", "old_value": rng.choice([None, unit]), "new_value": other}
        return cloud_event("corrected", at, code, reason="entered wrong", **changed)
    if kind == 6:
        return cloud_event("voided", at, code, reason="entered twice", duplicate_of=rng.choice(CODES))
    return cloud_event(rng.choice(["processing_started", "resolved"]), at, code)


def decided(known: KnownToLog, event: dict[str, Any], scope: Scope) -> CommitResult:
    candidate = replace(parse(msgspec.json.encode(event), APPLICANT_KEY), scope=scope)
    ((outcome,),) = CommitBatch(known, OFFICES, NOW, NOW).decide_all([[candidate]])
    return outcome


@pytest.mark.parametrize("seed", range(8))
def test_forbidden_is_what_the_sentences_forbid_and_nothing_else(seed: int) -> None:
    rng = Random(seed)
    known = KnownToLog(0, {}, {}, {}, {})
    departments = frozenset(rng.sample(UNITS, rng.randint(0, 2)))
    received_by = frozenset(rng.sample(UNITS, 1 if rng.random() < 0.5 or not departments else 0))
    oracle, scope = Oracle(departments, received_by), Scope(departments, received_by)
    forbidden = taken = 0
    for minute in range(400):
        event = random_event(rng, minute)
        free = decided(known, event, Scope(None))
        bound = decided(known, event, scope)
        is_taken = isinstance(free, Accepted)
        if oracle.forbids(event, taken=is_taken):
            assert isinstance(bound, Refused), event
            assert bound.refusal.code == "forbidden", event
            forbidden += 1
        elif isinstance(free, Accepted):
            assert isinstance(bound, Accepted), event
            assert bound.dossier == free.dossier
        else:
            assert isinstance(bound, Refused)
            assert isinstance(free, Refused)
            assert (bound.refusal.code, bound.refusal.detail) == (free.refusal.code, free.refusal.detail)
        if isinstance(free, Accepted):
            place = oracle.after(event)
            assert place is not None
            oracle.where[event["subject"]] = place
            known.dossiers[event["subject"]] = free.dossier
            taken += 1
    assert min(forbidden, taken) > 20
