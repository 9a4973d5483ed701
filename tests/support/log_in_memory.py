"""Intake's own decisions over a log in memory: what a bulk call would accept, without a server or a database."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from services.intake.accepting.batch import CommitBatch, KnownToLog
from services.intake.accepting.candidates import Accepted, Candidate, CommitResult, Refused
from services.intake.accepting.parsing import parse
from services.intake.log.history import LoggedEvent, logged_event
from shared.catalogue import Catalogue
from shared.domain.dossier import Dossier
from shared.domain.errors import Refusal

NOW = datetime(2026, 11, 30, 5, tzinfo=UTC)
APPLICANT_KEY = b"a key of pseudonyms, for tests"


class LogInMemory:
    """Takes lines of CloudEvents; a repeat is a duplicate, what is not allowed is refused."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._events: dict[str, LoggedEvent] = {}
        self._recorded_at = NOW
        self.dossiers: dict[str, Dossier] = {}

    def post(self, lines: Iterable[bytes]) -> list[CommitResult]:
        """What became of each line."""
        read = [self._parsed(line) for line in lines]
        candidates = [each for each in read if isinstance(each, Candidate)]
        known = KnownToLog(len(self._events), self._events, self.dossiers, {}, {})
        self._recorded_at += timedelta(seconds=1)
        batch = CommitBatch(known, self._catalogue, NOW, self._recorded_at)
        decided = iter(batch.decide_all([candidates])[0])
        self._events |= {event_id: logged_event(row) for event_id, row in batch.events.items()}
        self.dossiers |= batch.changed
        return [each if isinstance(each, Refused) else next(decided) for each in read]

    def accepts(self, lines: Iterable[bytes]) -> None:
        """Post lines of which none may be refused or known."""
        for result in self.post(lines):
            assert isinstance(result, Accepted), result

    def _parsed(self, line: bytes) -> Candidate | Refused:
        try:
            return parse(line, APPLICANT_KEY)
        except Refusal as refusal:
            return Refused(None, None, refusal)
