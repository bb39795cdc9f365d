"""The figures of one run, as tables for people and as plain data for programs."""

import itertools
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
_BEGIN, _END = "<!-- figures: written by `python -m bench --write` -->", "<!-- end of figures -->"

# What the project promises: least calls/s per core by size, most CPU against nginx at 1 KB,
# most added p50 against nginx's, most memory of a worker in MB.
_CALLS = {"1 KB": 8000, "10 KB": 6000, "100 KB": 2000}
_CPU_RATIO = 5.0
_P50_RATIO = 4.0
_WORKER_MB = 60.0


@dataclass(frozen=True)
class Speed:
    """One case at saturation: medians by target; ``ratio`` is CPU per call against nginx."""

    case: str
    calls_s: dict[str, float]
    cpu_us: dict[str, float]
    ratio: dict[str, float]


@dataclass(frozen=True)
class Added:
    """One case at the fixed rate: milliseconds of the direct way, and what each target adds to it."""

    case: str
    direct_p50_ms: float
    direct_p99_ms: float
    p50_ms: dict[str, float]
    p99_ms: dict[str, float]

    @classmethod
    def of(cls, case: str, taken: dict[str, list[list[float]]]) -> "Added":
        """p50: the median over the slices of the difference within one turn. p99: over all calls together, for a slice
        has too few of them."""
        direct = taken["direct"]
        others = [name for name in taken if name != "direct"]
        p50 = {name: 1000 * _median_difference(taken[name], direct) for name in others}
        p99 = {name: 1000 * (_p99(taken[name]) - _p99(direct)) for name in others}
        return cls(case, 1000 * statistics.median(_all(direct)), 1000 * _p99(direct), p50, p99)

    def ratio(self) -> float | None:
        """Doorward's added p50 against nginx's."""
        if not {"nginx", "doorward"} <= self.p50_ms.keys() or self.p50_ms["nginx"] <= 0:
            return None
        return self.p50_ms["doorward"] / self.p50_ms["nginx"]


@dataclass(frozen=True)
class Memory:
    """(RSS, PSS) in MB of the top process and of each one below it, at the end of the run."""

    target: str
    root: tuple[float, float]
    children: list[tuple[float, float]]


@dataclass(frozen=True)
class Machine:
    """Where and with what it was measured."""

    date: str
    processor: str
    cores: int
    system: str
    python: str
    nginx: str
    neighbours: str

    @classmethod
    def here(cls, neighbours: str) -> "Machine":
        return cls(
            date=datetime.now(UTC).strftime("%Y-%m-%d"),
            processor=_processor(),
            cores=len(os.sched_getaffinity(0)),
            system=f"{platform.system()} {platform.release()}",
            python=platform.python_version(),
            nginx=_nginx_version(),
            neighbours=neighbours,
        )


@dataclass(frozen=True)
class Report:
    """All of one run."""

    machine: Machine
    rounds: int
    window_s: int
    connections: int
    rate: int
    minutes: float
    speeds: list[Speed]
    added: list[Added]
    memory: list[Memory]

    def as_dict(self) -> dict[str, object]:
        """Plain data, for JSON."""
        return asdict(self) | {"goals": goals(self)}


def goals(report: Report) -> list[str]:
    """One line for each promise: kept or missed, with the figure."""
    lines = []
    for speed in report.speeds:
        if "doorward" in speed.calls_s:
            least = next(least for size, least in _CALLS.items() if f" {size}" in speed.case)
            lines.append(_goal(f"{speed.case}: calls/s per core", speed.calls_s["doorward"], "at least", least))
        if "doorward" in speed.ratio and "1 KB" in speed.case:
            lines.append(_goal(f"{speed.case}: CPU against nginx", speed.ratio["doorward"], "at most", _CPU_RATIO))
    for added in report.added:
        ratio = added.ratio()
        if ratio is not None:
            lines.append(_goal(f"{added.case}: added p50 against nginx", ratio, "at most", _P50_RATIO))
    for memory in report.memory:
        if memory.target == "doorward" and memory.children:
            lines.append(_goal("memory: largest worker, RSS in MB", max(memory.children)[0], "at most", _WORKER_MB))
    return lines


def _goal(what: str, figure: float, bound: str, limit: float) -> str:
    kept = figure >= limit if bound == "at least" else figure <= limit
    shown = f"{figure:,.0f}" if figure >= 100 else f"{figure:.2f}"
    return f"{'kept  ' if kept else 'MISSED'}  {what}: {shown} ({bound} {limit:,g})"


def render(report: Report) -> str:
    """The tables, in Markdown that reads well as plain text."""
    machine = report.machine
    told = (
        f"{machine.date}; {machine.processor}, {machine.cores} cores; {machine.system}; Python {machine.python}; "
        f"nginx {machine.nginx}; {machine.neighbours}; {report.rounds} rounds of "
        f"{report.window_s} s a case and target; {report.minutes:.1f} minutes in all."
    )
    parts = [told, f"At saturation ({report.connections} connections, target on one core):", _speeds(report.speeds)]
    parts += [f"At {report.rate} calls/s, milliseconds:", _latencies(report.added)]
    parts += [
        "Memory at the end, MB (RSS / PSS):",
        _memories(report.memory),
        "\n".join(f"    {g}" for g in goals(report)),
    ]
    return "\n\n".join(parts) + "\n"


def _speeds(speeds: Sequence[Speed]) -> str:
    names = list(speeds[0].calls_s)
    head = ["case", *(f"{n} calls/s" for n in names), *(f"{n} CPU us" for n in names), "CPU: doorward / nginx"]
    rows = [
        [
            speed.case,
            *(f"{speed.calls_s[n]:,.0f}" for n in names),
            *(f"{speed.cpu_us[n]:.0f}" for n in names),
            f"{speed.ratio['doorward']:.2f}" if "doorward" in speed.ratio else "-",
        ]
        for speed in speeds
    ]
    return table(head, rows)


def _latencies(added: Sequence[Added]) -> str:
    names = list(added[0].p50_ms)
    head = ["case", "direct p50 / p99", *(f"{n} adds p50 / p99" for n in names), "added p50: doorward / nginx"]
    rows = []
    for one in added:
        ratio = one.ratio()
        row = [one.case, f"{one.direct_p50_ms:.2f} / {one.direct_p99_ms:.2f}"]
        row += [f"{one.p50_ms[n]:+.2f} / {one.p99_ms[n]:+.2f}" for n in names]
        rows.append([*row, "-" if ratio is None else f"{ratio:.2f}"])
    return table(head, rows)


def _memories(memory: Sequence[Memory]) -> str:
    rows = [[one.target, _pair(one.root), ", ".join(_pair(child) for child in one.children) or "-"] for one in memory]
    return table(["target", "master or supervisor", "workers"], rows)


def _pair(memory: tuple[float, float]) -> str:
    return f"{memory[0]:.0f} / {memory[1]:.0f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with aligned columns: the first to the left, the others to the right."""
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [head, rule, *rows]
    return "\n".join("| " + " | ".join(_cell(line, at, widths[at]) for at in range(len(head))) + " |" for line in lines)


def _cell(line: Sequence[str], at: int, width: int) -> str:
    return line[at].ljust(width) if at == 0 else line[at].rjust(width)


def write_results(report: Report, alone: str) -> None:
    """Put the tables, and what the parts on their own said, between the two marks of RESULTS.md."""
    before, _, rest = RESULTS.read_text().partition(_BEGIN)
    after = rest.partition(_END)[2]
    RESULTS.write_text(f"{before}{_BEGIN}\n\n{render(report)}\nThe parts on their own:\n\n{alone}\n{_END}{after}")


def _median_difference(target: list[list[float]], direct: list[list[float]]) -> float:
    return statistics.median(statistics.median(a) - statistics.median(b) for a, b in zip(target, direct, strict=True))


def _p99(slices: list[list[float]]) -> float:
    return statistics.quantiles(_all(slices), n=100)[98]


def _all(slices: list[list[float]]) -> list[float]:
    return list(itertools.chain.from_iterable(slices))


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _nginx_version() -> str:
    try:
        said = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=False).stderr
    except FileNotFoundError:
        return "absent"
    return said.strip().rpartition("/")[2]
