"""A minute of `make faults`, some faults of all kinds: nothing is lost, counted twice, wrong or stuck."""

from pathlib import Path
from random import SystemRandom

import pytest

from tests.faults import poison, topics
from tests.faults.faults import (
    Fault,
    broker_wiped,
    churn,
    churn_of_the_frozen,
    frozen,
    killed,
    poisoned,
    remade,
    zombie,
)
from tests.faults.rounds import Suite

KINDS = (
    frozen("worker1", times=2),
    Fault("zombie wakes after another took over", zombie),
    Fault("workers join and leave every second", churn),
    Fault("three workers, always some frozen", churn_of_the_frozen),
    killed("intake", "worker1", "reporting", "broker"),
    poisoned(
        "events, ticks and statuses",
        lambda random: [*poison.events(random), *poison.ticks(random), *poison.statuses(random)],
    ),
    remade(topics.STATUS, reporting_too=True),
    Fault("broker wiped", broker_wiped, 120.0),
)
AT_A_TIME = 3  # another choice in each run; `make faults` plays them all, many times over
pytestmark = [pytest.mark.e2e, pytest.mark.slow]


async def test_whatever_is_done_to_the_stack_it_ends_exact(tmp_path: Path) -> None:
    chance = SystemRandom()
    suite = Suite(tmp_path, chance.randrange(1_000_000), verify_every=AT_A_TIME)
    await suite.play(chance.sample(KINDS, AT_A_TIME), stop_when_damaged=True)
    wrong = [played.summary() for played in suite.played if not played.is_exact]
    assert not wrong, "\n".join([f"seed {suite.seed}", *wrong, suite.table()])
