"""What the stdio tests need to see of this machine: processes, descriptors, and a bounded way to wait for a state."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

CHILDREN = Path(__file__).parent / "children"
SERVER = str(CHILDREN / "server.py")


def alive(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    except OSError:
        return False
    return state not in "ZX"


def children_of(pid: int) -> list[int]:
    """Direct children, zombies included."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid:
                found.append(int(entry.name))
    return found


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Return when the condition holds; fail after ``seconds``."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition never came true"
        await asyncio.sleep(0.01)


def until_now(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """The same without an event loop."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition never came true"
        time.sleep(0.01)
