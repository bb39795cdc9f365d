import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvloop
from tests.functional.http.world import World


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Callable[[], Any]]:
    """Both loops: uvloop is what runs in production, asyncio what is left where uvloop is not to be had."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made
    await made.close()
