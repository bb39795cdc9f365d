"""As fast as it goes: wrk with 16 connections against one target for a while, and the CPU that this took."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.payloads import Case, answer, headers, request
from bench.processes import BenchError, pinned
from bench.targets import Target

CONNECTIONS = 16
_IDS = range(1000, 2000)
_SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True)
class Window:
    """One measurement: calls per second, and CPU microseconds per call of all processes of the target."""

    calls_s: float
    cpu_us: float


def write_requests(case: Case, token: str, directory: Path) -> Path:
    """The file that wrk.lua reads: headers as ``# Name: value``, then one body a line."""
    path = directory / f"{case.tool}-{case.era}.requests"
    lines = [f"# {name}: {value}".encode() for name, value in headers(case, token).items()]
    lines += [request(case, number) for number in _IDS]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def saturate(target: Target, case: Case, requests: Path, seconds: int, core: int) -> Window:
    """One window. Raises ``BenchError`` on any answer that is not 200 or has not the size of the right one."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(_SCRIPT), target.url, "--", str(requests)]
    before = target.cpu_seconds()
    done = subprocess.run(pinned(core, command), capture_output=True, text=True, check=False)
    cpu = target.cpu_seconds() - before
    line = next((line for line in done.stdout.splitlines() if line.startswith("BENCH ")), None)
    if done.returncode or line is None:
        raise BenchError(f"wrk failed on {target.name}: {done.stdout}{done.stderr}")
    calls, duration_us, size, status, broken, late = map(int, line.split()[1:])
    if status or broken or late or not calls:
        raise BenchError(
            f"{target.name}, {case.label}: of {calls} calls {status} not 200, {broken} connections broken, {late} late"
        )
    _check_size(target, case, size / calls)
    return Window(calls / duration_us * 1e6, cpu / calls * 1e6)


def _check_size(target: Target, case: Case, size: float) -> None:
    """A refusal (``isError``) is a 200 too, but of another size; headers may take up to 1,000 bytes.

    wrk counts what arrived of the answers that it did not wait for at the end, which is at most one a connection.
    """
    right = len(answer(case, _IDS[0]))
    if not right < size < right * 1.02 + 1000:
        raise BenchError(f"{target.name}, {case.label}: {size:.0f} bytes an answer, but the right body has {right}")
