"""The log's end in memory: never a gap, never more than it may hold."""

from services.intake.log.history import LogRow, RecentRows


def rows(first: int, last: int) -> list[LogRow]:
    return [
        LogRow(position, f"e-{position}", "H59.15-231208-0001", position, "", 0.0, b"{}")
        for position in range(first, last + 1)
    ]


def test_what_comes_after_the_cursor_is_at_hand_up_to_the_limit() -> None:
    tail = RecentRows(100)
    tail.add(rows(1, 5))
    tail.add(rows(6, 9))
    assert tail.after(0, 4) == rows(1, 4)
    assert tail.after(4, 100) == rows(5, 9)
    assert tail.after(9, 100) == []


def test_rows_beyond_a_gap_are_not_given_before_the_gap_is_read_from_the_log() -> None:
    tail = RecentRows(100)
    tail.add(rows(1, 3))
    tail.add(rows(7, 9))
    assert tail.after(0, 100) == []
    assert tail.after(6, 100) == rows(7, 9)


def test_a_reader_that_falls_behind_finds_nothing_rather_than_all_of_it() -> None:
    tail = RecentRows(10)
    tail.add(rows(1, 8))
    tail.add(rows(9, 12))
    assert tail.after(0, 100) == []
    assert tail.after(8, 100) == rows(9, 12)
    tail.add(rows(13, 40))
    assert tail.after(12, 100) == []
