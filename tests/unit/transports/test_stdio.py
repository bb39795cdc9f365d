"""Newline framing."""

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.transports.stdio import LineReader, Overlong, one_line


@given(
    lines=st.lists(st.binary(min_size=1).filter(lambda line: b"\n" not in line and not line.isspace())),
    cuts=st.lists(st.integers(min_value=0, max_value=400)),
)
def test_lines_come_out_as_they_went_in_however_they_are_cut(lines: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    reader = LineReader(1 << 20)
    places = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    found = [line for a, b in pairwise(places) for line in reader.feed(stream[a:b])]
    assert found + reader.finish() == lines


def test_white_space_between_lines_is_nothing() -> None:
    assert LineReader(10).feed(b"\n\r\n \t\na\r\n") == [b"a\r"]


def test_the_end_of_the_stream_ends_a_line() -> None:
    reader = LineReader(10)
    assert reader.feed(b"a\nb") == [b"a"]
    assert reader.finish() == [b"b"]
    assert reader.finish() == []


@pytest.mark.parametrize("step", [1, 3, 100])
def test_a_long_line_is_left_out_and_told_and_the_next_is_read(step: int) -> None:
    reader = LineReader(5)
    stream = b"12345\n123456\nabc\n1234567890"
    found = [line for at in range(0, len(stream), step) for line in reader.feed(stream[at : at + step])]
    assert found == [b"12345", Overlong(6, b"123456"), b"abc"]
    (last,) = reader.finish()
    assert isinstance(last, Overlong)
    assert last.nbytes == 10
    assert last.head in (b"123456", b"1234567", b"1234567890")


def test_a_line_without_an_end_takes_no_memory() -> None:
    reader = LineReader(100_000)
    piece = b"x" * 65536
    tracemalloc.start()
    try:
        for _ in range(1000):
            assert reader.feed(piece) == []
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 500_000
    assert reader.feed(b"\nok\n") == [Overlong(65536 * 1000, b"x" * 256), b"ok"]


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (b'{"a": 1}', b'{"a": 1}'),
        (b'{\r\n  "a": 1\n}\n', b'{    "a": 1 } '),
        (b'{"a":"\\n"}', b'{"a":"\\n"}'),
    ],
)
def test_a_json_text_becomes_one_line(body: bytes, line: bytes) -> None:
    assert one_line(body) == line
