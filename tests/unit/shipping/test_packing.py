from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from doorward.core.delivery import Limits
from doorward.shipping.choosing import when
from doorward.shipping.packing import MOST_BYTES, MOST_EVENTS, Packed, Packing, clipped
from doorward.shipping.sampling import FirstCalls, Sampling

RECORD: dict[str, Any] = {"event_id": "e1", "timestamp": "2026-11-22T19:49:49.064Z", "identity": "agent:me"}


def packed(
    record: dict[str, Any], lines: Any = None, limits: Limits | None = None, sampling: Sampling | None = None
) -> Packed:
    first = FirstCalls(Path("does not exist"))
    return Packing(lines or (lambda _: [b"line"]), limits or Limits(overhead=3), sampling, first)(
        dict(record), "w" * 32
    )


def test_an_event_is_what_its_record_is() -> None:
    ((event,), size, dead) = packed(RECORD)
    assert (event.id, event.key, event.data, event.at) == ("e1", "agent:me", b"line", 1795376989.064)
    assert event.record == RECORD
    assert (size, dead) == (7, [])


def test_what_nobody_did_belongs_to_its_writer() -> None:
    assert packed({**RECORD, "identity": ""}).events[0].key == "w" * 32
    assert packed({**RECORD, "identity": 7}).events[0].key == "w" * 32


def test_the_events_of_one_record_have_ids_of_their_own_that_stay() -> None:
    for _ in range(2):
        found = packed(RECORD, lambda _: [b"one", b"two", b"three"])
        assert [event.id for event in found.events] == ["e1", "e1-2", "e1-3"]
        assert found.size == 11 + 3 * 3


def test_what_is_too_large_is_a_dead_letter_and_the_rest_goes() -> None:
    found = packed(RECORD, lambda _: [b"small", b"x" * 11], Limits(event=10))
    assert [event.id for event in found.events] == ["e1"]
    assert [(each.event.id, each.reason) for each in found.dead] == [("e1-2", "11 bytes: the sink takes 10 at most")]
    found = packed(RECORD, lambda _: [b"x" * 9], Limits(bytes=10, overhead=2))
    assert (found.events, len(found.dead)) == ([], 1)


def test_what_a_format_does_not_bear_is_a_dead_letter() -> None:
    def bad(_: Mapping[str, Any]) -> list[bytes]:
        raise KeyError("a secret")

    found = packed(RECORD, bad)
    assert found.events == []
    assert found.dead[0].reason == "it cannot be put into the sink's format: KeyError"
    assert found.dead[0].event.record == RECORD


def test_the_weight_is_in_the_event() -> None:
    old = {**RECORD, "kind": "exchange", "phase": "outcome", "method": "tools/call", "mcp_server": "crm"}
    old |= {"tool_name": "get", "decision": "allow", "exchange_id": "x", "sampled": 1.0}
    weights = set()
    for number in range(50):
        how = Sampling(0.0, 0.25, b"k" * 32, lambda *_: True)
        found = packed({**old, "exchange_id": str(number)}, lambda record: [b"%g" % record["sampled"]], sampling=how)
        weights |= {event.data for event in found.events}
    assert weights == {b"4"}


@pytest.mark.parametrize(
    "said",
    [None, 7, "", "2026-11-22", "2026-11-22T19:49:49.06", "2026-13-22T19:49:49.064Z", "2026-11-22T19:49:49.abcZ"],
)
def test_what_is_no_time(said: Any) -> None:
    assert when({"timestamp": said}) is None


def test_what_says_no_time_is_as_old_as_what_was_before() -> None:
    packing = Packing(lambda _: [b""], Limits(), None, FirstCalls(Path("does not exist")))
    packing(dict(RECORD), "w")
    assert packing({"event_id": "e2"}, "w").events[0].at == 1795376989.064


def test_limits_are_kept_within_our_memory_and_as_configured() -> None:
    large = Limits(events=10**6, bytes=1 << 30)
    assert (clipped(large).events, clipped(large).bytes) == (MOST_EVENTS, MOST_BYTES)
    assert clipped(large, 7).events == 7
    assert clipped(Limits(events=5), 7).events == 5


def test_no_memory_makes_no_dead_letter() -> None:
    def lines(_: Mapping[str, Any]) -> list[bytes]:
        raise MemoryError

    with pytest.raises(MemoryError):
        packed(RECORD, lines)
