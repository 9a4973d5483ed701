"""What was sent is said back short and harmless."""

from hypothesis import given
from hypothesis import strategies as st

from shared.service.echoes import LONGEST_ECHO, shortened


@given(
    st.text(max_size=3000) | st.text(st.sampled_from("'\"\\a\u1edf\U0001f600\x1b\u202e"), max_size=3000),
    st.integers(80, 300),
)
def test_at_most_so_many_characters_twice_as_many_bytes_and_nothing_that_acts(text: str, most: int) -> None:
    short = shortened(text, most)
    assert len(short) <= most
    assert len(short.encode()) <= 2 * most
    assert short.isprintable()


@given(st.text(st.characters(categories=["L", "N"]), max_size=80))
def test_what_is_short_stays_as_it_is(text: str) -> None:
    assert shortened(text, 80) == text


def test_a_long_value_is_cut_and_the_fix_behind_it_stays() -> None:
    for value in ("A" * 250_000, "\U0001f600" * 250_000, "a'b\"" * 50_000):
        short = shortened(f"specversion: {value!r} is not known; write 1.0", 300)
        assert short.startswith("specversion: ")
        assert short.endswith("; write 1.0")
    short = shortened(f"channel: {'A' * 250!r} is none of them; choose online", 300)
    assert short == f"channel: '{'A' * (LONGEST_ECHO - 1)}…' is none of them; choose online"
