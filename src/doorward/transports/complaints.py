"""What the log says of a server that breaks the rules: so many lines a minute, and then only how many more there were.
A server writes as fast as it likes, and a byte of its output must not be a hundred of our log.
"""

import logging

_MOST = 20
_PERIOD = 60.0


class Complaints:
    """Of one server's process. ``now`` is the loop's time."""

    __slots__ = ("_begun", "_log", "_said", "_server_id", "_unsaid")

    def __init__(self, log: logging.Logger, server_id: str) -> None:
        self._log = log
        self._server_id = server_id
        self._begun = 0.0
        self._said = 0
        self._unsaid = 0

    def say(self, now: float, text: str, *numbers: int) -> None:
        """Log one, as a warning; ``text`` is ours, with a place for each number."""
        if now - self._begun >= _PERIOD:
            self.finish()
            self._begun, self._said = now, 0
        if self._said >= _MOST:
            self._unsaid += 1
            return
        self._said += 1
        self._log.warning(f"server %s: {text}", self._server_id, *numbers)

    def finish(self) -> None:
        """Say how many were left out."""
        unsaid, self._unsaid = self._unsaid, 0
        if unsaid:
            self._log.warning("server %s: %d more such lines were left out here", self._server_id, unsaid)
