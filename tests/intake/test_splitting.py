"""Cutting a stream into events, wherever the network cuts it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.http.bodies import ArraySplitter, LineSplitter, NotAnArray, Numbered

LONGEST = 8


def split(chunks: list[bytes]) -> list[Numbered]:
    splitter = LineSplitter(LONGEST)
    return [entry for chunk in chunks for entry in splitter.feed(chunk)] + list(splitter.end())


@given(st.lists(st.binary(max_size=6) | st.sampled_from([b"\n", b"\r\n", b"0123456789", b" "]), max_size=12))
def test_chunks_make_no_difference(chunks: list[bytes]) -> None:
    body = b"".join(chunks)
    kept = [
        (number, line)
        for number, line in enumerate(body.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1)
        if line and not line.isspace()
    ]
    long_blanks = {number for number, line in enumerate(body.split(b"\n"), 1) if line.isspace() and len(line) > LONGEST}
    expected = [(number, line if len(line) <= LONGEST else None) for number, line in kept]
    assert [entry for entry in split(chunks) if entry[0] not in long_blanks] == expected


def test_a_byte_order_mark_takes_nothing_from_the_first_line() -> None:
    assert split([b"\xef\xbb\xbf", b"1234", b"5678\n"]) == [(1, b"12345678")]
    assert split([b"\xef\xbb\xbf1234", b"5678", b"9"]) == [(1, None)]


def test_a_line_over_the_limit_is_told_once_and_the_next_is_read() -> None:
    assert split([b"short\n" + b"x" * 5, b"x" * 50, b"x\nnext"]) == [(1, b"short"), (2, None), (3, b"next")]


def elements(chunks: list[bytes], longest: int = 1000) -> tuple[list[bytes | None], str | None]:
    """What was cut, and what then was wrong; the numbers are checked here."""
    splitter, found = ArraySplitter(longest), list[Numbered]()
    wrong = None
    try:
        for chunk in chunks:
            for entry in splitter.feed(chunk):
                found.append(entry)
        found.extend(splitter.end())
    except NotAnArray as error:
        wrong = str(error)
    assert [number for number, _ in found] == list(range(1, len(found) + 1))
    return [element for _, element in found], wrong


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text()
    | st.sampled_from(['"', "\\", "],[", '\\"', "\u2028"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=6), st.sampled_from([b"", b" ", b"\n\t"]), st.integers(1, 40))
def test_an_array_is_cut_into_its_elements(values: list[object], blank: bytes, size: int) -> None:
    parts = [msgspec.json.encode(value) for value in values]
    body = blank + b"[" + blank + (blank + b"," + blank).join(parts) + blank + b"]" + blank
    assert elements([body[at : at + size] for at in range(0, len(body), size)]) == (parts, None)


@given(
    st.lists(st.sampled_from([*(bytes([byte]) for byte in b'[]{},"\\ 1\n'), b"\xef\xbb\xbf", b"[1,"]), max_size=20),
    st.integers(1, 5),
)
def test_where_an_array_is_cut_by_the_network_makes_no_difference(parts: list[bytes], size: int) -> None:
    body = b"".join(parts)
    assert elements([body[at : at + size] for at in range(0, len(body), size)]) == elements([body])


@pytest.mark.parametrize(
    ("body", "cut", "wrong"),
    [
        (b"[]", [], None),
        (b"\xef\xbb\xbf [1]", [b"1"], None),
        (b"[1,,2]", [b"1", b"", b"2"], None),
        (b"[1,]", [b"1", b""], None),
        (b"[{]1},2]", [b"{]1}", b"2"], None),
        (b"", [], "is empty"),
        (b"{}", [], "does not begin with ["),
        (b"[1,2", [b"1"], "is not closed with ]"),
        (b'["1]', [], "is not closed with ]"),
        (b"[1] 2", [b"1"], "goes on after its closing ]"),
        (b'["' + b"a" * 1000 + b'", 1]', [None, b"1"], None),
    ],
)
def test_what_is_no_array_is_told_after_what_could_be_cut(
    body: bytes, cut: list[bytes | None], wrong: str | None
) -> None:
    assert elements([body]) == (cut, wrong)
