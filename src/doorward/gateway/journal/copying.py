"""The copy of the checkpoints in a second place, which makes a log that was cut short or put back visible.

In a thread of its own: that place may be on another machine, and hang. It holds nobody up and refuses nothing.
"""

import contextlib
import logging
import os
import threading
from pathlib import Path

from doorward.gateway.journal.bell import Bell
from doorward.gateway.journal.files import Files, write_all

log = logging.getLogger(__name__)

RETRY_AFTER = 5.0
"""Seconds."""

_PIECE = 64 << 10


class Copy:
    """``target`` holds the beginning of ``source``; each ``offer`` brings it up to date. ``failed`` counts failures,
    ``trouble`` says what is wrong now.
    """

    def __init__(self, source: Path, target: Path, files: Files) -> None:
        self.failed = 0
        self.trouble = ""
        self._source = source
        self._target = target
        self._files = files
        self._bell = Bell()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="journal-copy", daemon=True)
        self._thread.start()

    def offer(self) -> None:
        """There is more to copy."""
        self._bell.ring()

    def end(self, seconds: float) -> None:
        """Copy the rest, if that is possible in this time."""
        self._ending = True
        self._bell.ring()
        self._thread.join(seconds)

    def _run(self) -> None:
        while True:
            ending = self._ending
            self._once()
            if ending:
                return
            self._bell.wait(RETRY_AFTER if self.trouble else None)

    def _once(self) -> None:
        try:
            self._bring_up_to_date()
        except OSError as error:
            self.failed += 1
            if not self.trouble:
                log.error("the audit checkpoints cannot be copied to %s: %s", self._target.parent, error.strerror)
            self.trouble = error.strerror or "it cannot be written"
        else:
            if self.trouble:
                log.warning("the audit checkpoints are copied to %s again", self._target.parent)
            self.trouble = ""

    def _bring_up_to_date(self) -> None:
        # Opened anew each time: the place may have been unmounted, or mounted, meanwhile.
        with contextlib.ExitStack() as opened:
            source = self._files.open(self._source, os.O_RDONLY)
            opened.callback(self._files.close, source)
            if not self._files.size(source):
                return
            self._target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            target = self._files.open(self._target, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
            opened.callback(self._files.close, target)
            copied = self._files.size(target)
            while piece := self._files.read(source, _PIECE, copied):
                # Only whole lines: what is read may be written just now, and be cut off again.
                whole = piece[: piece.rfind(b"\n") + 1]
                if not whole:
                    break
                taken, fault = write_all(self._files, target, whole)
                copied += taken
                if fault is not None:
                    raise OSError(*fault.args)
            self._files.sync(target)
