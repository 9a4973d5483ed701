"""What is annulled: closings, whole dossiers, and wrong facts of the receipt, as known from then on."""

import pytest
from hypothesis import given
from msgspec.structs import replace

from shared.domain.counting import Measure, contributions
from shared.domain.dossier import Dossier
from shared.domain.errors import CorrectionDoesNotMatch, DeadlineBeforeReceipt, NamesItself
from shared.domain.fields import Channel, CorrectableField, DeadlineChange, Outcome
from shared.domain.lifecycle import CLOSED, EventKind, State
from shared.domain.terms import Term, TermUnit
from shared.domain.timeliness import DEFINITIONS, closed_timeliness
from shared.domain.transitions import apply
from tests.builders.events import CODE, DUE, START, Dated, an_event, dossier_after, event, received
from tests.builders.histories import History, histories
from tests.builders.times import at

LATER = "2023-06-01 09:00"
HOURS = Term(8, TermUnit.WORKING_HOURS)


def corrected(field: CorrectableField, old: str | None, new: str | None, when: str = LATER, **data: object) -> Dated:
    return event("corrected", when, field=field, old_value=old, new_value=new, **data)


class TestReopened:
    @given(histories().filter(lambda made: made[0].state in CLOSED))
    def test_as_known_from_then_on_it_was_never_closed(self, made: tuple[Dossier, History]) -> None:
        dossier, _ = made
        reopened = apply(dossier, CODE, *event("reopened", LATER))
        assert reopened.state is State.PROCESSING
        assert (reopened.closed_at, reopened.closed_as, reopened.outcome) == (None, None, None)
        assert (reopened.returned_at, reopened.return_channel, reopened.is_administrative) == (None, None, False)
        assert (reopened.deadlines, reopened.suspensions) == (dossier.deadlines, dossier.suspensions)
        assert (reopened.received_at, reopened.due_original) == (dossier.received_at, dossier.due_original)
        for definition in DEFINITIONS.values():
            assert closed_timeliness(reopened, definition) is None
            found = {delta.measure for delta in contributions(reopened, definition)}
            assert not {measure for measure in found if measure.startswith(("resolved", "returned", "awaiting_return"))}

    def test_another_deadline_holds_from_the_reopening_on(self) -> None:
        again = event("reopened", "2023-01-16", due_at=at("2023-01-20 17:00"))
        dossier = dossier_after(received(), event("resolved", "2023-01-09"), again)
        changes = [(change.at, change.due_at) for change in dossier.deadlines]
        assert changes == [(START, DUE), (at("2023-01-16"), at("2023-01-20 17:00"))]
        assert dossier.due_original == DUE

    def test_a_deadline_before_the_receipt_is_refused(self) -> None:
        with pytest.raises(DeadlineBeforeReceipt):
            dossier_after(
                received(), event("resolved", "2023-01-09"), event("reopened", LATER, due_at=at("2022-12-30"))
            )

    def test_a_pause_that_the_closing_ended_stays_ended(self) -> None:
        moved = event("resolved", "2023-01-06", due_at=at("2023-01-11 08:31"))
        dossier = dossier_after(
            received(), event("supplement_requested", "2023-01-05"), moved, event("reopened", "2023-01-09")
        )
        assert [pause.ended_at for pause in dossier.suspensions] == [at("2023-01-06")]
        assert (dossier.due_at, dossier.suspended_since) == (at("2023-01-11 08:31"), None)

    def test_the_next_closing_is_the_one_that_counts(self) -> None:
        refused = event("resolved", "2023-01-09", outcome=Outcome.REFUSED)
        dossier = dossier_after(received(), refused, event("reopened", "2023-01-10"), event("withdrawn", "2023-01-12"))
        assert (dossier.closed_at, dossier.closed_as, dossier.outcome) == (at("2023-01-12"), State.WITHDRAWN, None)
        assert {delta.measure for delta in contributions(dossier)} == {
            Measure.RECEIVED,
            Measure.OPEN,
            Measure.OPEN_OVERDUE,
            Measure.WITHDRAWN,
            Measure.RESOLVED_OVERDUE,
        }


class TestVoided:
    @given(histories().filter(lambda made: made[0].state is not State.VOIDED))
    def test_nothing_of_it_is_counted(self, made: tuple[Dossier, History]) -> None:
        dossier = apply(made[0], CODE, *event("voided", LATER))
        assert not dossier.counts
        assert [contributions(dossier, definition) for definition in DEFINITIONS.values()] == [[], [], []]
        assert closed_timeliness(dossier) is None
        assert replace(dossier, state=made[0].state, sequence=made[0].sequence, last_occurred_at=START) == replace(
            made[0], last_occurred_at=START
        )

    def test_a_dossier_is_no_second_entry_of_itself(self) -> None:
        with pytest.raises(NamesItself):
            dossier_after(received(), an_event(EventKind.VOIDED, duplicate_of=CODE))


class TestTheReceiptsOwnFacts:
    def test_received_earlier_moves_what_came_into_force_with_the_receipt(self) -> None:
        handed_in = event("submitted", "2023-01-02 08:00", acceptance_due_at=at("2023-01-03 08:00"))
        fix = corrected(CorrectableField.RECEIVED_AT, START.isoformat(), "2023-01-02T16:00:00+07:00")
        dossier = dossier_after(
            handed_in, received(), event("extended", "2023-01-05", due_at=at("2023-01-17 08:31")), fix
        )
        right = at("2023-01-02 16:00")
        assert (dossier.received_at, dossier.acceptances[0].answered_at) == (right, right)
        assert [change.at for change in dossier.deadlines] == [right, at("2023-01-05")]
        assert dossier.due_original == DUE

    @pytest.mark.parametrize(
        ("new", "said"),
        [
            ("2023-01-02T07:59:00+07:00", "it was handed in at"),
            ("2023-01-05T08:01:00+07:00", "something happened to it at"),
        ],
    )
    def test_it_was_not_received_before_its_submission_nor_after_what_followed(self, new: str, said: str) -> None:
        handed_in = event("submitted", "2023-01-02 08:00")
        paused = event("supplement_requested", "2023-01-05 08:00")
        fix = corrected(CorrectableField.RECEIVED_AT, START.isoformat(), new)
        with pytest.raises(CorrectionDoesNotMatch, match=said) as refusal:
            dossier_after(handed_in, received(), paused, fix)
        assert refusal.value.field == "data.new_value"

    def test_it_was_not_received_before_it_was_sent_again(self) -> None:
        sent_back = [event("submitted", "2022-12-30"), event("supplement_requested", "2022-12-30 14:00")]
        again = event("supplemented", "2023-01-02 09:00")
        fix = corrected(CorrectableField.RECEIVED_AT, START.isoformat(), "2023-01-02T08:59:00+07:00")
        with pytest.raises(CorrectionDoesNotMatch, match="it was handed in at 2023-01-02T09:00"):
            dossier_after(*sent_back, again, received(), fix)

    def test_it_was_not_received_after_its_deadline(self) -> None:
        fix = corrected(CorrectableField.RECEIVED_AT, START.isoformat(), "2023-01-11T08:00:00+07:00")
        with pytest.raises(DeadlineBeforeReceipt) as refusal:
            dossier_after(received(), fix)
        assert refusal.value.field == "data.new_value"

    def test_the_place_of_receipt_is_the_department_where_no_other_is_named(self) -> None:
        elsewhere = corrected(CorrectableField.RECEIVED_BY, None, "H59.20")
        nowhere_else = corrected(CorrectableField.RECEIVED_BY, "H59.20", None)
        assert dossier_after(received()).place_of_receipt == "H59.15"
        assert dossier_after(received(), elsewhere).place_of_receipt == "H59.20"
        assert dossier_after(received(), elsewhere, nowhere_else).place_of_receipt == "H59.15"

    def test_another_applicant_is_another_pseudonym(self) -> None:
        fix = corrected(CorrectableField.APPLICANT, "p-1", "p-2")
        assert dossier_after(received(applicant="p-1"), fix).applicant == "p-2"

    def test_an_own_channel_takes_its_class_with_it(self) -> None:
        to_kiosk = corrected(CorrectableField.CHANNEL, "postal", "kiosk", channel_class=Channel.ONLINE)
        to_unknown = corrected(CorrectableField.CHANNEL, "kiosk", "unknown")
        kiosk = dossier_after(received(channel="postal"), to_kiosk)
        assert (kiosk.channel, kiosk.counted_channel) == ("kiosk", Channel.ONLINE)
        assert dossier_after(received(channel="postal"), to_kiosk, to_unknown).counted_channel is Channel.IN_PERSON


class TestCountedAgain:
    def test_deadlines_and_term_are_those_of_the_right_rule(self) -> None:
        right = (DeadlineChange(START, at("2023-01-04 08:31")), DeadlineChange(at("2023-01-05"), at("2023-01-06")))
        fix = corrected(CorrectableField.PROCEDURE, "2.000635", "1.004616", recompute=True, term=HOURS, deadlines=right)
        dossier = dossier_after(received(), event("extended", "2023-01-05", due_at=at("2023-01-17")), fix)
        assert (dossier.procedure, dossier.term, dossier.deadlines) == ("1.004616", HOURS, right)
        assert (dossier.due_original, dossier.due_at) == (at("2023-01-04 08:31"), at("2023-01-06"))

    def test_a_rule_without_a_term_leaves_no_deadline(self) -> None:
        fix = corrected(CorrectableField.PROCEDURE, "2.000635", "1.004616", recompute=True, deadlines=())
        dossier = dossier_after(received(term=HOURS), fix)
        assert (dossier.due_at, dossier.due_original, dossier.term) == (None, None, None)

    def test_a_receipt_may_move_behind_the_wrong_deadline_when_the_right_one_comes_with_it(self) -> None:
        new = at("2023-01-12 08:00")
        right = (DeadlineChange(new, at("2023-01-19 08:00")),)
        fix = corrected(
            CorrectableField.RECEIVED_AT, START.isoformat(), new.isoformat(), recompute=True, deadlines=right
        )
        dossier = dossier_after(received(), fix)
        assert (dossier.received_at, dossier.deadlines) == (new, right)
