"""What the journal adds to a call: `python bench/journal_path.py [DIRECTORY]` (on the disk that is to be measured).

The whole path of `inproc.py path`, 1 KB of text a call, three times in one process: with no journal (off), with one
whose records the kernel has before a call goes on and before its answer (standard), and with one that waits for the
disk both times (strict). In turns, so that what the neighbours do is the same for all; medians over the turns.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # where `bench` is, when this file is run as a script

import uvloop

from bench.inproc import KEEP, One, edge
from bench.payloads import MODERN, Case

TURNS, WARM = 9, 100
ALONE, TOGETHER = 100, 1600  # calls of a turn
CALLERS = 16
MOST_MS, MOST_P99_MS = 0.1, 1.0
"""What the journal may add to a call: to the median, and to p99 (G8, docs/guarantees.md)."""


async def alone(one: One) -> list[float]:
    """Seconds of each call, one after the other."""
    took = []
    for _ in range(ALONE):
        begun = time.perf_counter()
        await one()
        took.append(time.perf_counter() - begun)
    return took


def worst(took: list[list[float]]) -> float:
    """p99 of all calls of all turns, in milliseconds."""
    return 1000 * statistics.quantiles((each for turn in took for each in turn), n=100)[98]


async def together(ones: list[One]) -> tuple[float, float]:
    """Calls a second from so many clients at once, and seconds of CPU a call."""

    async def client(one: One) -> None:
        for _ in range(TOGETHER // len(ones)):
            await one()

    begun, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*map(client, ones))
    return TOGETHER / (time.perf_counter() - begun), (time.process_time() - used) / TOGETHER


async def main(directory: Path) -> None:
    made = {keep: edge(Case("text", 1, MODERN), directory / keep, keep) for keep in KEEP}
    clients = {keep: [connect() for _ in range(CALLERS)] for keep, (connect, _) in made.items()}
    for ones in clients.values():
        for number in range(WARM):
            await ones[number % CALLERS]()
    took: dict[str, list[list[float]]] = {keep: [] for keep in KEEP}
    speed: dict[str, list[tuple[float, float]]] = {keep: [] for keep in KEEP}
    for _ in range(TURNS):
        for keep, ones in clients.items():
            took[keep].append(await alone(ones[0]))
            speed[keep].append(await together(ones))
    for _, journal in made.values():
        journal.close()
    median = {keep: [statistics.median(turn) for turn in took[keep]] for keep in KEEP}
    print(f"journal    one call, p50 us   p99 us   calls/s of {CALLERS} clients   CPU us a call")
    for keep in KEEP:
        calls, cpu = (statistics.median(column) for column in zip(*speed[keep], strict=True))
        one = f"{statistics.median(median[keep]) * 1e6:>17.0f} {worst(took[keep]) * 1000:>8.0f}"
        print(f"{keep:<9} {one} {calls:>23,.0f} {cpu * 1e6:>15.0f}")
    pairs = zip(median["standard"], median["off"], strict=True)
    added = 1000 * statistics.median(on - off for on, off in pairs)
    late = worst(took["standard"]) - worst(took["off"])
    for name, figure, most in (("p50", added, MOST_MS), ("p99", late, MOST_P99_MS)):
        verdict = "kept  " if figure <= most else "MISSED"
        print(f"    {verdict}  standard adds {figure:.3f} ms to {name} (at most {most:g})")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as place:
        uvloop.run(main(Path(place)))
