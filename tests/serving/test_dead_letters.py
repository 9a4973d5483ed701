"""What a dead letter keeps of the record that it was: also what tells who wrote it, and when."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from shared.contract.envelope import encode
from shared.contract.status import decode_dead_letter
from shared.service.dead_letters import LONGEST_HEADER_BYTES, MOST_HEADERS, dead_letter

WHEN = datetime(2026, 11, 3, 2, 0, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Written:
    topic: str = "motcua.dossier.events.v1"
    partition: int = 1
    offset: int = 2914
    key: bytes | None = None
    value: bytes | None = b"<ho so>"
    headers: list[tuple[str, bytes]] = field(default_factory=list)
    timestamp: int = 1_793_671_201_500


def test_a_letter_tells_when_and_with_which_headers_its_record_was_written() -> None:
    record = Written(headers=[("client", b"quay-7"), ("raw", b"\xff"), ("none", None)])  # type: ignore[list-item] # a stranger's may be null
    letter = dead_letter(record, reason="malformed", detail="for a test", failed_at=WHEN)
    assert letter.written_at == datetime(2026, 11, 3, 2, 0, 1, 500_000, tzinfo=UTC)
    assert letter.headers == [("client", "quay-7"), ("raw", "\\xff"), ("none", "")]
    assert decode_dead_letter(encode(letter)) == letter


def test_whatever_a_stranger_writes_there_the_letter_stays_small_and_can_be_written() -> None:
    record = Written(headers=[("\ud800" * 9000, b"x" * 9000)] * 90, timestamp=-1)
    letter = dead_letter(record, reason="malformed", detail="for a test", failed_at=WHEN)
    assert letter.written_at is None
    assert letter.headers is not None
    assert len(letter.headers) == MOST_HEADERS
    assert len(encode(letter)) < 20 * MOST_HEADERS * LONGEST_HEADER_BYTES
    far = dead_letter(Written(timestamp=2**62), reason="malformed", detail="for a test", failed_at=WHEN)
    assert far.written_at is None
