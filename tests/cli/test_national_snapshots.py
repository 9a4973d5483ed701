"""Whatever is sent to the national portal, in whatever order and however often, gives the figures of the events."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from random import Random

import msgspec
import pytest

from motcua.importer.mapped import MappedSource
from motcua.importer.ports import RefusedAs
from motcua.mapping.losses import Loss, LossKind
from motcua.mapping.model import mapping_file
from services.intake.accepting.candidates import Accepted, Refused
from shared.catalogue import load
from shared.domain.counting import contributions
from shared.domain.dossier import Dossier
from tests.builders.snapshots import Message, TwofoldLife
from tests.support.log_in_memory import NOW, LogInMemory

SHIPPED = load()
Figures = Counter[tuple[str, str, date, str]]


def lives(rng: Random, number: int) -> tuple[LogInMemory, list[Message]]:
    """The log of the direct route, and every message that was sent meanwhile."""
    log = LogInMemory(SHIPPED)
    messages: list[Message] = []
    for serial in range(number):
        life = TwofoldLife(rng, f"H59.15-230201-{serial:05}", log)
        life.live()
        messages += life.messages
    return log, messages


def write(path: Path, messages: Sequence[Message]) -> Path:
    path.write_bytes(b"".join(msgspec.json.encode(message) + b"\n" for message in messages))
    return path


def imported(path: Path, log: LogInMemory, mapping: str = "national") -> tuple[int, list[Loss], list[Message]]:
    """Import the file; how many events were new, the losses, and the steps that wait for the next file."""
    accepted = 0
    rejected = path.with_suffix(".rejected")
    with MappedSource(str(path), mapping, NOW) as source:
        with source.rejects(rejected) as rejects:
            for line in (line for batch in source.batches() for line in batch):
                if line.refusal is not None:
                    assert rejects.add(line, RefusedAs("malformed", line.refusal))
                    continue
                (result,) = log.post([line.body])
                accepted += isinstance(result, Accepted)
                if isinstance(result, Refused):
                    refusal = RefusedAs(result.refusal.code, result.refusal.detail)
                    assert not rejects.add(line, refusal), refusal
        back = rejected.read_bytes().splitlines() if rejected.exists() else []
        return accepted, list(source.losses), [msgspec.json.decode(line) for line in back]


def figures(dossiers: dict[str, Dossier]) -> Figures:
    """Everything that the dossiers add to the figures, by department and channel."""
    found: Figures = Counter()
    for dossier in dossiers.values():
        for day, measure, amount in contributions(dossier):
            found[dossier.department, dossier.channel, day, measure] += amount
    return found


def cut(messages: list[Message], rng: Random, pieces: int) -> Iterator[list[Message]]:
    ends = sorted(rng.sample(range(1, len(messages)), pieces - 1))
    for first, last in zip([0, *ends], [*ends, len(messages)], strict=True):
        yield messages[first:last]


def ahead(folder: Path) -> str:
    """The shipped mapping for who has all snapshots in one file: no step need wait."""
    file = folder / "ahead.toml"
    file.write_text(mapping_file("national").read_text().replace("ahead = false", "ahead = true"))
    return str(file)


NAMED = {
    LossKind.NO_DEADLINE_BEFORE,  # the sender does not count: its deadlines are empty
    LossKind.NO_DEADLINE_AFTER,
    LossKind.FINISHED_WHILE_PAUSED,  # the result was handed over although the papers never came
}
SIZES = [400, pytest.param(4_000, marks=pytest.mark.slow)]


@pytest.mark.parametrize("number", SIZES)
def test_shuffled_and_repeated_snapshots_are_the_dossiers_that_the_events_made(tmp_path: Path, number: int) -> None:
    rng = Random(number)
    direct, messages = lives(rng, number)
    sent = messages + rng.choices(messages, k=len(messages) // 2)
    rng.shuffle(sent)
    log = LogInMemory(SHIPPED)
    accepted, losses, back = imported(write(tmp_path / "all.ndjson", sent), log, ahead(tmp_path))
    assert log.dossiers == direct.dossiers
    assert accepted == sum(dossier.sequence for dossier in direct.dossiers.values())
    assert back == []
    assert {loss.kind for loss in losses} == NAMED
    rng.shuffle(sent)
    again = imported(write(tmp_path / "again.ndjson", sent), log, ahead(tmp_path))
    assert again == (0, losses, []), "a second run adds nothing"


@pytest.mark.parametrize("number", SIZES)
def test_snapshots_cut_into_files_anywhere_give_the_figures_of_the_events(tmp_path: Path, number: int) -> None:
    rng = Random(number + 1)
    direct, messages = lives(rng, number)
    rng.shuffle(messages)
    log = LogInMemory(SHIPPED)
    too_late: set[str] = set()
    back: list[Message] = []
    for piece, part in enumerate([*cut(messages, rng, 5), []]):
        _, losses, back = imported(write(tmp_path / f"{piece}.ndjson", [*back, *part]), log)
        too_late |= {loss.dossier for loss in losses if loss.kind in (LossKind.LOGGED, LossKind.STEP)}
    assert figures(log.dossiers) == figures(direct.dossiers)
    without_a_step = too_late | {message["MaHoSo"] for message in back}
    for code, dossier in direct.dossiers.items():
        if code not in without_a_step:
            assert log.dossiers[code] == dossier
    assert all("ThoiDiemXuLy" in message for message in back), "only steps wait"
    assert 0 < len(without_a_step) < len(direct.dossiers)
