"""`make faults`: every fault, many times over, on a load and with an oracle of this suite's own; prints the table."""

import argparse
import asyncio
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from random import Random

from tests.faults.faults import ALL, FREEZES, REBALANCES, Fault
from tests.faults.rounds import Suite, say

LEAST_TIMES = 3  # that every fault is played


def main() -> int:
    arguments = _arguments()
    say(f"seed {arguments.seed}")
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as scratch:
        suite = Suite(arguments.data or Path(scratch), arguments.seed, verify_every=arguments.verify_every)
        try:
            asyncio.run(suite.play(_plan(arguments)))
        except KeyboardInterrupt:
            say("interrupted; the table holds what was played")
        print(suite.table())
    wrong = [played.summary() for played in suite.played if not played.is_exact]
    print(f"seed {arguments.seed}: {len(suite.played)} rounds, {len(wrong)} not exact", *wrong, sep="\n")
    return 1 if wrong else 0


def _plan(arguments: argparse.Namespace) -> list[Fault]:
    """Every fault several times, those of workers oftener, in an order that the seed gives."""
    chosen = [fault for fault in ALL if not arguments.only or any(word in fault.name for word in arguments.only)]
    often = [fault for fault in (*FREEZES, *REBALANCES, *REBALANCES) if fault in chosen]
    plan = [*chosen * LEAST_TIMES, *often * LEAST_TIMES]
    Random(arguments.seed).shuffle(plan)
    while arguments.rounds and len(plan) < arguments.rounds:
        plan += plan
    return list(islice(plan, arguments.rounds or None))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("only", nargs="*", help="words: only the faults whose names hold one of them")
    parser.add_argument(
        "--seed",
        type=int,
        default=int(time.time()) % 1_000_000,
        help="the same load and the same faults; not the same timing",
    )
    parser.add_argument("--rounds", type=int, default=0, help="how many rounds; all that are planned when 0")
    parser.add_argument(
        "--verify-every", type=int, default=4, help="motcua verify after every so many rounds of a stack, and its last"
    )
    parser.add_argument("--data", type=Path, help="keep the stacks' folders here, with their logs")
    parser.add_argument("--list", action="store_true", help="name the faults and end")
    arguments = parser.parse_args()
    if arguments.list:
        print(*(fault.name for fault in ALL), sep="\n")
        sys.exit()
    return arguments


if __name__ == "__main__":
    sys.exit(main())
