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
    signals = _Signals()
    try:
        child = spawn(argv, child_environment(os.environ))
    except OSError as problem:
        print(f"doorward: {argv[0]}: {problem.strerror}", file=sys.stderr)
        return NOT_FOUND if isinstance(problem, FileNotFoundError) else NOT_EXECUTABLE
    signals.hand_to(child)
    wrapped: Any = import_module("doorward.bootstrap.wrapped")  # not before the child runs
    return int(wrapped.serve(child, argv, config=config, server=server, mode=mode))


class _Signals:
    """Hands signals to the child until the event loop does it; without this, one during the imports would end us.

    In force before the child is started, so that there is no moment at which a signal would not reach it: what comes
    before there is a child is kept for it. (A handler does not survive exec(2): the child starts with the defaults.)
    """

    def __init__(self) -> None:
        self._child: Child | None = None
        self._early: list[int] = []
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._hand_on)

    def hand_to(self, child: Child) -> None:
        self._child = child
        for number in self._early:
            child.signal(number)

    def _hand_on(self, number: int, frame: FrameType | None) -> None:
        if self._child is None:
            self._early.append(number)
        else:
            self._child.signal(number)
