"""What shipping adds to a call: `python -m bench.delivery_calls [--slices N] [--apart]`.

One Doorward without sinks and one with four (a file, and services that are slow, hang, and are not there), asked in
turns at 140 calls a second: ten times 50,000 an hour. The gateway and its shipper share one core, which is the worst
that can be; with `--apart` the shipper is on another.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.payloads import CLEAN_1KB
from bench.processes import BenchError, Cores, pinned, tree
from bench.targets import all_targets, new_token

RATE = 140


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=40, help="of a second, each target")
    parser.add_argument("--apart", action="store_true", help="the shipper on a core of its own")
    asked = parser.parse_args()
    taken = measured(asked.slices, apart=asked.apart)
    print(f"{RATE} calls/s, 1 KB, {asked.slices} slices of 1 s each, in turns; ms, medians of the slices")
    print(f"{'':10} {'p50':>8} {'p99':>8} {'largest':>8}")
    for name in ("direct", "doorward", "shipping"):
        print(f"{name:10} {_at(taken[name], 0.5):8.3f} {_at(taken[name], 0.99):8.3f} {_at(taken[name], 1.0):8.3f}")
    for mark, quantile in (("p50", 0.5), ("p99", 0.99)):
        print(f"shipping adds at {mark}: {_at(taken['shipping'], quantile) - _at(taken['doorward'], quantile):.3f} ms")


def measured(slices: int, *, apart: bool) -> dict[str, list[list[float]]]:
    """Target -> the latencies of each slice, in seconds."""
    cores, token, case = Cores(), new_token(), CLEAN_1KB
    with (
        tempfile.TemporaryDirectory(prefix="doorward-bench-") as temporary,
        all_targets(["doorward", "shipping"], cores, Path(temporary), token, [case]) as targets,
    ):
        if apart:
            _apart(targets[-1].root, cores.upstream)
        order = {
            "rate": RATE,
            "slice_s": 1,
            "slices": slices,
            "token": token,
            "case": [case.shape, case.kilobytes, case.era],
            "urls": {target.name: target.url for target in targets},
        }
        command = pinned(cores.generator, [sys.executable, "-m", "bench.pace", json.dumps(order)])
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(done.stderr.strip())
    taken: dict[str, list[list[float]]] = json.loads(done.stdout)
    return taken


def _apart(root: int, core: int) -> None:
    for pid in tree(root):
        if b"doorward.worker\0ship" in Path(f"/proc/{pid}/cmdline").read_bytes():
            command = ["taskset", "--all-tasks", "--cpu-list", "--pid", str(core), str(pid)]
            subprocess.run(command, check=True, capture_output=True)


def _at(slices: list[list[float]], quantile: float) -> float:
    """Milliseconds: the median over the slices, so that one that was disturbed does not count."""
    found = [sorted(each)[min(len(each) - 1, int(quantile * len(each)))] for each in slices]
    return 1000 * statistics.median(found)


if __name__ == "__main__":
    main()
