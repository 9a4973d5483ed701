"""A dossier: what is known of one application after its latest event."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from shared.domain.deadline import Deadline
from shared.domain.errors import DeadlineBeforeReceipt
from shared.domain.fields import Channel, DeadlineChange, OnlineLevel, Outcome, class_of
from shared.domain.lifecycle import OPEN, PAUSED, State
from shared.domain.localtime import Instant, local
from shared.domain.terms import Term, counts_hours


class Suspension(Struct, frozen=True, omit_defaults=True, gc=False):
    """A pause; `kind` is the state that suspends; open without `ended_at`."""

    kind: Annotated[State, Meta(description="the state that suspends", examples=["awaiting_supplement"])]
    started_at: Annotated[Instant, Meta(description="when the clock stopped", examples=["2026-11-03T09:00:00+07:00"])]
    ended_at: Annotated[Instant | None, Meta(description="when it went on", examples=["2026-11-05T15:10:00+07:00"])] = (
        None
    )
    due_at: Annotated[
        Instant | None,
        Meta(
            description="until when the applicant is to bring what is missing", examples=["2026-11-20T17:00:00+07:00"]
        ),
    ] = None


class Acceptance(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An online application waits to be accepted, declined or sent back (offices-2026 §3).

    It still waits without `answered_at`.
    """

    asked_at: Annotated[Instant, Meta(description="when it was handed in", examples=["2026-11-02T07:55:00+07:00"])]
    due_at: Annotated[
        Instant | None, Meta(description="until when it is to be answered", examples=["2026-11-03T07:55:00+07:00"])
    ] = None
    answered_at: Annotated[
        Instant | None, Meta(description="when it was answered", examples=["2026-11-02T14:10:00+07:00"])
    ] = None

    def is_late(self, now: datetime) -> bool:
        """Whether it was answered, or still is not at `now`, after its working hours; never without a deadline."""
        return self.due_at is not None and (self.answered_at or now) > self.due_at


class Hop(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The dossier was with `agency` from `forwarded_at` on, with a deadline of the hop's own; open without
    `answered_at`, also when the dossier has been closed."""

    agency: Annotated[str | None, Meta(description="the other agency's name or code", examples=["Cục Thuế tỉnh"])] = (
        None
    )
    forwarded_at: Annotated[Instant, Meta(description="when it was asked", examples=["2026-11-03T09:00:00+07:00"])]
    due_at: Annotated[
        Instant | None, Meta(description="when it is to answer", examples=["2026-11-06T09:00:00+07:00"])
    ] = None
    answered_at: Annotated[
        Instant | None, Meta(description="when it answered", examples=["2026-11-05T15:10:00+07:00"])
    ] = None

    def is_late(self, now: datetime) -> bool:
        """Whether it was answered, or is still open at `now`, after the local day of its own deadline;
        never without one."""
        return self.due_at is not None and (self.answered_at or now) >= Deadline(self.due_at).overdue_from()


class Dossier(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One application of one procedure, after its latest event; `sequence` counts its events from 1.

    `closed_at` is the closing instant that timeliness is judged at: resolved, else returned, else withdrawn,
    stopped or transferred.
    `deadlines` holds every deadline in force with the instant it came into force, so that any past day can be judged by
    what held then. `due_original` is the deadline given at receipt, None when there was none; whatever moves or
    corrects the deadline leaves it.
    """

    code: Annotated[str, Meta(description="the dossier's code", examples=["H59.15-261102-0001"])]
    sequence: Annotated[int, Meta(description="the number of its latest event, from 1", examples=[3])]
    state: Annotated[State, Meta(description="where it is in the lifecycle", examples=["processing"])]
    department: Annotated[str, Meta(description="code of the agency that answers for it", examples=["H59.15"])]
    procedure: Annotated[str, Meta(description="code of the procedure", examples=["2.000635"])]
    channel: Annotated[str, Meta(description="how it came in", examples=["online"])]
    last_occurred_at: Annotated[
        Instant, Meta(description="when its latest event happened", examples=["2026-11-03T09:00:00+07:00"])
    ]
    online_level: Annotated[OnlineLevel | None, Meta(description="of an online dossier", examples=["full"])] = None
    submitted_at: Annotated[
        Instant | None, Meta(description="when it was handed in", examples=["2026-11-02T07:55:00+07:00"])
    ] = None
    received_at: Annotated[
        Instant | None, Meta(description="when its clock started", examples=["2026-11-02T08:31:00+07:00"])
    ] = None
    term: Annotated[
        Term | None, Meta(description="how long it may take", examples=[{"amount": 5, "unit": "working_days"}])
    ] = None
    due_original: Annotated[
        Instant | None, Meta(description="the deadline given at receipt", examples=["2026-11-09T08:31:00+07:00"])
    ] = None
    deadlines: Annotated[tuple[DeadlineChange, ...], Meta(description="every deadline that held, in order")] = ()
    suspensions: Annotated[tuple[Suspension, ...], Meta(description="its pauses, in order")] = ()
    hops: Annotated[tuple[Hop, ...], Meta(description="the agencies it was forwarded to, in order")] = ()
    closed_at: Annotated[
        Instant | None,
        Meta(description="the instant that timeliness is judged at", examples=["2026-11-06T10:00:00+07:00"]),
    ] = None
    closed_as: Annotated[State | None, Meta(description="the state that closed it", examples=["resolved"])] = None
    outcome: Annotated[Outcome | None, Meta(description="what was decided, once resolved", examples=["granted"])] = None
    returned_at: Annotated[
        Instant | None, Meta(description="when the result was handed over", examples=["2026-11-06T14:00:00+07:00"])
    ] = None
    return_channel: Annotated[Channel | None, Meta(description="how the result went out", examples=["in_person"])] = (
        None
    )
    apologised_at: Annotated[
        Instant | None, Meta(description="when the letter of apology went out", examples=["2026-11-10T08:00:00+07:00"])
    ] = None
    officer: Annotated[str | None, Meta(description="the officer's pseudonym", examples=["o-17"])] = None
    received_by: Annotated[
        str | None, Meta(description="code of the unit that took it in, where that is another", examples=["H59.20"])
    ] = None
    channel_class: Annotated[
        Channel | None, Meta(description="how the form counts a channel of the office's own", examples=["in_person"])
    ] = None
    applicant: Annotated[str | None, Meta(description="the applicant's pseudonym", examples=["p-7f3a"])] = None
    follows: Annotated[
        str | None, Meta(description="code of the earlier dossier that it names", examples=["H59.15-261002-0007"])
    ] = None
    acceptances: Annotated[tuple[Acceptance, ...], Meta(description="when it waited to be accepted, in order")] = ()
    is_administrative: Annotated[
        bool, Meta(description="whether it was stopped with nothing decided", examples=[True])
    ] = False

    @property
    def counts(self) -> bool:
        """Whether figures count it: it was received, and is no mistake."""
        return self.received_at is not None and self.state is not State.VOIDED

    @property
    def came_at(self) -> datetime:
        """When it came to the office: handed in, else received."""
        return self.submitted_at or self.received_at or self.last_occurred_at

    @property
    def place_of_receipt(self) -> str:
        """Code of the unit that took it in."""
        return self.received_by or self.department

    @property
    def counted_channel(self) -> Channel:
        """The channel of the form that counts it."""
        return class_of(self.channel, self.channel_class)

    @property
    def counted_acceptances(self) -> tuple[Acceptance, ...]:
        """Its waiting to be accepted, where its channel counts as online: others have no time to be answered in."""
        return self.acceptances if self.acceptances and self.counted_channel is Channel.ONLINE else ()

    @property
    def was_sent_back(self) -> bool:
        """Whether it waits for the applicant to send it again, not for the office to accept it."""
        waits = self.acceptances[-1] if self.acceptances else None
        return self.state is State.SUBMITTED and waits is not None and waits.answered_at is not None

    @property
    def due_at(self) -> datetime | None:
        """The deadline in force, None for a dossier without one."""
        return self.deadlines[-1].due_at if self.deadlines else None

    @property
    def watched_due_at(self) -> datetime | None:
        """The deadline that time is watched for; before it was received, until when it is to be answered."""
        if self.state is not State.SUBMITTED:
            return self.due_at
        waits = self.counted_acceptances[-1:]
        return waits[0].due_at if waits and waits[0].answered_at is None else None

    @property
    def deadline(self) -> Deadline | None:
        """The deadline in force, with the unit that it is judged in."""
        return Deadline(self.deadlines[-1].due_at, counts_hours(self.term)) if self.deadlines else None

    @property
    def due_given(self) -> datetime | None:
        """The deadline in force as it was given, extended or set right, before pauses moved it."""
        ends = {pause.ended_at for pause in self.suspensions}
        return next((change.due_at for change in reversed(self.deadlines) if change.at not in ends), None)

    def due(self, due_at: datetime | None) -> Deadline | None:
        """An instant as a deadline of the dossier, whose term says the unit that it is judged in."""
        return None if due_at is None else Deadline(due_at, counts_hours(self.term))

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def suspended_since(self) -> datetime | None:
        """When the pause that holds now began."""
        return self.suspensions[-1].started_at if self.state in PAUSED else None


def deadline_from(due_at: datetime, at: datetime, received_at: datetime, term: Term | None) -> DeadlineChange:
    """The deadline in force from `at`; refused when the dossier would have been overdue on receipt."""
    due = local(due_at)
    if received_at >= Deadline(due, counts_hours(term)).overdue_from():
        raise DeadlineBeforeReceipt(f"due_at {due.isoformat()} lies before the receipt at {received_at.isoformat()}")
    return DeadlineChange(at, due)
