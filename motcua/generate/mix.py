"""How often things happen to a dossier that no figure of the form fixes: shares of dossiers, with plausible defaults."""

from typing import Annotated

from msgspec import Meta, Struct

Share = Annotated[float, Meta(ge=0, le=1)]


class Mix(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Each is a share of the dossiers that the thing can happen to."""

    online_full: Share = 0.55
    """online dossiers that need no paper"""
    submitted_first: Share = 0.3
    """online dossiers that wait for an officer to accept them"""
    declined: Share = 0.004
    """online submissions that are not accepted, beside those received"""
    processing_started: Share = 0.72
    supplement: Share = 0.035
    payment: Share = 0.02
    extended: Share = 0.003
    forwarded: Share = 0.01
    withdrawn: Share = 0.003
    stopped: Share = 0.0015
    on_the_spot: Share = 0.5
    """dossiers at the counter with a term in hours that are answered there and then"""
    refused: Share = 0.012
    never_collected: Share = 0.015
    fee: Share = 0.04
    rated: Share = 0.025
    suspended_at_end: Share = 0.06
    """open dossiers that wait for the applicant when the period ends"""
