"""Cutting a stream into lines, wherever the network cuts it."""

from hypothesis import given
from hypothesis import strategies as st

from services.intake.splitting import LineSplitter

LONGEST = 8


def split(chunks: list[bytes]) -> list[tuple[int, bytes | None]]:
    splitter = LineSplitter(LONGEST)
    found = [entry for chunk in chunks for entry in splitter.feed(chunk)]
    return found + splitter.end()


@given(st.lists(st.binary(max_size=6) | st.sampled_from([b"\n", b"\r\n", b"0123456789", b" "]), max_size=12))
def test_chunks_make_no_difference(chunks: list[bytes]) -> None:
    body = b"".join(chunks)
    kept = [(number, line) for number, line in enumerate(body.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1) if line and not line.isspace()]
    long_blanks = {number for number, line in enumerate(body.split(b"\n"), 1) if line.isspace() and len(line) > LONGEST}
    expected = [(number, line if len(line) <= LONGEST else None) for number, line in kept]
    assert [entry for entry in split(chunks) if entry[0] not in long_blanks] == expected


def test_a_byte_order_mark_takes_nothing_from_the_first_line() -> None:
    assert split([b"\xef\xbb\xbf", b"1234", b"5678\n"]) == [(1, b"12345678")]
    assert split([b"\xef\xbb\xbf1234", b"5678", b"9"]) == [(1, None)]


def test_a_line_over_the_limit_is_told_once_and_the_next_is_read() -> None:
    assert split([b"short\n" + b"x" * 5, b"x" * 50, b"x\nnext"]) == [(1, b"short"), (2, None), (3, b"next")]
