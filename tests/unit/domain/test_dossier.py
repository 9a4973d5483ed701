"""What events leave in a dossier: facts, pauses, the deadlines in force, and corrections that keep both values."""

from datetime import UTC

import pytest
from msgspec.structs import replace

from shared.domain.errors import CorrectionDoesNotMatch, DeadlineBeforeReceipt, InstantOutOfRange, TimeGoesBack
from shared.domain.fields import Channel, CorrectableField, OnlineLevel
from shared.domain.lifecycle import State
from shared.domain.terms import Term, TermUnit
from shared.domain.transitions import apply
from tests.builders.events import CODE, DUE, START, dossier_after, event, received
from tests.builders.times import at


def test_an_event_before_the_latest_one_is_refused() -> None:
    dossier = dossier_after(received(), event("processing_started", "2023-01-04 10:00"))
    with pytest.raises(TimeGoesBack, match="before the dossier's latest event"):
        apply(dossier, CODE, *event("resolved", "2023-01-04 09:59"))


def test_two_events_at_one_instant_are_in_order_of_arrival() -> None:
    dossier = dossier_after(received(), event("resolved", "2023-01-03 08:31"))
    assert (dossier.state, dossier.sequence) == (State.RESOLVED, 2)


def test_time_is_compared_as_instants_whatever_the_offset() -> None:
    dossier = dossier_after(received())
    started, at_nine = event("processing_started", "2023-01-03 09:00")
    after = apply(dossier, CODE, started, at_nine)
    in_utc = apply(dossier, CODE, started, at_nine.astimezone(UTC))
    assert after.last_occurred_at.isoformat() == in_utc.last_occurred_at.isoformat() == "2023-01-03T09:00:00+07:00"


def test_a_refused_event_changes_nothing() -> None:
    dossier = dossier_after(received())
    with pytest.raises(TimeGoesBack):
        apply(dossier, CODE, *event("resolved", "2023-01-02"))
    assert dossier == dossier_after(received())


def test_what_an_event_does_not_touch_stays_as_it_was() -> None:
    before = dossier_after(event("submitted", "2023-01-02"), received(online_level=OnlineLevel.FULL))
    after = apply(before, CODE, *event("fee_paid", "2023-01-04"))
    assert after == replace(before, sequence=3, last_occurred_at=at("2023-01-04"))


def test_receipt_overrides_what_the_submission_said() -> None:
    submitted = event("submitted", "2023-01-02", channel=Channel.ONLINE)
    dossier = dossier_after(submitted, received(channel=Channel.POSTAL))
    assert (dossier.channel, dossier.submitted_at, dossier.received_at) == (Channel.POSTAL, at("2023-01-02"), START)


def test_the_closing_instant_is_resolution_even_when_the_result_is_returned_later() -> None:
    dossier = dossier_after(
        received(), event("resolved", "2023-01-09"), event("returned", "2023-01-12", channel=Channel.POSTAL)
    )
    assert (dossier.closed_at, dossier.closed_as) == (at("2023-01-09"), State.RESOLVED)
    assert (dossier.returned_at, dossier.return_channel) == (at("2023-01-12"), Channel.POSTAL)


def test_returned_without_resolved_closes_at_the_return() -> None:
    dossier = dossier_after(received(), event("returned", "2023-01-03 09:00"))
    assert (dossier.closed_at, dossier.closed_as) == (at("2023-01-03 09:00"), State.RETURNED)


def test_an_extension_moves_the_deadline_and_keeps_the_original() -> None:
    dossier = dossier_after(received(), event("extended", "2023-01-05", due_at=at("2023-01-17 08:31")))
    assert (dossier.due_original, dossier.due_at) == (DUE, at("2023-01-17 08:31"))


def test_an_apology_moves_no_deadline() -> None:
    dossier = dossier_after(received(), event("apologised", "2023-01-10", promised_at=at("2023-01-20")))
    assert (dossier.due_at, dossier.apologised_at) == (DUE, at("2023-01-10"))


def test_a_dossier_without_a_deadline_gets_one_only_by_extension_and_has_no_original() -> None:
    dossier = dossier_after(received(due_at=None), event("extended", "2023-01-05", due_at=at("2023-01-17")))
    assert (dossier.due_original, dossier.due_at) == (None, at("2023-01-17"))


def test_a_resumed_dossier_keeps_the_pause_and_both_deadlines() -> None:
    dossier = dossier_after(
        received(),
        event("supplement_requested", "2023-01-04 09:00"),
        event("supplemented", "2023-01-05 09:00", due_at=at("2023-01-11 08:31")),
    )
    (pause,) = dossier.suspensions
    assert (pause.kind, pause.started_at, pause.ended_at) == (
        State.AWAITING_SUPPLEMENT,
        at("2023-01-04 09:00"),
        at("2023-01-05 09:00"),
    )
    assert (dossier.due_original, dossier.due_at, dossier.suspended_since) == (DUE, at("2023-01-11 08:31"), None)


def test_a_pause_that_moved_nothing_adds_no_deadline() -> None:
    dossier = dossier_after(
        received(), event("payment_requested", "2023-01-04"), event("payment_settled", "2023-01-04 08:01", due_at=DUE)
    )
    assert len(dossier.deadlines) == 1


@pytest.mark.parametrize("ending", ["withdrawn", "stopped", "resolved"])
def test_closing_a_paused_dossier_ends_the_pause_and_takes_the_moved_deadline(ending: str) -> None:
    dossier = dossier_after(
        received(), event("payment_requested", "2023-01-09"), event(ending, "2023-01-12", due_at=at("2023-01-13 08:31"))
    )
    assert dossier.suspensions[-1].ended_at == dossier.closed_at == at("2023-01-12")
    assert dossier.due_at == at("2023-01-13 08:31")


def test_a_deadline_on_an_earlier_day_than_the_receipt_is_refused() -> None:
    with pytest.raises(DeadlineBeforeReceipt):
        dossier_after(received(due_at=at("2023-01-02 23:59")))


def test_a_deadline_written_as_a_bare_date_is_good_on_the_day_of_receipt() -> None:
    assert dossier_after(received(due_at=at("2023-01-03 00:00"))).due_at == at("2023-01-03 00:00")


def test_a_deadline_in_hours_must_lie_after_the_receipt() -> None:
    four_hours = Term(4, TermUnit.WORKING_HOURS)
    with pytest.raises(DeadlineBeforeReceipt):
        dossier_after(received(due_at=at("2023-01-03 08:30"), term=four_hours))


@pytest.mark.parametrize("due", ["9999-12-31 00:00", "0001-01-01 00:00"])
def test_a_sentinel_is_no_deadline(due: str) -> None:
    with pytest.raises(InstantOutOfRange, match="leave due_at out"):
        dossier_after(received(due_at=at(due).astimezone(UTC) if due.startswith("9") else at(due).replace(tzinfo=UTC)))


class TestCorrections:
    @pytest.mark.parametrize(
        ("field", "old", "new"),
        [
            (CorrectableField.CHANNEL, "online", "in_person"),
            (CorrectableField.DEPARTMENT, "H59.15", "H59.16"),
            (CorrectableField.PROCEDURE, "2.000635", "1.000001"),
            (CorrectableField.ONLINE_LEVEL, None, "full"),
        ],
    )
    def test_a_correction_sets_the_field_right(self, field: CorrectableField, old: str | None, new: str) -> None:
        dossier = dossier_after(received(), event("corrected", "2023-01-04", field=field, old_value=old, new_value=new))
        assert getattr(dossier, field) == new

    def test_a_corrected_deadline_holds_from_when_the_wrong_one_did(self) -> None:
        fix = event(
            "corrected",
            "2023-01-06",
            field=CorrectableField.DUE_AT,
            old_value="2023-01-10T01:31:00Z",
            new_value="2023-01-12T08:31:00+07:00",
        )
        dossier = dossier_after(received(), fix)
        assert [(change.at, change.due_at) for change in dossier.deadlines] == [(START, at("2023-01-12 08:31"))]

    def test_a_deadline_corrected_away_leaves_none(self) -> None:
        fix = event("corrected", "2023-01-06", field=CorrectableField.DUE_AT, old_value=DUE.isoformat(), new_value=None)
        assert dossier_after(received(), fix).due_at is None

    @pytest.mark.parametrize("new", ["2023-01-12T08:31:00+07:00", None])
    def test_the_deadline_given_at_receipt_is_kept_beside_the_corrected_one(self, new: str | None) -> None:
        fix = event("corrected", "2023-01-06", field=CorrectableField.DUE_AT, old_value=DUE.isoformat(), new_value=new)
        assert dossier_after(received(), fix).due_original == DUE
        assert dossier_after(event("submitted", "2023-01-02"), received(), fix).due_original == DUE
        assert (
            dossier_after(received(), fix, event("extended", "2023-01-09", due_at=at("2023-01-20"))).due_original == DUE
        )

    def test_a_correction_within_a_pause_sets_right_the_deadline_that_the_pause_moves(self) -> None:
        fix = event(
            "corrected",
            "2023-01-06",
            field=CorrectableField.DUE_AT,
            old_value=DUE.isoformat(),
            new_value="2023-01-12T08:31:00+07:00",
        )
        paused = dossier_after(received(), event("supplement_requested", "2023-01-05"), fix)
        assert (paused.due_at, paused.suspended_since) == (at("2023-01-12 08:31"), at("2023-01-05"))
        again = event("supplemented", "2023-01-09", due_at=at("2023-01-16 08:31"))
        history = (received(), event("supplement_requested", "2023-01-05"), fix, again)
        changes = [(change.at, change.due_at) for change in dossier_after(*history).deadlines]
        assert changes == [(START, at("2023-01-12 08:31")), (at("2023-01-09"), at("2023-01-16 08:31"))]

    def test_a_correction_after_a_pause_sets_right_the_moved_deadline_only(self) -> None:
        moved = event("supplemented", "2023-01-06", due_at=at("2023-01-11 08:31"))
        fix = event(
            "corrected",
            "2023-01-09",
            field=CorrectableField.DUE_AT,
            old_value="2023-01-11T08:31:00+07:00",
            new_value="2023-01-13T08:31:00+07:00",
        )
        dossier = dossier_after(received(), event("supplement_requested", "2023-01-05"), moved, fix)
        assert [change.due_at for change in dossier.deadlines] == [DUE, at("2023-01-13 08:31")]

    def test_a_deadline_can_be_added_by_correction_after_closing(self) -> None:
        fix = event(
            "corrected",
            "2023-01-09",
            field=CorrectableField.DUE_AT,
            old_value=None,
            new_value="2023-01-10T08:31:00+07:00",
        )
        dossier = dossier_after(received(due_at=None), event("resolved", "2023-01-06"), fix)
        assert (dossier.due_original, dossier.due_at, dossier.state) == (None, at("2023-01-10 08:31"), State.RESOLVED)

    @pytest.mark.parametrize(
        ("field", "old", "new"),
        [
            (CorrectableField.CHANNEL, "postal", "in_person"),  # it is online
            (CorrectableField.CHANNEL, "online", ""),
            (CorrectableField.CHANNEL, "online", None),
            (CorrectableField.DEPARTMENT, "H59.15", ""),
            (CorrectableField.RECEIVED_BY, None, ""),
            (CorrectableField.APPLICANT, None, ""),
            (CorrectableField.RECEIVED_AT, "2023-01-03T08:30:00+07:00", "2023-01-02T08:31:00+07:00"),
            (CorrectableField.RECEIVED_AT, START.isoformat(), None),
            (CorrectableField.RECEIVED_AT, START.isoformat(), "2023-01-02T08:31:00"),  # no offset
            (CorrectableField.ONLINE_LEVEL, None, "half"),
            (CorrectableField.DUE_AT, "2023-01-11T08:31:00+07:00", "2023-01-12T08:31:00+07:00"),
            (CorrectableField.DUE_AT, "2023-01-10T08:31:00", "2023-01-12T08:31:00+07:00"),  # no offset
            (CorrectableField.DUE_AT, DUE.isoformat(), "2023-01-12T08:31:00"),
            (CorrectableField.DUE_AT, DUE.isoformat(), "tomorrow"),
            (CorrectableField.DUE_AT, "yesterday", "2023-01-12T08:31:00+07:00"),
        ],
    )
    def test_a_correction_that_does_not_fit_is_refused(
        self, field: CorrectableField, old: str | None, new: str | None
    ) -> None:
        with pytest.raises(CorrectionDoesNotMatch):
            dossier_after(received(), event("corrected", "2023-01-04", field=field, old_value=old, new_value=new))

    def test_a_deadline_cannot_be_corrected_to_before_the_receipt(self) -> None:
        fix = event(
            "corrected",
            "2023-01-04",
            field=CorrectableField.DUE_AT,
            old_value=DUE.isoformat(),
            new_value="2023-01-02T00:00:00+07:00",
        )
        with pytest.raises(DeadlineBeforeReceipt):
            dossier_after(received(), fix)

    def test_a_submitted_dossier_has_no_deadline_to_correct(self) -> None:
        fix = event("corrected", "2023-01-04", field=CorrectableField.DUE_AT, old_value=None, new_value=DUE.isoformat())
        with pytest.raises(CorrectionDoesNotMatch):
            dossier_after(event("submitted", "2023-01-02"), fix)

    def test_a_correction_can_be_corrected_back(self) -> None:
        there = event("corrected", "2023-01-04", field=CorrectableField.CHANNEL, old_value="online", new_value="postal")
        back = event("corrected", "2023-01-05", field=CorrectableField.CHANNEL, old_value="postal", new_value="online")
        dossier = dossier_after(received(online_level=OnlineLevel.FULL), there, back)
        assert (dossier.channel, dossier.online_level) == (Channel.ONLINE, OnlineLevel.FULL)
