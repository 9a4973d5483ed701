"""What is derived from golden dossiers changes only with RULES_VERSION:
a model made before would be wrong without a sign of it."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from services.reporting.read_model.contributions import encode_listed, listed_facts
from services.reporting.read_model.sums import CHANNEL_CODES, JUDGED_CODES, MEASURE_CODES
from services.reporting.read_model.versions import new_version
from services.reporting.rebuild.fold import LogFold, read_lines
from shared.contract.envelope import encode
from shared.domain.columns import KEYS, SHARE_KEYS
from shared.domain.counting import RULES_VERSION
from tests.reporting.logged import an_office, log_of

GOLDEN = Path(__file__).parent / "golden"
LOG = GOLDEN / "log.ndjson"
DIGESTS = GOLDEN / "digests.json"
SEEDS = (1, 2, 3)
WAY_OUT = (
    "what is derived from the same events is not what it was: raise RULES_VERSION in shared/domain/counting.py, so "
    "that read models and ledgers made before are made anew, and run `python -m tests.reporting.test_rules_version` "
    "to write down what is derived now"
)


def derived() -> dict[str, str]:
    """A digest of each derived thing, by the dossiers of the golden log."""
    fold = LogFold({})
    for line in read_lines(LOG.read_bytes(), 0):
        fold.take(line)
    assert not fold.uncounted
    versions = [version for code in sorted(fold.codes()) for version in fold.versions(code)]
    read = [new_version(version.snapshot, version.known_at) for version in versions]
    return {
        "statuses": _digest([_with_sorted_keys(version.snapshot) for version in versions]),
        "contributions": _digest([version.contributions for version in read]),
        "listed": _digest([encode_listed(listed_facts(version.status)).decode() for version in read]),
        "columns": _digest([KEYS, SHARE_KEYS]),
        "measures": _digest([dict(MEASURE_CODES), dict(JUDGED_CODES), dict(CHANNEL_CODES)]),
    }


def _with_sorted_keys(snapshot: bytes) -> str:
    return msgspec.json.encode(msgspec.json.decode(snapshot), order="sorted").decode()


def _digest(values: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(values)).hexdigest()[:32]


def test_what_is_derived_changes_only_with_the_rules_version() -> None:
    golden = msgspec.json.decode(DIGESTS.read_bytes())
    now = derived()
    changed = [name for name in now if now[name] != golden["digests"].get(name)]
    assert (RULES_VERSION, changed) == (golden["rules"], []), WAY_OUT


def write() -> None:
    """Write down what is derived now; the golden log stays."""
    GOLDEN.mkdir(exist_ok=True)
    if not LOG.exists():
        lines = [line for seed in SEEDS for line in log_of(an_office(seed, size=25))[0]]
        renamed = [
            msgspec.structs.replace(
                line, position=number, event=msgspec.structs.replace(line.event, subject=f"{line.event.subject}{place}")
            )
            for number, (place, line) in enumerate(_placed(lines), 1)
        ]
        LOG.write_bytes(b"".join(encode(line) + b"\n" for line in renamed))
    DIGESTS.write_bytes(
        msgspec.json.format(msgspec.json.encode({"rules": RULES_VERSION, "digests": derived()})) + b"\n"
    )


def _placed(lines: list[Any]) -> list[tuple[int, Any]]:
    """Each line with the number of its office: positions begin anew in each."""
    placed, place, before = [], 0, 0
    for line in lines:
        place += line.position <= before
        before = line.position
        placed.append((place, line))
    return placed


if __name__ == "__main__":
    write()
