"""Dead letters as intake tells of them: listed, sent again, marked as dealt with."""

from collections.abc import Sequence

from motcua.client import LONG, ServiceClient
from motcua.failure import Failure
from shared.contract.http.dead_letters import (
    MOST_LETTERS,
    DeadLettersAnswer,
    DeadLetterView,
    LetterFate,
    LettersDone,
    SentAgain,
)

PATH = "/v1/dead-letters"


def listed(intake: ServiceClient, state: str, limit: int) -> DeadLettersAnswer:
    """The newest letters in a state: open, handled or all."""
    return intake.answer(DeadLettersAnswer, "GET", PATH, params={"state": state, "limit": limit}, timeout=LONG)


def shown(intake: ServiceClient, letter: str) -> DeadLetterView:
    """One letter. Raises a Failure where the topic has none of that id."""
    found = intake.answer(DeadLettersAnswer, "GET", PATH, params={"id": letter}, timeout=LONG).letters
    if not found:
        raise Failure(f"there is no dead letter {letter}; `motcua dead-letters list --state all` names them")
    return found[0]


def chosen(intake: ServiceClient, reason: str | None) -> list[str]:
    """The newest open letters, of one reason where it is given."""
    letters = listed(intake, "open", MOST_LETTERS).letters
    return [view.id for view in letters if reason is None or (view.letter is not None and view.letter.reason == reason)]


def send_again(intake: ServiceClient, letters: Sequence[str], note: str | None) -> list[LetterFate]:
    """Send events among the letters again; what became of each."""
    asked = {"letters": list(letters), "note": note}
    return intake.answer(SentAgain, "POST", f"{PATH}/send-again", json=asked, timeout=LONG).letters


def mark_done(intake: ServiceClient, letters: Sequence[str], note: str | None) -> int:
    """Mark the letters as dealt with; how many were not before."""
    asked = {"letters": list(letters), "note": note}
    return intake.answer(LettersDone, "POST", f"{PATH}/done", json=asked, timeout=LONG).done
