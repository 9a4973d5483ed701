"""A stage that stands still is seen by what waits for it, for as long as it stands."""

from shared.service.stage_progress import StageProgress


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def shown(progress: StageProgress) -> dict[str, dict[str, float]]:
    return {
        family.name: {",".join(sample.labels.values()): sample.value for sample in family.samples}
        for family in progress.collect()
    }


def test_it_stalls_from_when_it_last_moved_until_it_moves_again() -> None:
    clock = Clock()
    progress = StageProgress("figures", "statuses", elapsed=clock)
    steps = [
        # seconds later, position, end, waiting, stalled
        (0, 10, 10, 0, 0),
        (5, 10, 12, 2, 5),  # what came since the last look may wait since then
        (600, 10, 40, 30, 605),
        (5, 20, 40, 20, 0),
        (5, 20, 40, 20, 5),
        (5, 40, 40, 0, 0),
        (3600, 40, 40, 0, 0),  # a quiet hour is no stall
    ]
    for passed, position, end, waiting, stalled in steps:
        clock.now += passed
        progress.look({0: position}, {0: end})
        assert shown(progress)["motcua_pipeline_waiting_records"] == {"figures": waiting}
        assert shown(progress)["motcua_pipeline_stalled_seconds"] == {"figures": stalled}


def test_one_partition_that_stands_still_is_not_hidden_by_those_that_move() -> None:
    clock = Clock()
    progress = StageProgress("processing", "events", elapsed=clock)
    for look in range(4):
        progress.look({0: look, 1: 7}, {0: 100, 1: 9})
        clock.now += 60
    assert shown(progress)["motcua_pipeline_stalled_seconds"] == {"processing": 240}
    assert shown(progress)["motcua_consumer_lag_records"] == {"events,0": 97, "events,1": 2}


def test_what_is_not_known_is_absent_and_what_it_knew_before_is_not_forgotten() -> None:
    clock, known = Clock(), [True]
    progress = StageProgress("figures", "statuses", lambda: known[0], clock)
    assert not any(shown(progress).values())
    progress.look({0: 1}, {0: 5})
    known[0] = False
    assert not any(shown(progress).values())
    clock.now += 900
    known[0] = True
    progress.look({0: 1}, {0: 5})
    assert shown(progress)["motcua_pipeline_stalled_seconds"] == {"figures": 900}
    progress.look({0: 1, 1: 3}, {0: 5})
    assert shown(progress)["motcua_consumer_lag_records"] == {"statuses,0": 4}, "of partition 1 nobody knows the end"
