"""Chains by themselves: whatever is done to a file of entries, who has the file and a head that was kept finds it."""

import hashlib
import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.access.roles import Grant, Principal
from shared.auditing.entries import ITSELF, Act, Actor, AuditEntry, ChainHead, ranges, sealed_entry
from shared.auditing.file import BrokenAudit, append_to, lines_of
from shared.auditing.verification import AuditFinding, AuditVerification
from shared.domain.localtime import LOCAL
from shared.sealing import SEAL, opened

AT = datetime(2026, 11, 30, 8, 0, tzinfo=LOCAL)
COUNTER = Actor("key:9f2c41aa07d3", "Quầy số 7", ("counter@H59.15",), "10.0.7.22", ("7.22-118",))
ENTRIES = 60
TAMPERINGS = 240


def chain(length: int, name: str = "intake") -> list[bytes]:
    head, lines = ChainHead(), list[bytes]()
    for number in range(1, length + 1):
        details = {
            "field": "online_level",
            "old": "full",
            "new": None,
            "reason": "nhầm \u2028 khi nhập",
            "position": number,
        }
        entry = AuditEntry(Act.CORRECTED, f"H59.15-261130-{number:04d}", details)
        seal = sealed_entry(entry, COUNTER, name, head, AT + timedelta(seconds=number))
        lines.append(seal.body)
        head = ChainHead(number, seal.sha256)
    return lines


def sealed_by_hand(members: dict[str, Any]) -> bytes:
    """RFC 8785 once more, for texts and whole numbers: not the product's code."""

    def canonical(value: dict[str, Any]) -> bytes:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    unsealed = {name: value for name, value in members.items() if name != "sha256"}
    return canonical(unsealed | {"sha256": hashlib.sha256(canonical(unsealed)).hexdigest()})


def head_of(lines: list[bytes]) -> str:
    seal: str = json.loads(lines[-1])["sha256"]
    return seal


def findings(lines: list[bytes], *kept: str) -> list[AuditFinding]:
    verification = AuditVerification(kept)
    for line in lines:
        verification.take(line)
    return verification.findings()


def wrong(lines: list[bytes], *kept: str) -> list[str]:
    return [found.sentence for found in findings(lines, *kept) if not found.holds]


def test_an_entry_is_canonical_and_a_second_hand_makes_the_same_bytes() -> None:
    lines = chain(3)
    for line in lines:
        assert sealed_by_hand(json.loads(line)) == line
        assert opened(line)["name"] == "Quầy số 7"
    assert [json.loads(line)["previous"] for line in lines] == [None, head_of(lines[:1]), head_of(lines[:2])]


NAMES = st.from_regex(r"[a-z_0-9]{1,9}", fullmatch=True)
VALUES = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text()
DETAILS = st.dictionaries(NAMES, VALUES | st.lists(VALUES, max_size=3) | st.dictionaries(NAMES, VALUES, max_size=3))


@given(DETAILS, st.text())
def test_whatever_details_say_the_bytes_are_those_of_rfc_8785(details: dict[str, Any], name: str) -> None:
    """Entries are made by msgspec, which is quick; what opens them is the library of the standard."""
    seal = sealed_entry(AuditEntry(Act.CORRECTED, name, details), Actor(name, name), "intake", ChainHead(), AT)
    assert opened(seal.body)[SEAL] == seal.sha256


def test_a_whole_chain_holds_and_names_its_head() -> None:
    lines = chain(5)
    assert [(found.holds, found.sentence) for found in findings(lines, head_of(lines), head_of(lines[:3]))] == [
        (True, f"intake: 5 entries follow each other from the beginning; head {head_of(lines)}"),
        (True, "intake: the head that was kept is entry 5; 0 more follow it"),
        (True, "intake: the head that was kept is entry 3; 2 more follow it"),
    ]


def test_chains_may_stand_one_after_the_other() -> None:
    intake, reporting = chain(4), chain(3, "reporting")
    closing = json.dumps(
        {"heads": [{"chain": "intake", "number": 4, "sha256": head_of(intake)},
                   {"chain": "reporting", "number": 3, "sha256": head_of(reporting)}]}
    ).encode()  # fmt: skip
    assert wrong([*intake, *reporting, closing]) == []
    assert wrong([*intake, *reporting[:2], closing])[0].startswith(
        "reporting: when it was exported it ended with entry 3"
    )
    assert wrong([*intake, closing])[0].startswith("reporting: when it was exported")
    assert wrong([*intake, *reporting[1:], closing]) == ["reporting: entry 1 is missing"]


def changed(line: bytes, **members: Any) -> bytes:
    """An entry with other members, sealed anew as somebody who knows how would."""
    return sealed_by_hand(json.loads(line) | members)


def test_each_kind_of_tampering_is_named_with_its_entry() -> None:
    lines = chain(9)
    one, two, three, four, *rest = lines
    edited = two.replace(b"online_level", b"online_lewel")
    assert wrong([one, edited, three])[0].startswith("intake: entry 2 (line 2) was changed: its content was changed")
    assert wrong([one, two[:-9], three])[0].startswith("intake: entry 2 (line 2) was changed: it is not JSON")
    resealed = changed(two, who="key:another")
    assert wrong([one, resealed, three]) == [
        "intake: entry 3 does not follow entry 2 as that stands here: one of the two is not the one that was written"
    ]
    assert wrong([one, four, *rest]) == ["intake: entries 2 to 3 are missing"]
    assert wrong([one, three, two, four]) == ["intake: entry 2 stands behind entry 3: the order was changed"]
    assert wrong([one, two, two, three]) == ["intake: entry 2 is there twice: one of the two was put in"]
    forged = changed(two, number=3, previous=head_of([two]), who="key:another")
    assert wrong([one, two, forged, three, four]) == [
        "intake: entry 3 is there twice: one of the two was put in",
        "intake: entry 4 does not follow entry 3 as that stands here: one of the two is not the one that was written",
    ]
    assert wrong(lines[:-1]) == [], "only a head that was kept can tell"
    assert wrong(lines[:-1], head_of(lines))[0].startswith("no entry has the head that was kept")
    anew = [*lines[:8], changed(lines[8], who="key:another")]
    assert wrong(anew) == []
    assert wrong(anew, head_of(lines))[0].startswith("no entry has the head that was kept")
    assert wrong([two, three]) == ["intake: entry 1 is missing"]
    assert wrong([]) == ["no entry of an audit is in it"]
    assert wrong([changed(one, format="motcua-audit/2")])[0].startswith(
        "intake: entry 1 (line 1) was changed: its format"
    )


def _flip(lines: list[bytes], chance: random.Random) -> int:
    at = chance.randrange(len(lines))
    line = bytearray(lines[at])
    place = chance.randrange(len(line))
    line[place] ^= 1 << chance.randrange(8)
    if line[place] in b"\n":
        line[place] = ord("#")
    lines[at] = bytes(line)
    return at + 1


def _reseal(lines: list[bytes], chance: random.Random) -> int:
    at = chance.randrange(len(lines))
    member = chance.choice(["who", "name", "act", "subject", "at", "peer"])
    lines[at] = changed(lines[at], **{member: f"another {chance.random()}"})
    return at + 1


def _remove(lines: list[bytes], chance: random.Random) -> int:
    at = chance.randrange(len(lines))
    del lines[at : at + chance.randint(1, 3)]
    return at + 1


def _swap(lines: list[bytes], chance: random.Random) -> int:
    first, second = sorted(chance.sample(range(len(lines)), 2))
    lines[first], lines[second] = lines[second], lines[first]
    return first + 1


def _insert(lines: list[bytes], chance: random.Random) -> int:
    at, source = chance.randrange(len(lines)), chance.randrange(len(lines))
    number = min(at, source) + 1 if at != source else at + 1
    made = changed(lines[source], who="key:another") if chance.random() < 0.5 else lines[source]
    lines.insert(at, made)
    return number


def _truncate(lines: list[bytes], chance: random.Random) -> int:
    del lines[chance.randrange(1, len(lines)) :]
    return len(lines) + 1


def _blank(lines: list[bytes], chance: random.Random) -> int:
    at = chance.randrange(len(lines))
    lines[at] = lines[at].replace(b'":', b'": ', 1)
    return at + 1


@pytest.mark.parametrize("tamper", [_flip, _reseal, _remove, _swap, _insert, _truncate, _blank])
def test_random_tamperings_are_all_found(tamper: Callable[[list[bytes], random.Random], int]) -> None:
    whole = chain(ENTRIES)
    kept = head_of(whole)
    assert wrong(whole, kept) == []
    for seed in range(TAMPERINGS // 6):
        lines = list(whole)
        number = tamper(lines, random.Random(seed))
        found = wrong(lines, kept)
        assert found, (tamper.__name__, seed)
        words = [word.rstrip(":") for sentence in found for word in sentence.split()]
        named = {int(word) for word in words if word.isdigit()}
        at_the_end = any("the head that was kept" in sentence for sentence in found)
        # one that was sealed anew shows at the next
        assert named & {number, number + 1} or at_the_end, (tamper.__name__, seed, number, found)


def test_a_file_takes_entries_from_several_processes_and_none_after_a_broken_one(tmp_path: Path) -> None:
    file = tmp_path / "audit.ndjson"
    for number in range(3):
        append_to(file, "access", AuditEntry(Act.KEY_MADE, f"k{number}", {"name": "Quầy"}), COUNTER, AT)
    lines = list(lines_of(file))
    assert wrong(lines) == []
    assert [json.loads(line)["number"] for line in lines] == [1, 2, 3]
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(BrokenAudit, match="motcua audit verify"):
        append_to(file, "access", AuditEntry(Act.KEY_REVOKED, "k1"), COUNTER, AT)
    assert list(lines_of(tmp_path / "none")) == []


def test_who_acts_is_said_with_the_grants_in_force() -> None:
    principal = Principal("key:1", "Quầy", (Grant.parse("counter@H59.15,received_by:H59.01"),))
    nobody = Actor("nobody", "nobody", peer="10.0.0.1", requests=("r1",))
    assert nobody.as_principal(principal) == Actor(
        "key:1", "Quầy", ("counter@H59.15,received_by:H59.01",), "10.0.0.1", ("r1",)
    )
    assert ITSELF.who == "service"


@given(st.sets(st.integers(1, 60)))
def test_ranges_say_the_positions_and_no_others(positions: set[int]) -> None:
    found = ranges(sorted(positions))
    assert [position for first, last in found for position in range(first, last + 1)] == sorted(positions)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(found)), "none touch"


def test_the_document_lists_every_act() -> None:
    told = (Path(__file__).parents[3] / "docs" / "audit.md").read_text("utf-8")
    assert [act for act in Act if f"`{act}`" not in told] == []
