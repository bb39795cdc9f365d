"""Prints the RSS in MB of a process that ran the named detectors over one message of each kind, for speed.py."""

import asyncio
import os
import sys
from random import Random

from bench.detection.library import DEPTH, plug, scanner
from bench.detection.payloads import PAYLOADS
from bench.processes import memory_mb
from doorward.core.decode import decode


async def main() -> None:
    made = scanner([plug(name) for name in sys.argv[1:]])
    for payload in PAYLOADS:
        raw = payload.make(Random(1))
        if not made.quiet(raw, "results"):
            await made.scan(raw, decode(raw, DEPTH), "results")
    print(f"{memory_mb(os.getpid())[0]:.0f}")


if __name__ == "__main__":
    asyncio.run(main())
