"""Where Doorward's worker spends its time: py-spy on it while wrk keeps it busy (not part of the comparison)."""

import subprocess
from pathlib import Path

from bench.payloads import Case
from bench.processes import BenchError, Cores, need, tree
from bench.saturate import saturate, write_requests
from bench.targets import Target

_SECONDS = 5


def spy(target: Target, case: Case, directory: Path, token: str, cores: Cores, out: Path) -> None:
    """Write a profile of the busiest process of ``target`` to ``out``: a flame graph (.svg), else folded stacks."""
    need("py-spy")
    requests = write_requests(case, token, directory)
    worker = tree(target.root)[-1]
    form = "flamegraph" if out.suffix == ".svg" else "raw"
    command = [
        "py-spy",
        "record",
        "--rate",
        "500",
        "--pid",
        str(worker),
        "--duration",
        str(_SECONDS),
        "--format",
        form,
        "--output",
    ]
    with subprocess.Popen([*command, str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as watcher:
        saturate(target, case, requests, _SECONDS + 2, cores.generator)
        _, said = watcher.communicate(timeout=30)
    target.forget_records()
    if watcher.returncode:
        raise BenchError(f"py-spy failed: {said.decode(errors='replace').strip()}")
