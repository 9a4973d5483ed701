"""The log held against intake's audit: whether its events are, byte for byte, those that were accepted."""

from collections.abc import Iterator

from motcua import audit
from motcua.client import NotPermitted, ServiceClient
from motcua.verify.differences import Difference
from shared.auditing.log_seals import LogSeals, event_in
from shared.auditing.verification import AuditVerification


def chain_faults(service: ServiceClient) -> Iterator[Difference]:
    """What is wrong with the whole audit of a service; nothing for a key that may not read it."""
    chain = AuditVerification()
    try:
        for line in audit.lines(service, {}):
            chain.take(line)
    except NotPermitted:
        return
    yield from _faults(chain)


def _faults(chain: AuditVerification) -> Iterator[Difference]:
    for finding in chain.findings():
        if not finding.holds:
            yield Difference("the audit", "the chain", f"is broken: {finding.sentence}")


class AuditedLog:
    """Reads the audit and takes the log, as far as both are; a key that may not read the audit compares nothing."""

    def __init__(self, intake: ServiceClient) -> None:
        self._intake = intake
        self._seals, self._chain = LogSeals(), AuditVerification()
        self._faults: list[str] = []
        self._read_to = 0
        self._may_read = True

    @property
    def compared(self) -> int | None:
        """How many entries the log was held against."""
        return self._seals.compared if self._may_read else None

    def read_on(self) -> None:
        """The entries that came since."""
        try:
            for line in audit.lines(self._intake, {"cursor": str(self._read_to)} if self._read_to else {}):
                entry = self._chain.take(line)
                if entry is not None:
                    self._seals.add(entry)
                    self._read_to = max(self._read_to, entry["number"])
        except NotPermitted:
            self._may_read = False
        self._faults.extend(self._seals.settle())

    def take(self, position: int, line: bytes) -> None:
        """The next line of the log."""
        if self._may_read:
            self._faults.extend(self._seals.take(position, event_in(line)))

    def differences(self) -> Iterator[Difference]:
        """What does not agree, when both were read to their ends; a broken chain is told too."""
        if not self._may_read:
            return
        yield from _faults(self._chain)
        for fault in [*self._faults, *self._seals.finish()]:
            where, _, what = fault.partition(": ")
            yield Difference("the log", where, f"disagrees with the audit: {what}")
