"""What holds of every run."""

import gc
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected, some 19,000 tests and their modules, stays to the end: no garbage collection of a test looks
    at it. Each would take a third of a second otherwise, be it one that comes by itself or one that a test asks for.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()
