"""Start, pin, watch and stop the processes of one run. Linux only: pins with taskset, reads /proc."""

import os
import shutil
import socket
import statistics
import subprocess
import time
import timeit
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_START_S = 20.0


class BenchError(Exception):
    """The run cannot go on; the text says why and what to do."""


def need(*programs: str) -> None:
    """Say at once which outside programs are missing and how to get them."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        packages = " ".join("util-linux" if program == "taskset" else program for program in missing)
        raise BenchError(f"not on PATH: {', '.join(missing)}. On Debian or Ubuntu: sudo apt-get install {packages}")


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Cores:
    """Which processor core takes which part. The one that is measured always has a core of its own."""

    def __init__(self) -> None:
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            raise BenchError("two processor cores are the least: one for the target, one for all else")
        self.target = cores[-1]
        self.generator = cores[-2]
        self.upstream = cores[-3] if len(cores) > 2 else cores[-2]


def pinned(core: int, command: Sequence[str]) -> list[str]:
    """The command, held to one core together with all its children."""
    return ["taskset", "--cpu-list", str(core), *command]


@contextmanager
def running(
    command: Sequence[str], log: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process with its output in ``log``; ended by its id, first politely."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=env)
    try:
        yield process
    finally:
        family = tree(process.pid)
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            for pid in family:
                _kill(pid)
            process.wait(10)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, 9)
    except ProcessLookupError:
        pass


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, what: str) -> None:
    """Wait for ``ready``; on a process that ended or that takes too long, show the end of its log."""
    deadline = time.monotonic() + _START_S
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            state = "is not ready" if process.returncode is None else f"ended with {process.returncode}"
            raise BenchError(f"{what} {state}:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.05)


def tree(pid: int) -> list[int]:
    """The process and all below it, parents first."""
    found = [pid]
    for thread in _listed(Path(f"/proc/{pid}/task")):
        for child in _words(thread / "children"):
            found += tree(int(child))
    return found


def cpu_seconds(pids: Sequence[int]) -> float:
    """utime + stime of all threads of these processes."""
    return sum(_ticks(pid) for pid in pids) / _TICKS


class Neighbours:
    """What others on the machine took during a run; without them two runs cannot be told apart."""

    def __init__(self, core: int) -> None:
        self._core = core
        self._before = _jiffies()
        self._loops = [self._loop_us()]

    def told(self) -> str:
        """One phrase: stolen time, and how fast plain Python ran on the target's core at the start and the end."""
        self._loops.append(self._loop_us())
        busy, stolen = (after - before for after, before in zip(_jiffies(), self._before, strict=True))
        share = 100 * stolen / max(1, busy + stolen)
        loops = " and ".join(f"{loop:.1f}" for loop in self._loops)
        return f"{share:.0f} % of the busy time stolen by the host; a Python loop of 100 took {loops} us"

    def _loop_us(self) -> float:
        allowed = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {self._core})
        try:
            return statistics.median(timeit.repeat("sum(i * i for i in range(100))", number=1000, repeat=21)) * 1000
        finally:
            os.sched_setaffinity(0, allowed)


def _jiffies() -> tuple[int, int]:
    user, nice, system, _, _, irq, softirq, steal, *_ = map(int, Path("/proc/stat").read_text().split()[1:11])
    return user + nice + system + irq + softirq, steal


def memory_mb(pid: int) -> tuple[float, float]:
    """(RSS, PSS) in MB of 2^20 bytes; PSS shares out the pages that several processes hold."""
    fields = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, value, *_ = line.split()
        fields[name.rstrip(":")] = int(value) / 1024
    return fields["Rss"], fields["Pss"]


def _ticks(pid: int) -> int:
    # The name in parentheses may hold spaces (proc(5)); fields 14 and 15 are counted behind it.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _listed(directory: Path) -> list[Path]:
    try:
        return list(directory.iterdir())
    except FileNotFoundError:
        return []


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
