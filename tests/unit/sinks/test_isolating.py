from collections.abc import Callable, Sequence

import pytest
from tests.receivers.events import event, some

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


@pytest.mark.parametrize("bad", [(0,), (0, 1), range(60)])
def test_what_is_refused_alone_is_believed_of_who_still_takes_what_it_took(bad: Sequence[int]) -> None:
    isolating, service = Isolating(), Service(*bad)
    isolating.send([event(98), event(99)], service.put)
    left = some(len(bad))
    while left:
        said = isolating.send(left, service.put)
        assert set(said.refused.values()) == {"HTTP 400"}
        left = [left[place] for place in said.again]
    assert set(service.taken) == {98, 99}
    assert isolating.send([event(97)], service.put) == ALL


def test_who_no_longer_takes_what_it_took_is_not_believed_and_then_it_is() -> None:
    isolating, service = Isolating(), Service(0, 1)
    isolating.send([event(99)], service.put)
    service.bad |= {99}  # set up wrongly since then
    for count in (1, 2, 1):
        with pytest.raises(SinkFault, match="refused whatever it holds: HTTP 400") as caught:
            isolating.send(some(count), service.put)
        assert caught.value.wait >= 30
    service.bad -= {99}
    assert set(isolating.send(some(2), service.put).refused) == {0, 1}


def test_what_is_taken_again_by_then_was_not_at_fault() -> None:
    """The service is set right between the refusals and the question whether it takes anything."""
    isolating, service = Isolating(), Service(0, 1, 99)
    isolating.send([event(99)], Service().put)

    def put(events: Sequence[Event]) -> Delivered:
        if events[0].id == event(99).id:
            service.bad.clear()
        return service.put(events)

    with pytest.raises(SinkFault, match="refused whatever it holds"):
        isolating.send(some(2), put)
    assert isolating.send(some(2), put) == ALL


@pytest.mark.parametrize("said", [Delivered(again={0: "busy"}), Delivered(refused={0: "too old"})])
def test_what_comes_again_or_is_refused_proves_nothing(said: Delivered) -> None:
    isolating, service = Isolating(), Service(0, 1)
    isolating.send([event(99)], service.put)
    with pytest.raises(SinkFault, match="refused whatever it holds"):
        isolating.send(some(2), lambda events: said if events[0].id == event(99).id else service.put(events))


def test_a_service_that_is_down_when_it_is_asked_is_down() -> None:
    isolating, service = Isolating(), Service(0, 1)
    isolating.send([event(99)], service.put)

    def put(events: Sequence[Event]) -> Delivered:
        if events[0].id == event(99).id:
            raise SinkFault("down", 3)
        return service.put(events)

    with pytest.raises(SinkFault, match="down") as caught:
        isolating.send(some(2), put)
    assert caught.value.wait == 3


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
