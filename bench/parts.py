"""The parts of the path on their own: tokens, decisions, schemas, log, delivery, detection; each can be run alone."""

import subprocess
import sys
from pathlib import Path

from bench.processes import BenchError, pinned

SCRIPTS = ("tokens.py", "policies.py", "validation.py", "journal_path.py", "journal.py")
HERE = Path(__file__).parent
DETECTION = ("speed", "cost")


def parts(core: int) -> str:
    """What each script says, for people, with the command that makes it."""
    said = [_said(f"python bench/{name}", pinned(core, [sys.executable, str(HERE / name)])) for name in SCRIPTS]
    # Every core: for long logs it starts a process on each.
    said.append(_said("python bench/verify.py", [sys.executable, str(HERE / "verify.py")]))
    said.append(_said("python -m bench.delivery", [sys.executable, "-m", "bench.delivery", "--events", "20000"]))
    for name in DETECTION:
        command = [sys.executable, "-m", "bench.detection", name]
        # What it costs a gateway starts its own processes, each on a core of its own.
        said.append(_said(f"python -m bench.detection {name}", command if name == "cost" else pinned(core, command)))
    return "\n\n".join(said) + "\n"


def _said(shown: str, command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{shown}: {done.stderr.strip()}")
    return f"`{shown}`:\n\n```\n{done.stdout.rstrip()}\n```"
