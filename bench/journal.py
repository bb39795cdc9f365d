"""What the journal costs: `python bench/journal.py [DIRECTORY]` (on the disk that is to be measured).

*Call path*: from `append` to the return of `written` (or `synced`), one record after the other, at a rate, and with
many callers at once. *Sustained*: records per second of lines of about 1.2 KB, from the loop, to the last one written.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from doorward.core.audit import Line
from doorward.gateway.journal import FileJournal

CALLS = 3000
STRICT = 300
RECORDS = 300_000


class Key:
    key_id = "0" * 16

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)


def line(number: int, phase: str) -> Line:
    return Line('{"v":1,"event_id":"e",', f'"exchange_id":"{number:032d}","filler":"{"x" * 950}"}}', str(number), phase)


async def one_by_one(kept: FileJournal, wait: Callable[[], Awaitable[None]], calls: int, pause: float) -> str:
    took = []
    for number in range(calls):
        record = line(number // 2, "outcome" if number % 2 else "intent")
        begun = time.perf_counter()
        kept.append(record)
        await wait()
        took.append(time.perf_counter() - begun)
        if pause:
            await asyncio.sleep(pause)
    return shown(took)


async def at_once(kept: FileJournal, callers: int, calls: int) -> str:
    took: list[float] = []

    async def caller() -> None:
        for number in range(calls // callers):
            begun = time.perf_counter()
            kept.append(line(number, ""))
            await kept.written()
            took.append(time.perf_counter() - begun)
            await asyncio.sleep(0.002)

    await asyncio.gather(*(caller() for _ in range(callers)))
    return shown(took)


async def sustained(kept: FileJournal, records: int) -> str:
    record = line(0, "")
    begun, used = time.perf_counter(), time.process_time()
    for number in range(records):
        kept.append(record)
        if number % 1000 == 999:
            await kept.written()
    await kept.written()
    took, used = time.perf_counter() - begun, time.process_time() - used
    return f"{records / took:,.0f} records/s, {used / records * 1e6:.1f} us of CPU each"


def shown(took: list[float]) -> str:
    took.sort()
    return " ".join(f"p{part:g} {took[int(len(took) * part / 100)] * 1e6:.0f} us" for part in (50, 90, 99))


async def main(directory: Path) -> None:
    kept = FileJournal(directory, signer=Key())
    print("one at a time, at once again  ", await one_by_one(kept, kept.written, CALLS, 0.0))
    print("one at a time, each 1 ms      ", await one_by_one(kept, kept.written, CALLS, 0.001))
    print("20 callers, each after 2 ms   ", await at_once(kept, 20, CALLS))
    print("one at a time, strict (synced)", await one_by_one(kept, kept.synced, STRICT, 0.001))
    print("sustained                     ", await sustained(kept, RECORDS))
    print(f"longest unsynced {kept.unsynced_seconds_max * 1000:.1f} ms, {kept.checkpoints} checkpoints")
    begun = time.perf_counter()
    kept.close()
    print(f"closed in {(time.perf_counter() - begun) * 1000:.1f} ms")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as place:
        uvloop.run(main(Path(place)))
