"""Offices whose events were recorded at times of their own, whole seconds apart, and delivered late and again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from shared.domain.localtime import LOCAL
from tests.builders.histories import Office
from tests.reporting.delivery import Sent, statuses

BEGINNING = datetime(2023, 1, 20, 7, 30, tzinfo=LOCAL)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An office with the instant at which each of its events was recorded, per dossier in their order."""

    office: Office
    at: Mapping[str, list[datetime]]

    @property
    def end(self) -> datetime:
        return max(instant for instants in self.at.values() for instant in instants)

    def until(self, instant: datetime) -> Office:
        """What was known at the instant."""
        known = {
            code: [event for event, at in zip(history, self.at[code], strict=True) if at <= instant]
            for code, history in self.office.items()
        }
        return {code: history for code, history in known.items() if history}

    def any_instant(self, rng: Random) -> datetime:
        """Now and then before all or after all; mostly in between, sometimes at the very instant of an event."""
        if rng.random() < 0.3:
            return rng.choice([instant for instants in self.at.values() for instant in instants])
        whole = self.end - BEGINNING
        return BEGINNING + timedelta(
            seconds=rng.randint(-5, int(whole.total_seconds()) + 5), milliseconds=rng.choice([0, 500])
        )

    def delivered(self, rng: Random) -> list[Sent]:
        """Each dossier's records in their order, the dossiers in any; a fifth comes again later."""
        waiting = {code: list(statuses(code, history, self.at[code])) for code, history in self.office.items()}
        sent: list[Sent] = []
        for code in _in_any_order(rng, self.office):
            sent.append(waiting[code].pop(0))
            if rng.random() < 0.2:
                sent.append(rng.choice(sent))
        return sent


def recorded(rng: Random, office: Office) -> Recorded:
    """Events of all dossiers recorded in turn, one a second or after some more."""
    at: dict[str, list[datetime]] = {code: [] for code in office}
    now = BEGINNING
    for code in _in_any_order(rng, office):
        now += timedelta(seconds=rng.choice([1, 1, 2, 60, 3600]))
        at[code].append(now)
    return Recorded(office, at)


def _in_any_order(rng: Random, office: Office) -> list[str]:
    """The code of each dossier once for each of its events."""
    codes = [code for code, history in office.items() for _ in history]
    rng.shuffle(codes)
    return codes
