from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorward.core.delivery import Event, Limits
from doorward.shipping import batches
from doorward.shipping.batches import MOST_DEAD, MOST_HELD, Batch, Gatherer, deliveries
from doorward.shipping.cursor import Position
from doorward.shipping.dead_letters import Dead
from doorward.shipping.packing import Packed
from doorward.shipping.source import Found


def event(name: str, at: float = 0.0, size: int = 10) -> Event:
    return Event(name, at, "", {}, b"x" * size)


class Turns:
    """A source: each turn a list of (writer, records), each of a line of ``size`` bytes."""

    def __init__(self, *turns: tuple[str, list[Any]], size: int = 0) -> None:
        self._turns = iter(turns)
        self._size = size
        self._offset = 0

    def turn(self) -> Iterator[Found] | None:
        found = next(self._turns, None)
        return self._found(*found) if found is not None else None

    def _found(self, writer: str, records: list[Any]) -> Iterator[Found]:
        for record in records:
            self._offset += 1
            yield Found(writer, record, Position(1, self._offset), size=self._size)
        yield Found(writer, None, Position(1, self._offset + 1))


def packing(record: Any, writer: str) -> Packed:
    """A record is the list of its events' names."""
    events = [event(name) for name in record]
    return Packed(events, sum(len(each.data) + 1 for each in events), [])


def gatherer(source: Turns, limits: Limits) -> Gatherer:
    return Gatherer(source, packing, limits, lambda: 0.0)  # type: ignore[arg-type]


def gathered(source: Turns, limits: Limits) -> list[tuple[list[str], dict[str, int]]]:
    gathering = gatherer(source, limits)
    found = []
    while True:
        batch = Batch()
        full = gathering.gather(batch)
        if batch.events or batch.after:
            found.append(([each.id for each in batch.events], {w: at.offset for w, at in batch.after.items()}))
        if not full:
            return found


def test_a_batch_ends_where_the_next_event_has_no_room() -> None:
    turns = [("a", [["1"], ["2"], ["3"]]), ("b", [["4"], ["5"]])]
    assert gathered(Turns(*turns), Limits(events=2)) == [
        (["1", "2"], {"a": 2}),
        (["3", "4"], {"a": 4, "b": 4}),
        (["5"], {"b": 6}),
    ]
    assert [names for names, _ in gathered(Turns(*turns), Limits(bytes=34))] == [["1", "2", "3"], ["4", "5"]]


@pytest.mark.parametrize("dead", [False, True])
def test_a_batch_holds_no_more_of_the_log_than_is_kept_in_memory_whatever_is_made_of_it(dead: bool) -> None:
    size = MOST_HELD // 4 + 1
    source = Turns(("a", [["1"]] * 7), size=size)
    packed = Packed([], 0, [Dead(event("e"), "")]) if dead else Packed([event("e")], 11, [])
    gathering = Gatherer(source, lambda *_: packed, Limits(), lambda: 0.0)  # type: ignore[arg-type, return-value]
    sizes = []
    for full in (True, True, False):
        batch = Batch()
        assert gathering.gather(batch) is full
        sizes.append(batch.held // size)
    assert sizes == [3, 3, 1]


def test_what_is_not_shipped_moves_the_position_alone() -> None:
    assert gathered(Turns(("a", [["1"], [], []])), Limits()) == [(["1"], {"a": 4})]
    assert gathered(Turns(("a", [[], []])), Limits()) == [([], {"a": 3})]


def test_where_nearly_nothing_is_shipped_the_cursor_moves_on_all_the_same(monkeypatch: Any) -> None:
    monkeypatch.setattr(batches, "MOST_TURNS", 2)
    turns = [("a", [[]])] * 5
    assert [after for _, after in gathered(Turns(*turns), Limits())] == [{"a": 3}, {"a": 5}, {"a": 6}]


def test_the_events_of_a_record_stay_together() -> None:
    found = gathered(Turns(("a", [["1"], ["2", "2b"], ["3", "3b", "3c"]])), Limits(events=2))
    assert [names for names, _ in found] == [["1"], ["2", "2b"], ["3", "3b", "3c"]]


def test_what_failed_is_tried_again_and_not_passed_over() -> None:
    failures = iter([False, True, False, False])

    def failing(record: Any, writer: str) -> Packed:
        if next(failures):
            raise MemoryError
        return packing(record, writer)

    gathering = Gatherer(Turns(("a", [["1"], ["2"], ["3"]])), failing, Limits(), lambda: 0.0)  # type: ignore[arg-type]
    batch = Batch()
    for _ in range(2):
        try:
            gathering.gather(batch)
        except MemoryError:
            continue
    assert [each.id for each in batch.events] == ["1", "2", "3"]


def batch_of(events: list[tuple[str, float]], size: int = 10) -> Batch:
    made = [event(f"{writer}{n}", at, size) for n, (writer, at) in enumerate(events)]
    return Batch(events=made, writers=[writer for writer, _ in events])


def cut(batch: Batch, limits: Limits) -> list[list[str]]:
    return [[each.id for each in part] for part in deliveries(batch, limits)]


def test_a_delivery_holds_no_more_than_the_sink_takes() -> None:
    batch = batch_of([("a", 0.0)] * 5)
    assert [len(part) for part in cut(batch, Limits(events=2))] == [2, 2, 1]
    assert [len(part) for part in cut(batch, Limits(bytes=25, overhead=2))] == [2, 2, 1]


def test_writers_are_put_in_the_order_of_time() -> None:
    batch = batch_of([("a", 1.0), ("a", 3.0), ("b", 2.0), ("b", 4.0)])
    assert cut(batch, Limits(sorted=True)) == [["a0", "b2", "a1", "b3"]]
    assert cut(batch, Limits()) == [["a0", "a1", "b2", "b3"]]


def test_where_a_clock_was_set_back_a_delivery_ends() -> None:
    batch = batch_of([("a", 1.0), ("a", 5.0), ("a", 2.0), ("a", 6.0), ("b", 3.0)])
    assert cut(batch, Limits(sorted=True)) == [["a0", "b4", "a1"], ["a2", "a3"]]


def test_no_delivery_spans_more_than_the_service_takes() -> None:
    batch = batch_of([("a", 0.0), ("a", 5.0), ("a", 10.0), ("a", 10.5), ("a", 21.0)])
    assert [len(part) for part in cut(batch, Limits(span=10.0))] == [3, 1, 1]
    assert [len(part) for part in cut(batch_of([("a", 10.0), ("a", 0.0), ("a", 11.0)]), Limits(span=10.0))] == [2, 1]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50)), max_size=60),
    st.builds(
        Limits,
        events=st.integers(1, 20),
        bytes=st.integers(11, 200),
        span=st.sampled_from((0.0, 5.0)),
        sorted=st.booleans(),
    ),
)
def test_whatever_comes_nothing_is_lost_and_every_limit_holds(events: list[tuple[str, int]], limits: Limits) -> None:
    batch = batch_of([(writer, float(at)) for writer, at in events])
    parts = list(deliveries(batch, limits))
    sent = [each for part in parts for each in part]
    for writer in "abc":
        before = [each.id for each in batch.events if each.id[0] == writer]
        assert [each.id for each in sent if each.id[0] == writer] == before
    for part in parts:
        times = [each.at for each in part]
        assert 0 < len(part) <= limits.events
        assert sum(len(each.data) + limits.overhead for each in part) <= limits.bytes
        assert not limits.sorted or times == sorted(times)
        assert not limits.span or max(times) - min(times) <= limits.span


def test_dead_letters_end_a_batch_too() -> None:
    source = Turns(("a", [[str(number)] for number in range(MOST_DEAD + 7)]))
    dying = Gatherer(source, lambda record, _: Packed([], 0, [Dead(event(record[0]), "")]), Limits(), lambda: 0.0)  # type: ignore[arg-type, return-value]
    found = []
    for full in (True, False):
        batch = Batch()
        assert dying.gather(batch) is full
        assert len(batch.dead) <= MOST_DEAD
        found += [each.event.id for each in batch.dead]
    assert found == [str(number) for number in range(MOST_DEAD + 7)]
