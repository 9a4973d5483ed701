"""Follow-ups as reporting tells an operator of them: what was given up, and having it tried again."""

from collections.abc import Sequence

from motcua.client import ServiceClient
from shared.contract.http.follow_ups import MOST_DELIVERIES, DeliveriesSentAgain, GivenUpAnswer

PATH = "/v1/follow-ups/given-up"


def given_up(reporting: ServiceClient, limit: int = MOST_DELIVERIES) -> GivenUpAnswer:
    """How many mails and webhooks were given up, and the newest of them."""
    return reporting.answer(GivenUpAnswer, "GET", PATH, params={"limit": limit})


def send_again(reporting: ServiceClient, deliveries: Sequence[str]) -> DeliveriesSentAgain:
    """Have them tried again; those that were not given up are left alone."""
    return reporting.answer(DeliveriesSentAgain, "POST", f"{PATH}/send-again", json={"deliveries": list(deliveries)})
