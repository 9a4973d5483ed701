"""Rounds of faults on stacks, and the table of what they showed."""

import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.faults.faults import Fault, World
from tests.faults.judge import Judge, Verdict
from tests.faults.load import Load
from tests.faults.rig import WORKERS, Rig, started

SESSIONS_S = (1.0, 1.5, 2.0)
ROUNDS_PER_STACK = 25  # then its log is long enough to make judging slow


@dataclass(frozen=True, slots=True)
class Round:
    """One fault, and what was seen of it."""

    fault: str
    verdict: Verdict
    rebalances: int
    freezes: int
    recovered_s: float | None
    ended: Mapping[str, Sequence[int | None]]

    @property
    def is_exact(self) -> bool:
        return self.verdict.is_exact and self.recovered_s is not None

    def told(self) -> str:
        recovered = "NEVER" if self.recovered_s is None else f"{self.recovered_s:.1f} s"
        ended = f"; ended by themselves: {dict(self.ended)}" if self.ended else ""
        return f"{self.fault}: {self.verdict.told()}; recovered {recovered}, {self.verdict.acknowledged} events{ended}"


@dataclass(slots=True)
class Suite:
    """Plays faults one after the other on one stack, as long as it is exact: damage stays, so a damaged stack is thrown away."""

    folder: Path
    seed: int
    verify_every: int = 1
    played: list[Round] = field(default_factory=list)

    async def play(self, faults: Iterable[Fault], *, stop_when_damaged: bool = False) -> None:
        waiting = list(faults)
        stacks = 0
        while waiting:
            stacks += 1
            taken = await self._on_one_stack(waiting[:ROUNDS_PER_STACK], stacks)
            del waiting[:taken]
            if stop_when_damaged and not self.played[-1].is_exact:
                return

    async def _on_one_stack(self, faults: Sequence[Fault], number: int) -> int:
        """How many of the faults were played before the stack was damaged, or all."""
        seed = self.seed * 1000 + number
        random = Random(seed)
        rig = Rig(self.folder / f"stack{number}", session_seconds=random.choice(SESSIONS_S))
        async with AsyncExitStack() as closing:
            await closing.enter_async_context(started(rig))
            load = await closing.enter_async_context(Load([rig.intake.url], seed))
            judge = Judge(rig, load, seed)
            say(f"stack {number}: seed {seed}, session {rig.session_seconds} s, in {rig.folder}")
            for count, fault in enumerate(faults, start=1):
                world = World(rig, load, judge, random)
                self.played.append(await self._round(fault, world, verify=count % self.verify_every == 0 or count == len(faults)))
                if not self.played[-1].is_exact:
                    return count
        return len(faults)

    async def _round(self, fault: Fault, world: World, *, verify: bool) -> Round:
        rig = world.rig
        rig.forgive()
        try:
            await fault.strike(world)
            await rig.rest()
            stuck = []
        except AssertionError as never:
            stuck = [str(never)]
        recovered = await world.judge.recovery()
        verdict = await world.judge.judge(settled_within=fault.settled_within, verify=verify and not stuck)
        verdict.stuck += stuck
        played = Round(fault.name, verdict, world.rebalances, world.freezes, recovered, rig.ended)
        say(played.told())
        for name in WORKERS[1:]:
            if rig.parts[name].is_running and world.random.random() < 0.7:  # now and then two or three go on together
                await rig.parts[name].stop()
        await rig.rest()
        return played

    def table(self) -> str:
        """A row for each fault, in the words of docs/guarantees.md."""
        by_fault: dict[str, list[Round]] = defaultdict(list)
        for played in self.played:
            by_fault[played.fault].append(played)
        return "\n".join([HEAD, *(_row(name, rounds) for name, rounds in by_fault.items()), _row("**all**", self.played)])


HEAD = """\
| fault | rounds | rebalances | freezes | lost (log) | lost (figures) | twice | wrong | dead letters | alerts | verify | recovers | stuck |
|---|---|---|---|---|---|---|---|---|---|---|---|---|"""


def _row(name: str, rounds: Sequence[Round]) -> str:
    verdicts = [played.verdict for played in rounds]
    times = [played.recovered_s for played in rounds if played.recovered_s is not None]

    def total(*lists: str) -> int:
        return sum(len(getattr(verdict, one)) for verdict in verdicts for one in lists)

    alerts = f"{total('alerts_wrong')}/{total('alerts_missing')}/{sum(verdict.alerts_repeated for verdict in verdicts)}"
    cells = (
        name,
        len(rounds),
        sum(played.rebalances for played in rounds),
        sum(played.freezes for played in rounds),
        total("lost_from_log"),
        sum(verdict.events_lost for verdict in verdicts),
        total("twice_in_log", "ahead", "never_sent"),
        sum(bool(verdict.wrong_figures or verdict.wrong_states) for verdict in verdicts),
        total("letters_missing", "letters_of_ours"),
        alerts,
        sum(bool(verdict.verify) for verdict in verdicts),
        f"{min(times):.1f}–{max(times):.1f} s" if times else "–",
        sum(bool(verdict.stuck) for verdict in verdicts) + sum(played.recovered_s is None for played in rounds),
    )
    return "| " + " | ".join(map(str, cells)) + " |"


def say(line: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
