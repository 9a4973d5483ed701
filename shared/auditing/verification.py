"""Whether chains of entries are whole, told by nothing but a file of them: each fault with the entry's number.

That entries are missing at the end, or that somebody made the chain anew from some entry on, only a head that was kept
elsewhere can tell.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import Struct

from shared.auditing.entries import FORMAT, ChainHead
from shared.contract.http.audit import AuditFaultLine
from shared.sealing import SEAL, Document, NotSealed, opened

MOST_NAMED = 100
_MEMBERS = {"chain": str, "number": int, "at": str, "act": str, "who": str, "name": str, "details": dict}


class ClosingHead(Struct, frozen=True):
    """Where a chain ended when it was exported."""

    chain: str
    number: int
    sha256: str


class ClosingLine(Struct, frozen=True):
    """The last line of an export."""

    heads: tuple[ClosingHead, ...]


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """A sentence on what holds or does not."""

    holds: bool
    sentence: str


@dataclass(slots=True)
class ChainSeen:
    """A chain as far as it was read: its faults, the entries not seen yet, and its last entry.

    `is_known` tells whether the last entry could be read, so that the next one can be held against it.
    """

    name: str
    head: ChainHead = field(default_factory=ChainHead)
    is_known: bool = True
    missing: list[range] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def take(self, entry: Document) -> None:
        number, due = entry["number"], self.head.number + 1
        if number < due:
            self._take_late(number)
            return
        if number > due:
            self.missing.append(range(due, number))
        elif self.is_known and entry["previous"] != self.head.sha256:
            self.faults.append(
                f"entry {number} does not follow entry {due - 1} as that stands here: "
                "one of the two is not the one that was written"
                if due > 1
                else "entry 1 names one before it"
            )
        self.head, self.is_known = ChainHead(number, entry[SEAL]), True

    def take_unreadable(self, line: int, why: str) -> None:
        """Taken for the entry that is due here."""
        number = self.head.number + 1
        self.faults.append(f"entry {number} (line {line}) was changed: {why}")
        self.head, self.is_known = ChainHead(number, None), False

    def _take_late(self, number: int) -> None:
        for place, gone in enumerate(self.missing):
            if number in gone:
                parts = (range(gone.start, number), range(number + 1, gone.stop))
                self.missing[place : place + 1] = [part for part in parts if part]
                self.faults.append(f"entry {number} stands behind entry {self.head.number}: the order was changed")
                return
        self.faults.append(f"entry {number} is there twice: one of the two was put in")

    def sentences(self) -> Iterator[str]:
        for gone in self.missing:
            one = len(gone) == 1
            yield f"entry {gone[0]} is missing" if one else f"entries {gone[0]} to {gone[-1]} are missing"
        yield from self.faults[:MOST_NAMED]
        if len(self.faults) > MOST_NAMED:
            yield f"and {len(self.faults) - MOST_NAMED} more faults"


class AuditVerification:
    """Takes the lines of a file in order; several chains may stand in it. `kept` are heads that were kept elsewhere."""

    def __init__(self, kept: Iterable[str] = ()) -> None:
        self.chains: dict[str, ChainSeen] = {}
        self._kept: dict[str, tuple[str, int] | None] = {head.strip().lower(): None for head in kept}
        self._closed: dict[str, ClosingHead] = {}
        self._stray: list[str] = []
        self._latest: ChainSeen | None = None
        self._line = 0

    def take(self, line: bytes) -> Document | None:
        """Look at the next line; the entry where it is one as it was sealed."""
        self._line += 1
        if (closing := _closing(line)) is not None:
            self._closed |= {head.chain: head for head in closing.heads}
            return None
        if (fault := fault_in(line)) is not None:
            self._chain(fault.chain).faults.append(f"entry {fault.number}: beside it in the database {fault.fault}")
            return None
        try:
            entry = opened(line)
            _check_form(entry)
        except NotSealed as broken:
            self._take_unreadable(line, str(broken))
            return None
        self._chain(entry["chain"]).take(entry)
        if entry[SEAL] in self._kept:
            self._kept[entry[SEAL]] = entry["chain"], entry["number"]
        return entry

    def findings(self) -> list[AuditFinding]:
        """What is wrong, or that all of it holds, when every line was taken."""
        wrong = [AuditFinding(False, sentence) for sentence in self._wrong()]
        told = [AuditFinding(True, self._kept_sentence(kept)) for kept, at in self._kept.items() if at is not None]
        whole = [AuditFinding(True, _described(chain)) for chain in self.chains.values() if not [*chain.sentences()]]
        return [*wrong, *whole, *told]

    def _wrong(self) -> Iterator[str]:
        yield from self._stray
        if not self.chains and not self._stray:
            yield "no entry of an audit is in it"
        for chain in self.chains.values():
            yield from (f"{chain.name}: {sentence}" for sentence in chain.sentences())
        for name, closed in self._closed.items():
            head = self.chains[name].head if name in self.chains else ChainHead()
            if head != (closed.number, closed.sha256):
                yield (
                    f"{name}: when it was exported it ended with entry {closed.number}, sha256 {closed.sha256}; "
                    f"here it ends with entry {head.number}"
                )
        for kept, found in self._kept.items():
            if found is None:
                yield (
                    f"no entry has the head that was kept, {kept}: entries were cut off at the end, or the chain was "
                    "made anew"
                )

    def _kept_sentence(self, kept: str) -> str:
        found = self._kept[kept]
        assert found is not None
        chain, number = found
        more = self.chains[chain].head.number - number
        return f"{chain}: the head that was kept is entry {number}; {more} more follow{'s' if more == 1 else ''} it"

    def _take_unreadable(self, line: bytes, why: str) -> None:
        named = _chain_named(line)
        chain = self._latest if named is None else self._chain(named)
        if chain is None:
            self._stray.append(f"line {self._line} is no entry: {why}")
        else:
            chain.take_unreadable(self._line, why)

    def _chain(self, name: str) -> ChainSeen:
        self._latest = self.chains.setdefault(name, ChainSeen(name))
        return self._latest


def fault_in(line: bytes) -> AuditFaultLine | None:
    """What a service told of an entry, where the line is no entry but that."""
    try:
        return msgspec.json.decode(line, type=AuditFaultLine)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _closing(line: bytes) -> ClosingLine | None:
    try:
        return msgspec.json.decode(line, type=ClosingLine)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _chain_named(line: bytes) -> str | None:
    """The chain that a line which is no entry as it was sealed says it belongs to."""
    try:
        named: Any = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return named["chain"] if isinstance(named, dict) and isinstance(named.get("chain"), str) else None


def _check_form(entry: Document) -> None:
    if entry.get("format") != FORMAT:
        raise NotSealed(f"its format is {entry.get('format')!r}, and this version reads {FORMAT}")
    for name, kind in _MEMBERS.items():
        if type(entry.get(name)) is not kind:
            raise NotSealed(f"its {name} is not there, or not what it should be")
    if entry["number"] < 1 or "previous" not in entry:
        raise NotSealed("its number or its previous hash is not one")


def _described(chain: ChainSeen) -> str:
    head = chain.head
    entries = "1 entry follows" if head.number == 1 else f"{head.number} entries follow"
    return f"{chain.name}: {entries} each other from the beginning; head {head.sha256}"
