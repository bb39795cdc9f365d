"""What runs on this machine, as /proc tells it."""

import os
from collections.abc import Iterator
from pathlib import Path


def processes() -> Iterator[tuple[int, int, str]]:
    """(pid, parent, state) of everything that runs."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            yield int(entry.name), int(fields[1]), fields[0]


def children_of(pid: int) -> list[int]:
    """The direct children of a process, zombies among them."""
    return [child for child, parent, _ in processes() if parent == pid]


def alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        if Path("/proc/self/stat").exists():
            return False
    try:  # macOS has no /proc
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
