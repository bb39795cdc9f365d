"""What only the garbage collector would free: it comes by chance, and until then a call's messages stay in memory."""

import gc
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def uncollected() -> Iterator[Counter[str]]:
    """Counts, at its end, the objects and frames of doorward that were let go of within and lie about in cycles."""
    found: Counter[str] = Counter()
    gc.collect()
    gc.disable()
    try:
        yield found
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        found.update(name for each in gc.garbage if (name := _name(each)).startswith("doorward."))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@contextmanager
def most_memory() -> Iterator[Callable[[], int]]:
    """Afterwards: how many bytes of what was made within stood at the same time, at most."""
    most = 0
    gc.collect()
    tracemalloc.start()
    try:
        yield lambda: most
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()


def _name(each: object) -> str:
    if isinstance(each, FrameType):
        return f"{each.f_globals.get('__name__', '')}:{each.f_code.co_qualname}"
    return f"{type(each).__module__}.{type(each).__qualname__}"
