"""The clock of the machine, judged by what was written with it: nothing outside is asked."""

import os
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from doorward.bootstrap.configured import directories
from doorward.bootstrap.doctor.line import Line, fail, ok, span, warn
from doorward.configfile import Loaded
from doorward.control.journal_view import recent

TOLERATED = 5.0
"""Seconds that something may be ahead."""

STEP = 0.5
"""Seconds between both clocks that are no rounding."""

_BYTES = 1 << 20


class Clocks:
    """Both clocks, when it was made."""

    def __init__(self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._began = wall() - monotonic()

    def look(self, loaded: Loaded) -> list[Line]:
        """No record and no key is from the future, and nobody sets the clock just now."""
        keys, audit = directories(loaded)
        now = self._wall()
        ahead = max(_last_record(audit) - now, _newest(keys) - now)
        if ahead > TOLERATED:
            said = f"records or keys are {span(ahead)} ahead of it: it was set back"
            return [fail("clock", said, "set it right (NTP): until then tokens and overrides last too long")]
        stepped = self._wall() - self._monotonic() - self._began
        if abs(stepped) > STEP:
            return [warn("clock", f"was set by {span(stepped)} just now", "let NTP slew it, not step it")]
        return [ok("clock", "nothing that was written is ahead of it")]


def _last_record(directory: Path) -> float:
    """Seconds since the epoch; 0.0 without one."""
    for record in recent(directory, 1, most_bytes=_BYTES).records:
        try:
            return datetime.fromisoformat(str(record["timestamp"])).timestamp()
        except (KeyError, ValueError):
            break
    return 0.0


def _newest(directory: Path) -> float:
    try:
        with os.scandir(directory) as entries:
            return max((entry.stat().st_mtime for entry in entries), default=0.0)
    except OSError:
        return 0.0
