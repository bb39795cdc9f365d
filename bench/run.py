"""The comparison in one run: direct, nginx ``proxy_pass``, Doorward; pinned, interleaved, medians.

    python -m bench [--quick] [--json FILE] [--write]

README.md says how it measures, RESULTS.md what came out.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.parts import parts
from bench.payloads import CASES, TEXT, Case
from bench.processes import BenchError, Cores, Neighbours, memory_mb, need, pinned, tree
from bench.report import Added, Machine, Memory, Report, Speed, render, write_results
from bench.saturate import CONNECTIONS, Window, saturate, write_requests
from bench.spy import spy
from bench.targets import Target, all_targets, new_token

RATE = 200


@dataclass(frozen=True)
class Plan:
    """How long it takes: ``rounds`` windows of ``window_s`` a case and target; ``slices`` of a second at ``RATE``."""

    rounds: int
    window_s: int
    slices: int
    paced: tuple[Case, ...]


FULL = Plan(rounds=3, window_s=2, slices=10, paced=TEXT)
QUICK = Plan(rounds=1, window_s=1, slices=2, paced=TEXT[:1])


def measure(plan: Plan, names: list[str], say: Callable[[str], None]) -> Report:
    """Start everything, take all measurements, stop everything. ``say`` tells how far it is."""
    cores, token, started = Cores(), new_token(), time.monotonic()
    neighbours = Neighbours(cores.target)
    with tempfile.TemporaryDirectory(prefix="doorward-bench-") as temporary:
        directory = Path(temporary)
        with all_targets(names, cores, directory, token) as targets:
            speeds = [_speed(plan, case, targets, directory, token, cores, say) for case in CASES]
            added = [_added(plan, case, targets, token, cores, say) for case in plan.paced]
            memory = [_memory(target) for target in targets if target.name != "direct"]
    minutes = (time.monotonic() - started) / 60
    return Report(
        Machine.here(neighbours.told()), plan.rounds, plan.window_s, CONNECTIONS, RATE, minutes, speeds, added, memory
    )


def _speed(
    plan: Plan, case: Case, targets: list[Target], directory: Path, token: str, cores: Cores, say: Callable[[str], None]
) -> Speed:
    requests = write_requests(case, token, directory)
    windows: dict[str, list[Window]] = {target.name: [] for target in targets}
    for number in range(plan.rounds):
        say(f"saturation  {case.label}, round {number + 1} of {plan.rounds}")
        for target in targets:
            windows[target.name].append(saturate(target, case, requests, plan.window_s, cores.generator))
            target.check(case, token)
            target.forget_records()
    calls = {name: statistics.median(w.calls_s for w in taken) for name, taken in windows.items()}
    cpu = {name: statistics.median(w.cpu_us for w in taken) for name, taken in windows.items()}
    return Speed(case.label, calls, cpu, _ratios(windows))


def _ratios(windows: dict[str, list[Window]]) -> dict[str, float]:
    """CPU per call against nginx's in the same round; the median over the rounds."""
    if "nginx" not in windows:
        return {}
    pairs = {name: zip(taken, windows["nginx"], strict=True) for name, taken in windows.items() if name != "direct"}
    return {name: statistics.median(a.cpu_us / b.cpu_us for a, b in both) for name, both in pairs.items()}


def _added(
    plan: Plan, case: Case, targets: list[Target], token: str, cores: Cores, say: Callable[[str], None]
) -> Added:
    say(f"latency     {case.label}, {RATE} calls/s, {plan.slices} slices a target")
    order = {
        "rate": RATE,
        "slice_s": 1,
        "slices": plan.slices,
        "token": token,
        "case": [case.shape, case.kilobytes, case.era],
        "urls": {target.name: target.url for target in targets},
    }
    command = pinned(cores.generator, [sys.executable, "-m", "bench.pace", json.dumps(order)])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"pacing {case.label}: {done.stderr.strip()}")
    taken: dict[str, list[list[float]]] = json.loads(done.stdout)
    return Added.of(case.label, taken)


def _memory(target: Target) -> Memory:
    root, *children = tree(target.root)
    return Memory(target.name, memory_mb(root), [memory_mb(child) for child in children])


def profile(out: Path, tool: str) -> None:
    """A profile of Doorward alone, on one kind of call."""
    case = next(case for case in CASES if case.tool == tool)
    cores, token = Cores(), new_token()
    with tempfile.TemporaryDirectory(prefix="doorward-bench-") as temporary:
        directory = Path(temporary)
        with all_targets(["doorward"], cores, directory, token) as targets:
            spy(targets[-1], case, directory, token, cores, out)


def compare(plan: Plan, names: list[str], json_file: Path | None, write: bool) -> None:
    """Measure, and put the figures where they are wanted."""
    report = measure(plan, names, lambda line: print(line, file=sys.stderr, flush=True))
    alone = parts(Cores().target) if "doorward" in names else ""
    print(render(report))
    print(alone)
    if json_file:
        json_file.write_text(json.dumps(report.as_dict(), indent=1) + "\n")
    if write:
        write_results(report, alone)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Direct, nginx and Doorward in one run.")
    parser.add_argument("--quick", action="store_true", help="about 40 s: one short round; good for an impression only")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all figures there")
    parser.add_argument("--write", action="store_true", help="write the tables into bench/RESULTS.md")
    parser.add_argument("--without", action="append", default=[], choices=["nginx", "doorward"], help="leave one out")
    parser.add_argument(
        "--profile", type=Path, metavar="FILE", help="only profile Doorward's worker with py-spy (.svg)"
    )
    parser.add_argument(
        "--tool", default=TEXT[0].tool, choices=sorted({case.tool for case in CASES}), help="for --profile"
    )
    chosen = parser.parse_args()
    names = [name for name in ("nginx", "doorward") if name not in chosen.without]
    try:
        need("taskset", "wrk", *(["nginx"] if "nginx" in names else []))
        if chosen.profile:
            profile(chosen.profile, chosen.tool)
        else:
            compare(QUICK if chosen.quick else FULL, names, chosen.json, chosen.write)
    except BenchError as wrong:
        sys.exit(f"bench: {wrong}")
