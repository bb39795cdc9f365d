"""What the pipeline still holds of a message while it waits: its bytes, and not the values that were read from them."""

import sys
from typing import Any

import pytest
from tests.functional.pipeline.bench import Bench, Client, Literal, body, call, result

from doorward.core.exchange import Reply
from doorward.gateway import admission, returning


class Slow(Client):
    """Counts, when the answer is sent, who else holds what was read from it."""

    def __init__(self, log: list[Any], readings: list[Any]) -> None:
        super().__init__(log)
        self.held: list[int] = []
        self._readings = readings

    async def whole(self, reply: Reply) -> None:
        await super().whole(reply)
        self.held = _holders(self._readings)


def _holders(things: list[Any]) -> list[int]:
    return [sys.getrefcount(thing) for thing in things]


@pytest.mark.parametrize("looked_through", [False, True])
async def test_a_client_that_reads_slowly_makes_us_hold_no_values(
    looked_through: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings: list[Any] = []

    def read(*args: Any, **limits: Any) -> Any:
        message = original(*args, **limits)
        readings.append(message.result)
        return message

    original = returning.read
    monkeypatch.setattr(returning, "read", read)
    bench = Bench(**({"scanner": Literal()} if looked_through else {}))
    bench.server.script = lambda _: bench.server.json(result(1, {"structuredContent": {"rows": [[1, "a"]] * 9}}))
    client = Slow(bench.log, readings)
    await bench.pipeline.serve(bench.inbound(call()), client)
    assert client.status == 200
    nobody_else: list[Any] = [{}]
    assert client.held == _holders(nobody_else)


ROWS = {"rows": [[1, "a"]] * 2000}


@pytest.mark.parametrize(
    "sent",
    [
        call(1, "find", ROWS),
        body(None, "notifications/x", ROWS),
        body(1, "x/y", ROWS),
        b"[" + call(1, "find", ROWS) + b"]",
    ],
)
async def test_a_server_that_works_slowly_makes_us_hold_no_values(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """They take up to thirty times the bytes, and one caller may have a hundred calls under way."""
    readings: list[Any] = []
    held: list[list[int]] = []

    def read(*args: Any, **limits: Any) -> Any:
        message = original(*args, **limits)
        readings.extend(one.params for one in getattr(message, "messages", [message]))
        return message

    def work(_: Any) -> Any:
        held.append(_holders(readings))
        return bench.server.json(result(1))

    original = admission.read
    monkeypatch.setattr(admission, "read", read)
    bench = Bench()
    bench.server.script = work
    client = await bench.send(sent, version=b"2025-03-26")
    assert client.status == 200
    nobody_else: list[Any] = [{}]
    assert held == [_holders(nobody_else)]
    assert [r.args_hash for r in bench.records] != [""]
