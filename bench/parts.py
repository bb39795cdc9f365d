"""The parts of the path on their own: tokens, decisions, schemas; each a script that can be run alone."""

import subprocess
import sys
from pathlib import Path

from bench.processes import BenchError, pinned

SCRIPTS = ("tokens.py", "policies.py", "validation.py")


def parts(core: int) -> str:
    """What each script says, for people, with the command that makes it."""
    said = []
    for name in SCRIPTS:
        script = Path(__file__).parent / name
        done = subprocess.run(pinned(core, [sys.executable, str(script)]), capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchError(f"{name}: {done.stderr.strip()}")
        said.append(f"`python bench/{name}`:\n\n```\n{done.stdout.rstrip()}\n```")
    return "\n\n".join(said) + "\n"
