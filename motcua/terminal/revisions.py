"""What came after a publication, in sentences: its notes, its revisions, and which dossiers one of them moved."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from motcua.terminal.console import NOT_APPLICABLE, count, dossiers, minute

if TYPE_CHECKING:
    from motcua.client import ServiceClient
    from shared.contract.http.published_documents import RevisionDocument

SHOWN = 40


def later(client: "ServiceClient", number: int) -> Iterator[str]:
    """Notes, revisions, and what has become known and is in none of them."""
    from motcua import publications

    for note in publications.notes(client, number).notes:
        signed = f" ({note.author})" if note.author else ""
        yield f"note on {note.cell}, {count(note.count)}: {note.text}{signed}"
    state = publications.revisions(client, number)
    for one in state.revisions:
        moved = f"{dossiers(one.dossiers)} moved, {count(one.cells)} numbers changed"
        yield f"revision {one.revision} of {minute(one.published_at)}: {moved}; sha256 {one.sha256}"
    if state.pending.differs:
        at_least = "at least " if state.pending.dossiers == state.pending.most else ""
        yield (
            f"since {minute(state.pending.since)} {at_least}{dossiers(state.pending.dossiers)} moved and "
            f"{count(state.pending.cells)} numbers changed: `motcua publications revise {number}` publishes it"
        )


def moves(document: "RevisionDocument") -> Iterator[str]:
    """The totals that changed, the first dossiers that moved, and what it all rests on."""
    for change in document.changes:
        if change.cell.startswith("total."):
            yield f"{change.cell}: {count(change.before)} became {count(change.after)}"
    for moved in document.moved[:SHOWN]:
        why = "unknown" if moved.events is None else ", ".join(moved.events) or NOT_APPLICABLE
        steps = [f"left {_columns(moved.left)}"] if moved.left else []
        steps += [f"entered {_columns(moved.entered)}"] if moved.entered else []
        yield f"{moved.code} ({why}, known {minute(moved.known_at)}) {', '.join(steps)}"
    if len(document.moved) > SHOWN:
        yield f"... and {count(len(document.moved) - SHOWN)} more in the document"
    if document.recounted_because:
        yield f"some numbers also differ for another reason: {', '.join(document.recounted_because)}"
    changed = f"{dossiers(len(document.moved))} moved, {count(len(document.changes))} numbers changed"
    yield f"revision {document.revision} of publication {document.number}: {changed}; sha256 {document.sha256}"


def _columns(cells: list[str]) -> str:
    """The columns of the total; of rows where the total did not move."""
    of_total = [cell.removeprefix("total.") for cell in cells if cell.startswith("total.")]
    return ", ".join(of_total or cells)
