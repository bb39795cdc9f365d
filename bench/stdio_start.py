"""How much later a stdio server's first byte comes through `doorward run` than without it.

    python bench/stdio_start.py [--rounds 15] [--json]

Two servers: a Python program that prints one line at once, and `cat`, which repeats the line it is sent. Runs with and
without alternate, so that both see the same machine; medians are reported, and the first round, which warms the file
cache, is left out. State goes to a directory of its own.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

LINE = b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"up"}}\n'
SERVERS = {
    "python": [sys.executable, "-c", f"import sys; sys.stdout.write({LINE.decode()!r}); sys.stdout.flush(); input()"],
    "cat": ["cat"],
}
WRAPPER = [sys.executable, "-m", "doorward", "run", "--"]


def first_byte(command: list[str], environment: dict[str, str]) -> float:
    """Milliseconds from the start of the command to the first byte of its output."""
    begun = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(LINE)
        process.stdin.flush()
        byte = process.stdout.read(1)
        taken = (time.perf_counter() - begun) * 1000
        process.stdin.close()
        process.stdout.read()
    if byte != b"{":
        raise SystemExit(f"{command[0]} did not answer")
    return taken


def measure(command: list[str], rounds: int, environment: dict[str, str]) -> dict[str, float]:
    direct, wrapped = [], []
    for _ in range(rounds + 1):
        direct.append(first_byte(command, environment))
        wrapped.append(first_byte([*WRAPPER, *command], environment))
    added = [after - before for before, after in zip(direct[1:], wrapped[1:], strict=True)]
    return {
        "direct_ms": statistics.median(direct[1:]),
        "wrapped_ms": statistics.median(wrapped[1:]),
        "added_ms": statistics.median(added),
        "added_most_ms": max(added),
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--json", action="store_true")
    args = options.parse_args()
    with tempfile.TemporaryDirectory() as state:
        environment = {**os.environ, "XDG_STATE_HOME": state}
        found = {name: measure(command, args.rounds, environment) for name, command in SERVERS.items()}
    if args.json:
        print(json.dumps(found, indent=2))
        return
    for name, figures in found.items():
        print(f"{name:7}", "  ".join(f"{key} {value:6.1f}" for key, value in figures.items()))


if __name__ == "__main__":
    main()
