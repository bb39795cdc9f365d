"""What every test of the pipeline may use."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

PATIENCE = 20.0


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    async def wait(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110  what a test waits for has no event of its own
                await asyncio.sleep(0.002)

    return wait
