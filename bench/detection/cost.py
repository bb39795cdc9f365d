"""What the detectors add to a call that holds nothing: ``python -m bench.detection cost``.

Two gateways in one run, alike but for the detectors, 1 KB of clean text a call, windows in turns; CPU per call of all
their processes, as ``bench/saturate.py`` measures it. To reach: at most 1.3 times.
"""

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.payloads import CLEAN_1KB
from bench.processes import Cores, need
from bench.saturate import saturate, write_requests
from bench.targets import all_targets, new_token

MOST = 1.3


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.detection cost", description="What they add to a call.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of a window")
    chosen = parser.parse_args(arguments)
    need("taskset", "wrk")
    cores, token = Cores(), new_token()
    with tempfile.TemporaryDirectory(prefix="doorward-bench-") as temporary:
        directory = Path(temporary)
        requests = write_requests(CLEAN_1KB, token, directory)
        with all_targets(["doorward", "detecting"], cores, directory, token, [CLEAN_1KB]) as (_, off, on):
            cpu: dict[str, list[float]] = {off.name: [], on.name: []}
            for _ in range(chosen.rounds):
                for target in (off, on):
                    target.check(CLEAN_1KB, token)
                    cpu[target.name].append(
                        saturate(target, CLEAN_1KB, requests, chosen.seconds, cores.generator).cpu_us
                    )
                    target.forget_records()
    ratio = statistics.median(b / a for a, b in zip(cpu[off.name], cpu[on.name], strict=True))
    print(f"CPU a call, clean 1 KB: {statistics.median(cpu[off.name]):.0f} us without detectors, ", end="")
    print(f"{statistics.median(cpu[on.name]):.0f} us with them")
    print(f"    {'kept  ' if ratio <= MOST else 'MISSED'}  with against without: {ratio:.2f} (at most {MOST:g})")
