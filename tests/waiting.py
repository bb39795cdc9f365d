"""Bounded ways to wait for what another task, thread or process makes true and has no event for."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 20.0
"""Seconds until something that must come about is given up: the machine may be busy with other tests."""


async def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Return when the condition holds; fail after ``seconds``."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not so within {seconds} s: {condition}"
        await asyncio.sleep(0.002)


async def at_rest(value: Callable[[], object], looks: int = 20) -> None:
    """Return when the value is something and has not changed for some looks, 10 ms apart; fail after ``PATIENCE``."""
    end, last, same = time.monotonic() + PATIENCE, value(), 0
    while same < looks or not last:
        assert time.monotonic() < end, f"it never came to rest: {last}"
        await asyncio.sleep(0.01)
        now = value()
        last, same = now, same + 1 if now == last else 0


def until_here(condition: Callable[[], T], seconds: float = PATIENCE) -> T:
    """The same without an event loop. The condition's first true value."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"not so within {seconds} s: {condition}"
        time.sleep(0.005)
    return value
