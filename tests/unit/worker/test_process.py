"""What a worker does with versions; the rest is in tests/functional."""

import gc
import sys
from typing import Any

import pytest

from doorward.worker.process import Worker


class Service:
    def __init__(self) -> None:
        self.done: list[tuple[str, Any]] = []

    def prepare(self, version: int, text: str) -> str:
        return f"{version}: {text}"

    async def swap(self, prepared: str) -> None:
        self.done.append(("swap", prepared))

    async def drop(self, prepared: str) -> None:
        self.done.append(("drop", prepared))


async def test_a_version_that_is_not_to_be_is_let_go() -> None:
    service: Any = Service()
    worker = Worker(lambda _: service)
    worker._service = service
    assert await worker._handle("prepare", {"version": 2, "text": "a"}) == {}
    assert await worker._handle("drop", {"version": 2}) == {}
    assert await worker._handle("drop", {"version": 2}) == {}  # it has gone already
    await worker._handle("prepare", {"version": 3, "text": "b"})
    assert await worker._handle("swap", {"version": 3}) == {"version": 3}
    assert service.done == [("drop", "2: a"), ("swap", "3: b")]


async def test_once_it_serves_the_collector_comes_seldom_and_leaves_alone_what_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []
    for name in ("unfreeze", "collect", "freeze", "set_threshold"):
        monkeypatch.setattr(gc, name, lambda *given, name=name: done.append(f"{name} {given[:1]}"))
    service: Any = Service()
    worker = Worker(lambda _: service)
    worker._service = service
    await worker._handle("prepare", {"version": 2, "text": "a"})
    await worker._handle("swap", {"version": 2})
    assert done == ["unfreeze ()", "collect ()", "freeze ()", "set_threshold (5000,)"]


def test_no_thread_waits_long_for_a_busy_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call waits for the thread that writes the log; five milliseconds a time are Python's own."""
    found: list[float] = []
    monkeypatch.setattr(sys, "setswitchinterval", found.append)
    Worker(lambda _: Service())  # type: ignore[arg-type, return-value]
    assert len(found) == 1
    assert found[0] <= 0.001
