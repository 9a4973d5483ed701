"""Hops to other agencies (liên thông): each has its own deadline; none of them moves the dossier's or counts in a figure (domain §2)."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from shared.domain.deadline import Deadline
from shared.domain.localtime import Instant
from shared.domain.names import same_name


class Hop(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The dossier was with `agency` from `forwarded_at` on, with a deadline of the hop's own; open without `answered_at`, also when the
    dossier has been closed."""

    agency: Annotated[str | None, Meta(description="the other agency's name or code", examples=["Cục Thuế tỉnh"])] = None
    forwarded_at: Annotated[Instant, Meta(description="when it was asked", examples=["2026-11-03T09:00:00+07:00"])]
    due_at: Annotated[Instant | None, Meta(description="when it is to answer", examples=["2026-11-06T09:00:00+07:00"])] = None
    answered_at: Annotated[Instant | None, Meta(description="when it answered", examples=["2026-11-05T15:10:00+07:00"])] = None

    def is_late(self, now: datetime) -> bool:
        """Whether it was answered, or is still open at `now`, after the local day of its own deadline; never without one."""
        return self.due_at is not None and (self.answered_at or now) >= Deadline(self.due_at).overdue_from()


def answered(hops: tuple[Hop, ...], agency: str | None, at: datetime) -> tuple[Hop, ...]:
    """The hops after an answer: it closes the latest open hop to that agency, or the latest open one when no agency is named.

    An answer that no open hop waits for changes nothing.
    """
    for index in reversed(range(len(hops))):
        hop = hops[index]
        if hop.answered_at is None and (agency is None or same_name(agency, hop.agency)):
            return (*hops[:index], replace(hop, answered_at=at), *hops[index + 1 :])
    return hops
