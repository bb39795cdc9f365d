"""What a gateway process holds, seen from outside: /proc, /metrics, the journal."""

import asyncio
import json
import os
import re
import time
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.gateway import Gateway
from tests.journals import whole_lines
from tests.processes import children_of

_GROWING = {
    "doorward_journal_checkpoints",
    "doorward_journal_unsynced_seconds",
    "doorward_journal_syncs",
    "doorward_journal_sync_seconds",
}
"""What traffic leaves behind."""
_GAUGE = re.compile(r"^# TYPE (\S+) gauge$", re.MULTILINE)
MIB = 1 << 20


def worker_of(gateway: Gateway) -> int:
    """The pid of the one worker."""
    found = children_of(gateway.pid)
    assert len(found) == 1, f"expected one worker, found {len(found)}"
    return found[0]


def descriptors(pid: int) -> dict[str, str]:
    """Open descriptors and what they are."""
    found = {}
    for entry in os.scandir(f"/proc/{pid}/fd"):
        try:
            found[entry.name] = os.readlink(entry.path)
        except FileNotFoundError:
            continue
    return found


def resident(pid: int) -> int:
    """Bytes of memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def spent(pid: int) -> float:
    """Seconds of the processor, which do not pass while others have it."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def metrics(gateway: Gateway) -> dict[str, float]:
    """Every sample of /metrics, labels included in its name."""
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in _lines(gateway))}


def gauges(gateway: Gateway) -> dict[str, float]:
    """The gauges without labels: what is held now, so without those of the log that tell what was."""
    names = set(_GAUGE.findall(_text(gateway))) - _GROWING
    return {name: value for name, value in metrics(gateway).items() if name in names}


def _text(gateway: Gateway) -> str:
    with urllib.request.urlopen(gateway.admin_url("/metrics"), timeout=10) as answer:
        return str(answer.read().decode())


def _lines(gateway: Gateway) -> list[str]:
    return [line for line in _text(gateway).splitlines() if line and not line.startswith("#")]


def records(gateway: Gateway) -> list[dict[str, Any]]:
    """Every record in the journal, in order, but the first of each writer, which only says who else is there."""
    lines = [line for path in sorted(gateway.audit_path.rglob("journal-*.jsonl")) for line in whole_lines(path)]
    return [record for record in map(json.loads, lines) if record["kind"] != "checkpoint"]


async def until(
    true: Callable[[], bool] | Callable[[], Awaitable[bool]], what: Callable[[], str], patience: float
) -> None:
    """Waits for a condition."""
    deadline = time.monotonic() + patience
    while True:
        found = true()
        if found if isinstance(found, bool) else await found:
            return
        assert time.monotonic() < deadline, what()
        await asyncio.sleep(0.05)
