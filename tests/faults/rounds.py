"""Rounds of faults on stacks, and the table of what they showed."""

import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.faults.faults import Fault, World
from tests.faults.judge import Judge, Verdict
from tests.faults.load import Load
from tests.faults.rig import WORKERS, Rig, started
from tests.support.postgres import PackagedServer, packaged_server

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

    def summary(self) -> str:
        recovered = "NEVER" if self.recovered_s is None else f"{self.recovered_s:.1f} s"
        ended = f"; ended by themselves: {dict(self.ended)}" if self.ended else ""
        return (
            f"{self.fault}: {self.verdict.summary()}; recovered {recovered}, {self.verdict.acknowledged} events{ended}"
        )


@dataclass(slots=True)
class Suite:
    """Plays faults one after the other on one stack, as long as it is exact:
    damage stays, so a damaged stack is thrown away."""

    folder: Path
    seed: int
    verify_every: int = 1
    played: list[Round] = field(default_factory=list)

    async def play(self, faults: Iterable[Fault], *, stop_when_damaged: bool = False) -> None:
        chosen = list(faults)
        stacks = count(1)
        for on_postgres in (False, True):
            waiting = [fault for fault in chosen if fault.on_postgres == on_postgres]
            while waiting:
                taken = await self._on_one_stack(waiting[:ROUNDS_PER_STACK], next(stacks), on_postgres=on_postgres)
                del waiting[:taken]
                if stop_when_damaged and not self.played[-1].is_exact:
                    return

    async def _on_one_stack(self, faults: Sequence[Fault], number: int, *, on_postgres: bool) -> int:
        """How many of the faults were played before the stack was damaged, or all."""
        seed = self.seed * 1000 + number
        random = Random(seed)
        session = random.choice(SESSIONS_S)
        folder = self.folder / f"stack{number}"
        with ExitStack() as stores:
            postgres = stores.enter_context(_server()) if on_postgres else None
            databases = (
                None if postgres is None else {name: postgres.new_database() for name in ("intake", "reporting")}
            )
            rig = Rig(folder, session_seconds=session, databases=databases)
            urls = [rig.intake.url]
            if on_postgres:
                rig.add_reporting2()
                urls.append(rig.add_intake2().url)
            async with started(rig), Load(urls, seed) as load:
                judge = Judge(rig, load, seed)
                say(f"stack {number}: seed {seed}, session {session} s, in {folder}")
                for played, fault in enumerate(faults, start=1):
                    world = World(rig, load, judge, random, postgres=postgres)
                    self.played.append(
                        await self._round(fault, world, verify=played % self.verify_every == 0 or played == len(faults))
                    )
                    if not self.played[-1].is_exact:
                        return played
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
        say(played.summary())
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
        return "\n".join(
            [HEAD, *(_row(name, rounds) for name, rounds in by_fault.items()), _row("**all**", self.played)]
        )


HEAD = """\
| fault | rounds | rebalances | freezes | lost (log) | lost (figures) | twice | wrong \
| dead letters | alerts | verify | recovers | stuck |
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


@contextmanager
def _server() -> Iterator[PackagedServer]:
    """Its folder's name is short: a Unix socket's path has room for 107 bytes."""
    with TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder, packaged_server(Path(folder)) as server:
        yield server


def say(line: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
