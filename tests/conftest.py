"""What holds of every run."""

import gc
from collections.abc import Generator

import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("patient")

FROZEN = pytest.StashKey[bool]()


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


def pytest_runtest_setup(item: pytest.Item) -> None:
    """The same for what the tests before have left in their modules, where tests look for garbage again and again."""
    module = item.getparent(pytest.Module)
    if module is not None and hasattr(module.obj, "uncollected") and not module.stash.get(FROZEN, False):
        module.stash[FROZEN] = True
        gc.collect()
        gc.freeze()
