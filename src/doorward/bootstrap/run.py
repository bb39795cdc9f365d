"""``doorward run``: the child is started first, and everything heavy is imported while it boots.

So keep this file light: what is imported at its top delays the child (the first byte may come at most 300 ms later than
without us).
"""

import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from types import FrameType
from typing import Any

from doorward.transports.child import Child, child_environment, spawn

NOT_EXECUTABLE, NOT_FOUND = 126, 127
"""Exit codes where the command cannot be started, as shells, env(1) and nohup(1) use them."""


def run(argv: Sequence[str], *, config: str | None, server: str | None, mode: str | None) -> int:
    """Wrap ``argv`` and return the exit code for us: the child's, or 128 plus the signal that ended it.

    ``config`` is a configuration file, ``server`` the id to use in it (or in the records), ``mode`` overrides theirs.
    """
    try:
        child = spawn(argv, child_environment(os.environ))
    except OSError as problem:
        print(f"doorward: {argv[0]}: {problem.strerror}", file=sys.stderr)
        return NOT_FOUND if isinstance(problem, FileNotFoundError) else NOT_EXECUTABLE
    _hand_on_signals(child)
    wrapped: Any = import_module("doorward.bootstrap.wrapped")  # not before the child runs
    return int(wrapped.serve(child, argv, config=config, server=server, mode=mode))


def _hand_on_signals(child: Child) -> None:
    """Until the event loop does it. Without this, a signal during the imports would end us and leave the child."""

    def hand_on(number: int, frame: FrameType | None) -> None:
        child.signal(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, hand_on)
