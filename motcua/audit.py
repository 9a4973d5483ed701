"""The audit over HTTP and in files: read, exported with its heads, verified with nothing but the file."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import msgspec

from motcua.client import ServiceClient
from motcua.failure import Failure
from shared.access.folder import BrokenKeys, KeyFolder
from shared.auditing.file import AUDIT_FILE, lines_of
from shared.auditing.key_changes import CHAIN, unaudited
from shared.auditing.verification import AuditFinding, AuditVerification, ClosingHead, ClosingLine, fault_in
from shared.contract.http.audit import AuditLine
from shared.domain.localtime import local_date

PATH = "/v1/audit"
_decode = msgspec.json.Decoder(AuditLine).decode


def lines(service: ServiceClient, query: Mapping[str, str]) -> Iterator[bytes]:
    """The entries that a service has for the question, byte for byte."""
    return service.lines(f"{PATH}?{urlencode(query)}" if query else PATH)


def entries(service: ServiceClient, query: Mapping[str, str]) -> Iterator[AuditLine]:
    """The same as values. Failure where the database says otherwise beside one: a search goes by what stands there."""
    for line in lines(service, query):
        if (fault := fault_in(line)) is not None:
            raise Failure(
                f"the audit of {fault.chain} can't be searched: beside entry {fault.number} {fault.fault}. "
                "`motcua audit export` writes all entries, and `motcua audit verify` names each that was changed"
            )
        yield _decode(line)


def lines_of_folder(folder: Path) -> Iterator[bytes]:
    """The entries that a folder of keys has of its own."""
    try:
        yield from lines_of(folder / AUDIT_FILE)
    except OSError as error:
        raise Failure(f"{folder / AUDIT_FILE} cannot be read: {error.strerror or error}") from error


def entries_of_folder(folder: Path, query: Mapping[str, str]) -> Iterator[AuditLine]:
    """Those of them that the question is about."""
    for line in lines_of_folder(folder):
        try:
            entry = _decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as broken:
            raise Failure(
                f"{folder / AUDIT_FILE} holds what is no entry ({broken}); `motcua audit verify` says which"
            ) from broken
        day = str(local_date(entry.at))
        if (
            query.get("subject", entry.subject) == entry.subject
            and query.get("who", entry.who) in (entry.who, entry.name)
            and query.get("from", day) <= day <= query.get("to", day)
        ):
            yield entry


def unaudited_keys(folder: Path, lines: Iterable[bytes]) -> list[str]:
    """Keys of a folder that are not as the entries of its audit have them; entries that can't be read say nothing."""
    try:
        keys = KeyFolder(folder).read().all
    except BrokenKeys as broken:
        raise Failure(str(broken)) from broken
    entries = (AuditVerification().take(line) for line in lines)
    return list(unaudited(keys, [entry for entry in entries if entry is not None and entry["chain"] == CHAIN]))


@dataclass(slots=True)
class Export:
    """Chains on their way into a file; each is verified as it goes by."""

    verification: AuditVerification

    def chain(self, given: Iterable[bytes]) -> Iterator[bytes]:
        """The entries, each with its line feed."""
        for line in given:
            self.verification.take(line)
            yield line + b"\n"

    def closing(self) -> bytes:
        """The last line: where each chain ended."""
        return msgspec.json.encode(ClosingLine(tuple(self.heads()))) + b"\n"

    def heads(self) -> list[ClosingHead]:
        chains = self.verification.chains.values()
        return [ClosingHead(chain.name, chain.head.number, chain.head.sha256 or "") for chain in chains]


def verify_file(file: Path, kept: Iterable[str], folder: Path | None = None) -> list[AuditFinding]:
    """What a file of entries says of itself; `kept` are heads that were kept elsewhere, `folder` has keys that its
    entries should know."""
    verification = AuditVerification(kept)
    try:
        for line in lines_of(file, missing_ok=False):
            verification.take(line)
        strange = [] if folder is None else unaudited_keys(folder, lines_of(file))
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror or error}") from error
    return [*verification.findings(), *(AuditFinding(False, f"access: {sentence}") for sentence in strange)]
