"""A call that the log cannot take is free at once with its message, and does not wait for the garbage collector: while
the disk is full, every call is one.
"""

import pytest
from tests.functional.pipeline.bench import Bench, call, result
from tests.garbage import uncollected


@pytest.mark.parametrize("when", ["at once", "later"])
@pytest.mark.parametrize("phase", ["intent", "outcome"])
async def test_a_call_whose_record_is_lost(phase: str, when: str) -> None:
    bench = Bench()
    bench.server.script = lambda _: bench.server.json(result(1, {}))
    with uncollected() as found:
        if when == "at once":
            bench.journal.fails = lambda record: record.phase == phase
        else:
            bench.journal.fails_later = lambda record: record.phase == phase
        client = await bench.send(call())
        assert client.reason == "journal.unavailable"
    assert not found


async def test_a_call_while_nothing_can_be_recorded() -> None:
    bench = Bench()
    bench.journal.fails = lambda _: True
    with uncollected() as found:
        client = await bench.send(call())
        assert client.reason == "journal.unavailable"
    assert not found
