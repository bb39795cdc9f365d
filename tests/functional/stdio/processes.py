"""What the stdio tests need to see of this machine: processes, descriptors, and a bounded way to wait for a state."""

import os
from pathlib import Path

CHILDREN = Path(__file__).parent / "children"
SERVER = str(CHILDREN / "server.py")


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))
