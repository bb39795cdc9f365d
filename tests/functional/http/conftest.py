import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from tests.functional.http.world import PATIENCE, World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made
    await made.close()


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    async def wait(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110  what a test waits for has no event of its own
                await asyncio.sleep(0.002)

    return wait
