"""The way back from a copy: runs that say the same as one offset for each character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.detection.offsets import Offsets

RUNS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)), max_size=12)


def made(runs: list[tuple[int, int]]) -> tuple[Offsets, list[int]]:
    """Offsets of these runs (where one begins, its size), and the same one by one."""
    offsets = Offsets()
    for place, size in runs:
        offsets.run(place, size)
    return offsets, [place + i for place, size in runs for i in range(size)]


@given(RUNS)
def test_runs_say_where_each_character_began(runs: list[tuple[int, int]]) -> None:
    offsets, plain = made(runs)
    assert len(offsets) == len(plain)
    assert list(offsets) == plain
    assert [offsets[i] for i in range(len(plain))] == plain
    assert [offsets[i - len(plain)] for i in range(len(plain))] == plain
    assert offsets[2:-1] == plain[2:-1]


@given(RUNS)
def test_one_place_each_is_the_same(runs: list[tuple[int, int]]) -> None:
    offsets, plain = made(runs)
    single = Offsets()
    single.each(plain)
    assert list(single) == list(offsets)


@given(RUNS, st.integers(0, 1000))
def test_a_text_may_begin_further_behind(runs: list[tuple[int, int]], by: int) -> None:
    offsets, plain = made(runs)
    assert list(offsets.moved(by)) == [place + by for place in plain]
    assert list(offsets) == plain


@given(RUNS, RUNS, st.integers(0, 3))
def test_a_copy_of_a_copy_leads_back_to_the_first(
    runs: list[tuple[int, int]], outer_runs: list[tuple[int, int]], skip: int
) -> None:
    outer, plain_outer = made([*outer_runs, (50, 40)])
    offsets, plain = made(runs)
    wanted = [plain_outer[skip + place] for place in plain]
    assert list(offsets.onto(outer, skip)) == wanted
    assert list(offsets.onto(plain_outer, skip)) == wanted


def test_there_is_nothing_beyond_the_end() -> None:
    offsets, _ = made([(4, 3)])
    for index in (3, -4):
        with pytest.raises(IndexError):
            offsets[index]


def test_what_stands_as_it_stood_is_one_run_however_it_was_put_together() -> None:
    offsets = Offsets()
    for place in range(100_000):
        offsets.run(place, 1)
    assert list(offsets._runs()) == [(0, 100_000)]
