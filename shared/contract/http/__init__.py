"""What is asked and answered over HTTP, each message declared once: services encode it, clients decode it."""

import inspect
from typing import Any

import msgspec

from shared.contract.follow_up import FollowUpEventV1
from shared.contract.http.announcements import AnnouncementAnswer, AnnouncementView, NewAnnouncement
from shared.contract.http.applicants import ApplicantView, ErasureAnswer, ExpiryAnswer, RotationAnswer
from shared.contract.http.attention import AttentionAnswer
from shared.contract.http.audit import AuditFaultLine, AuditLine
from shared.contract.http.catalogue import ChannelView, DayView, DepartmentView, ProcedureView
from shared.contract.http.checks import CheckAnswer
from shared.contract.http.dead_letters import DeadLettersAnswer, DeadLetterView, HandledLetters, LettersDone, SentAgain
from shared.contract.http.dossiers import DossierAnswer, DossierView, EventAnswer, NewDossier
from shared.contract.http.figures import (
    ChangesAnswer,
    DefinitionsAnswer,
    DossierList,
    FiguresAnswer,
    FiguresEvent,
    FormAnswer,
)
from shared.contract.http.follow_ups import (
    DeliveriesSentAgain,
    DeliveriesToSend,
    FollowUpsAnswer,
    GivenUpAnswer,
    KeptFollowUp,
    NewFollowUpAnswer,
)
from shared.contract.http.log import BulkAnswer, CheckedLogLine, LogHead, LogLine, Resent, RestoreAnswer
from shared.contract.http.lookup import LookUpAnswer, NewLookUp
from shared.contract.http.publications import (
    NewNote,
    NewPublication,
    NoteList,
    PublicationList,
    PublishedDossiers,
    RestoredDocuments,
    RevisionList,
)
from shared.contract.http.published_documents import NoteDocument, PublicationDocument, RevisionDocument
from shared.contract.http.rebuilds import (
    CheckedLine,
    CheckProgressLine,
    InconsistencyLine,
    ReadModelHead,
    RebuildAnswer,
    SwapAnswer,
)
from shared.contract.http.service import HealthAnswer, ProblemDetails

REFERENCE = "#/components/schemas/{name}"
Messages = dict[str, type[msgspec.Struct]]
EVERY_SERVICE: Messages = {"http.health.v1": HealthAnswer, "http.problem.v1": ProblemDetails}
INTAKE: Messages = {
    "http.announcement.v1": AnnouncementAnswer,
    "http.announcement-listed.v1": AnnouncementView,
    "http.applicant.v1": ApplicantView,
    "http.applicant-erased.v1": ErasureAnswer,
    "http.applicants-expired.v1": ExpiryAnswer,
    "http.applicants-rotated.v1": RotationAnswer,
    "http.audit-fault.v1": AuditFaultLine,
    "http.audit-line.v1": AuditLine,
    "http.bulk.v1": BulkAnswer,
    "http.channel.v1": ChannelView,
    "http.consistency-difference.v1": InconsistencyLine,
    "http.consistency-progress.v1": CheckProgressLine,
    "http.day.v1": DayView,
    "http.dead-letter.v1": DeadLetterView,
    "http.dead-letters.v1": DeadLettersAnswer,
    "http.dead-letters-done.v1": LettersDone,
    "http.dead-letters-handled.v1": HandledLetters,
    "http.dead-letters-sent-again.v1": SentAgain,
    "http.department.v1": DepartmentView,
    "http.dossier.v1": DossierView,
    "http.dossier-opened.v1": DossierAnswer,
    "http.event.v1": EventAnswer,
    "http.log-consistency-end.v1": CheckedLogLine,
    "http.log-head.v1": LogHead,
    "http.log-line.v1": LogLine,
    "http.look-up.v1": LookUpAnswer,
    "http.new-announcement.v1": NewAnnouncement,
    "http.new-dossier.v1": NewDossier,
    "http.new-look-up.v1": NewLookUp,
    "http.procedure.v1": ProcedureView,
    "http.resent.v1": Resent,
    "http.restored.v1": RestoreAnswer,
}
REPORTING: Messages = {
    "http.attention.v1": AttentionAnswer,
    "http.audit-fault.v1": AuditFaultLine,
    "http.audit-line.v1": AuditLine,
    "http.changes.v1": ChangesAnswer,
    "http.check.v1": CheckAnswer,
    "http.consistency-difference.v1": InconsistencyLine,
    "http.consistency-end.v1": CheckedLine,
    "http.consistency-progress.v1": CheckProgressLine,
    "http.definitions.v1": DefinitionsAnswer,
    "http.dossiers.v1": DossierList,
    "http.figures.v1": FiguresAnswer,
    "http.figures-event.v1": FiguresEvent,
    "http.follow-up.v1": KeptFollowUp,
    "http.follow-ups-given-up.v1": GivenUpAnswer,
    "http.follow-ups-sent-again.v1": DeliveriesSentAgain,
    "http.follow-ups-to-send.v1": DeliveriesToSend,
    "http.follow-up-event.v1": FollowUpEventV1,
    "http.follow-ups.v1": FollowUpsAnswer,
    "http.form.v1": FormAnswer,
    "http.new-follow-up-answer.v1": NewFollowUpAnswer,
    "http.new-note.v1": NewNote,
    "http.new-publication.v1": NewPublication,
    "http.note.v1": NoteDocument,
    "http.notes.v1": NoteList,
    "http.publication.v1": PublicationDocument,
    "http.publications.v1": PublicationList,
    "http.published-dossiers.v1": PublishedDossiers,
    "http.read-model-head.v1": ReadModelHead,
    "http.rebuild.v1": RebuildAnswer,
    "http.restored-documents.v1": RestoredDocuments,
    "http.revision.v1": RevisionDocument,
    "http.revisions.v1": RevisionList,
    "http.swap.v1": SwapAnswer,
}
HTTP_MESSAGES: Messages = EVERY_SERVICE | INTAKE | REPORTING
"""Messages by the names of their golden files (shared/contract/schemas); processing answers snapshots, `status.v1`."""


def reference(message: type[msgspec.Struct]) -> dict[str, str]:
    """How the API documents name a message, which their components declare."""
    return {"$ref": REFERENCE.format(name=message.__name__)}


def answered(message: type[msgspec.Struct]) -> dict[str, Any]:
    """How the API documents show a JSON answer."""
    return _answer(message, "application/json", reference(message))


def answered_list(message: type[msgspec.Struct]) -> dict[str, Any]:
    """How they show an answer that is a JSON array."""
    return _answer(message, "application/json", {"type": "array", "items": reference(message)})


def answered_lines(message: type[msgspec.Struct]) -> dict[str, Any]:
    """How they show NDJSON, for which OpenAPI 3.1 has no schema of its own."""
    lines = {"type": "string", "description": f"one {message.__name__} a line"}
    return _answer(message, "application/x-ndjson", lines)


def _answer(message: type[msgspec.Struct], media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": inspect.getdoc(message), "content": {media_type: {"schema": schema}}}
