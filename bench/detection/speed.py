"""What looking through one message costs: ``python -m bench.detection speed``; beside Presidio, with what is to be
reached.

The trigger pass and the scan on messages that were decoded before, with the event loop and the settings of the
garbage collector that a worker has; ``cold`` are messages that were not seen before, ``warm`` the same ones again.
``stall`` is the longest that the event loop waited meanwhile.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import uvloop

from bench.detection import stock
from bench.detection.library import DEPTH, detectors, scanner
from bench.detection.payloads import NEAR, PAYLOADS, Payload, own_text
from bench.payloads import CLEAN_1KB, answer, request
from bench.report import table
from doorward.core.decode import decode
from doorward.detection.trigger import Triggers
from doorward.gateway.scanning import Detectors
from doorward.worker.collector import spare_the_collector

WARM_UP = 5
PASS_MS = 0.3  # for 10 KB
BEAT_S = 0.001


@dataclass(frozen=True)
class Taken:
    """Milliseconds."""

    cold_p50: float
    cold_p95: float
    warm_p50: float
    stall: float
    found: float  # findings a message
    presidio: float | None


@dataclass(frozen=True)
class Reach:
    """What one figure of one payload has to keep."""

    payload: str
    figure: str
    most: float


REACH = (
    Reach("clean 10 KB", "cold_p50", 0.3),
    Reach("clean rows 10 KB", "cold_p50", 0.3),
    Reach("mixed 10 KB", "cold_p50", 1.0),
    Reach("mixed 10 KB", "cold_p95", 5.0),
    Reach("three findings a KB, 100 KB", "cold_p50", 30.0),
    Reach("CRM in text 100 KB", "cold_p50", 30.0),
    Reach("prose with names 10 KB", "cold_p50", 25.0),
    Reach("prose with names 10 KB", "warm_p50", 10.0),
    Reach("near-matches 200 KB", "cold_p95", 2000.0),
    Reach("near-matches 200 KB", "stall", 10.0),
)


def main(arguments: Sequence[str]) -> None:
    chosen = _parser().parse_args(arguments)
    taken: dict[str, Taken] = {}
    made = {False: scanner(detectors(names=False))}
    for payload in (*PAYLOADS, NEAR):
        rounds = max(3, chosen.calls // payload.kilobytes)
        theirs = presidio(payload, chosen.presidio) if chosen.presidio.exists() and payload is not NEAR else None
        if payload.names not in made:
            made[payload.names] = scanner(detectors(names=payload.names))
        taken[payload.name] = uvloop.run(measure(payload, made[payload.names], rounds, theirs))
    print(figures(taken))
    print()
    for reach in REACH:
        value = getattr(taken[reach.payload], reach.figure)
        kept = "kept  " if value <= reach.most else "MISSED"
        print(f"    {kept}  {reach.payload}: {reach.figure} {value:.2f} ms (at most {reach.most:g})")
    calls = [(request(CLEAN_1KB, 7), "arguments"), (answer(CLEAN_1KB, 7), "results")]
    quiet = all(made[False].quiet(raw, way) for raw, way in calls)
    print(f"    {'kept  ' if quiet else 'MISSED'}  a call without anything, as clients send it, sets off no trigger")
    passes = made[False]
    ms = own_text_ms(lambda raw: passes.quiet(raw, "results"))
    kept = "kept  " if ms <= PASS_MS else "MISSED"
    print(f"    {kept}  the pass over 10 KB of this repository's text: {ms:.2f} ms (at most {PASS_MS:g})")
    worst = max(map(own_text_ms, compiled(passes).automata))
    kept = "kept  " if worst <= PASS_MS else "MISSED"
    print(f"    {kept}  the slowest automaton of the pass by itself: {worst:.2f} ms (at most {PASS_MS:g})")
    print()
    print(memory(chosen.presidio))


async def measure(payload: Payload, made: Detectors, rounds: int, theirs: float | None) -> Taken:
    """Fresh messages, each twice in a row of all; raises where a clean payload sets off a trigger."""
    messages = [payload.make(Random(seed)) for seed in range(rounds + WARM_UP)]
    read = [(raw, decode(raw, DEPTH)) for raw in messages]
    if payload.clean and not all(made.quiet(raw, "results") for raw in messages):
        raise SystemExit(f"{payload.name}: a trigger fires, so that it is not clean")
    for raw, value in read[:WARM_UP]:
        await made.scan(raw, value, "results")
    cold: list[float] = []
    warm: list[float] = []
    found = stall = 0.0
    spare_the_collector()
    for raw, value in read[WARM_UP:]:
        beat = asyncio.create_task(_beat())
        await asyncio.sleep(0)
        ms, count = await once(made, raw, value)
        beat.cancel()
        stall = max(stall, await beat)
        cold.append(ms)
        found += count
        warm.append((await once(made, raw, value))[0])
    p95 = statistics.quantiles(cold, n=20)[18] if len(cold) > 20 else max(cold)
    return Taken(statistics.median(cold), p95, statistics.median(warm), stall, found / rounds, theirs)


async def once(made: Detectors, raw: bytes, value: object) -> tuple[float, int]:
    """Milliseconds, and how many findings."""
    begun = time.perf_counter()
    found = [] if made.quiet(raw, "results") else await made.scan(raw, value, "results")
    return (time.perf_counter() - begun) * 1000, len(found)


async def _beat() -> float:
    """The longest that a nap of 1 ms took beyond that, in milliseconds, until it is cancelled."""
    longest, begun = 0.0, time.perf_counter()
    try:
        while True:
            await asyncio.sleep(BEAT_S)
            now = time.perf_counter()
            longest, begun = max(longest, now - begun - BEAT_S), now
    except asyncio.CancelledError:
        return max(longest, time.perf_counter() - begun - BEAT_S) * 1000


def compiled(made: Detectors) -> Triggers:
    """The triggers of a scanner for results."""
    found = made._trigger("results")
    assert found is not None
    return found


def own_text_ms(look: Callable[[bytes], bool]) -> float:
    """Milliseconds that a look takes for 10 KB of this repository's text, at a second one; CPU. An automaton that has
    no room for the states of so much text makes them again and again, and takes fifty times as long.
    """
    messages = own_text()
    for raw in messages:
        look(raw)
    begun = time.process_time()
    for raw in messages:
        look(raw)
    return (time.process_time() - begun) * 1000 / sum(map(len, messages)) * 10240


def presidio(payload: Payload, python: Path) -> float:
    """Milliseconds of stock Presidio on the dump, patterns only; the median of three, of one above 10 KB."""
    with stock.stock(python) as running:
        times = [
            running.look(payload.make(Random(seed)).decode())[0] for seed in range(3 if payload.kilobytes <= 10 else 1)
        ]
    return statistics.median(times)


def figures(taken: dict[str, Taken]) -> str:
    rows = [
        [
            name,
            f"{one.cold_p50:.2f}",
            f"{one.cold_p95:.2f}",
            f"{one.warm_p50:.2f}",
            f"{one.stall:.1f}",
            f"{one.found:.0f}",
            "-" if one.presidio is None else f"{one.presidio:,.0f}",
        ]
        for name, one in taken.items()
    ]
    return table(["ms", "cold p50", "cold p95", "warm p50", "stall", "findings", "Presidio"], rows)


def memory(python: Path) -> str:
    """MB of a process that has looked through one message of each kind, by what is on."""
    rows = []
    for what in ("", "patterns secrets", "patterns secrets names"):
        command = [sys.executable, "-m", "bench.detection.memory", *what.split()]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rows.append([what or "no detector", done.stdout.strip()])
    if python.exists():
        with stock.stock(python) as running:
            running.look(PAYLOADS[4].make(Random(1)).decode())
            rows.append(["Presidio's worker process, no model", f"{running.mb:.0f}"])
    return table(["memory, RSS in MB", ""], rows)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.detection speed", description="What looking costs.")
    parser.add_argument("--presidio", type=Path, default=stock.USUAL, metavar="PYTHON", help="that has Presidio")
    parser.add_argument("--calls", type=int, default=1000, help="messages of 1 KB; fewer of larger ones")
    return parser
