"""The verifier as a program of its own; ``doorward audit verify`` calls ``run`` too."""

import argparse
import os
import sys
import time
from pathlib import Path

from doorward.control.audit.verify.chains import processors
from doorward.control.audit.verify.places import Unreadable
from doorward.control.audit.verify.progress import Progress
from doorward.control.audit.verify.public_keys import NoKeys, PublicKeys
from doorward.control.audit.verify.telling import as_json, as_text, coloured, plain, shown
from doorward.control.audit.verify.whole import verify

GOOD, BAD, WRONG_USE, UNREADABLE = 0, 1, 2, 3
"""Exit codes: intact and complete; not; wrong use; the log cannot be read."""


def main(arguments: list[str] | None = None) -> int:
    """Verify a log, as the command line says."""
    parser = argparse.ArgumentParser(
        description="Whether a Doorward audit log is intact and complete. Offline; needs the public keys only.",
        epilog="Exit codes: 0 intact and complete, 1 not, 2 wrong use, 3 the log cannot be read.",
    )
    parser.add_argument("directory", type=Path, help="the audit directory (audit.directory), or a copy of it")
    parser.add_argument(
        "--public-key",
        type=Path,
        action="append",
        required=True,
        metavar="FILE",
        help="PEM; may be given again",
    )
    parser.add_argument("--checkpoints", type=Path, metavar="DIR", help="exported checkpoints (audit.checkpoints)")
    parser.add_argument("--strict", action="store_true", help="not closed and not at work is not complete")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--jobs", type=int, default=processors(), metavar="N", help="processes, for long logs")
    given = parser.parse_args(arguments)
    return run(
        given.directory, given.public_key, given.checkpoints, strict=given.strict, json=given.json, jobs=given.jobs
    )


def run(
    directory: Path, public_keys: list[Path], checkpoints: Path | None, *, strict: bool, json: bool, jobs: int
) -> int:
    """Verify and print; the exit code."""
    for path in (directory, checkpoints):
        if path is not None and not path.is_dir():
            return _failed(f"{path} is no directory", WRONG_USE)
    try:
        keys = PublicKeys(*(path.read_bytes() for path in public_keys))
    except (NoKeys, OSError) as fault:
        return _failed(f"{_said(fault)}; `doorward audit public-key` prints the public keys", WRONG_USE)
    progress = Progress()
    try:
        report = verify(directory, keys, exported=checkpoints, strict=strict, jobs=jobs, advanced=progress)
    except (Unreadable, OSError) as fault:
        return _failed(_said(fault), UNREADABLE)
    finally:
        progress.end()
    in_colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    sys.stdout.write(as_json(report) + "\n" if json else as_text(report, time.time(), coloured if in_colour else plain))
    return GOOD if report.intact and report.complete else BAD


def _said(fault: Exception) -> str:
    if isinstance(fault, OSError) and fault.strerror:
        return f"{fault.filename} cannot be read: {fault.strerror}" if fault.filename else fault.strerror
    return str(fault)


def _failed(what: str, code: int) -> int:
    print(f"doorward: {shown(what)}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
