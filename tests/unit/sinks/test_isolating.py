from collections.abc import Callable, Sequence

import pytest
from tests.receivers.events import some

from doorward.core.delivery import ALL, Delivered, Event, SinkFault
from doorward.sinks.isolating import MOST_REFUSALS, Isolating, Unacceptable

Send = Callable[[Sequence[Event]], Delivered]


class Service:
    """Refuses a request that holds a bad event; ``taken``: the numbers of those that it took."""

    def __init__(self, *bad: int) -> None:
        self.bad = set(bad)
        self.taken: list[int] = []
        self.requests = 0

    def put(self, events: Sequence[Event]) -> Delivered:
        self.requests += 1
        numbers = [int(event.id, 16) for event in events]
        if self.bad & set(numbers):
            raise Unacceptable("HTTP 400")
        self.taken += numbers
        return ALL


@pytest.mark.parametrize("bad", [(), (0,), (15,), (0, 1), (3, 4, 9), (0, 15)])
def test_the_rest_is_taken_in_order(bad: tuple[int, ...]) -> None:
    service = Service(*bad)
    said = Isolating().send(some(16), service.put)
    assert said == Delivered(refused=dict.fromkeys(bad, "HTTP 400"))
    assert service.taken == [number for number in range(16) if number not in bad]


def test_one_among_many_takes_few_requests() -> None:
    service = Service(7777)
    assert set(Isolating().send(some(10_000), service.put).refused) == {7777}
    assert service.requests < 2 * 15


def test_who_takes_nothing_is_not_believed() -> None:
    service = Service(*range(1000))
    isolating = Isolating()
    for count in (1000, 3, 1):
        with pytest.raises(SinkFault, match="refused whatever it holds: HTTP 400") as caught:
            isolating.send(some(count), service.put)
        assert caught.value.wait >= 30
    assert service.requests < 2 * MOST_REFUSALS


def test_one_event_alone_is_a_dead_letter_where_others_were_taken_before() -> None:
    isolating = Isolating()
    isolating.send(some(1), Service().put)
    assert set(isolating.send(some(1), Service(0).put).refused) == {0}
    with pytest.raises(SinkFault):
        isolating.send(some(2), Service(0, 1).put)


def test_after_many_refusals_the_rest_comes_again() -> None:
    service = Service(*range(1, 200))
    said = Isolating().send(some(200), service.put)
    assert service.taken == [0]
    assert set(said.refused) | set(said.again) == set(range(1, 200))
    assert min(said.again) > max(said.refused)


def test_a_fault_between_the_parts_keeps_what_is_known() -> None:
    service = Service(0)

    def put(events: Sequence[Event]) -> Delivered:
        if len(service.taken) >= 3:
            raise SinkFault("down")
        return service.put(events)

    said = Isolating().send(some(8), put)
    assert said == Delivered(dict.fromkeys(range(4, 8), "down"), {0: "HTTP 400"})
    assert service.taken == [1, 2, 3]


def test_a_fault_before_anything_was_taken_is_one() -> None:
    def put(events: Sequence[Event]) -> Delivered:
        raise Unacceptable("HTTP 400") if len(events) > 1 else SinkFault("down", 3)

    with pytest.raises(SinkFault, match="down") as caught:
        Isolating().send(some(2), put)
    assert caught.value.wait == 3


def test_nothing_overtakes_what_comes_again() -> None:
    service = Service(1)

    def put(events: Sequence[Event]) -> Delivered:
        if int(events[0].id, 16) == 2:
            service.put(events[1:])
            return Delivered(again={0: "busy"})
        return service.put(events)

    said = Isolating().send(some(8), put)
    assert set(said.again) == {2, 4, 5, 6, 7}
    assert set(said.refused) == {1}
    assert service.taken == [0, 3]
