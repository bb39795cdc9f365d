"""The thread that syncs what the writer wrote, and then signs a checkpoint for it.

It never holds the writer up: a sync goes on beside the next writes, and takes what was written when it began.
"""

import contextlib
import logging
import threading
import time
from pathlib import Path

from doorward.core.checkpoint import Open
from doorward.gateway.journal.bell import Bell
from doorward.gateway.journal.checkpoints import Checkpoints, Mark
from doorward.gateway.journal.copying import Copy
from doorward.gateway.journal.desk import Desk
from doorward.gateway.journal.files import Files

log = logging.getLogger(__name__)

_NOWHERE = Mark(-1, 0, 0, 0, "", 0)


class SyncFault(OSError):
    """A sync failed: nobody knows what of the file has reached the disk."""


class Syncer:
    """``fault``: a sync or a checkpoint failed, and the writer has not dealt with it yet. ``in_a_row``: syncs that
    failed since the last that did not. ``synced``: records that are on the disk, counted from the first.
    """

    def __init__(self, desk: Desk, checkpoints: Checkpoints, files: Files) -> None:
        self.fault: OSError | None = None
        self.in_a_row = 0
        self.synced = 0
        self.syncs = 0
        self.seconds = 0.0
        self.window = 0.0
        self._desk = desk
        self._settings = desk.settings
        self._checkpoints = checkpoints
        self._copy: Copy | None = None
        self._files = files
        self._bell = Bell()
        self._settled = Bell()
        self._latest = _NOWHERE
        self._sealed = 0
        self._since = 0.0
        self._signed_at = float("-inf")
        self._urgent = False
        self._sign_now = False
        self._idle = False
        self._ending = False
        self._directories: list[Path] = []
        self._thread = threading.Thread(target=self._run, name="journal-sync", daemon=True)

    def start(self, copy: Copy | None) -> None:
        """``copy`` is told of each checkpoint."""
        self._copy = copy
        self._desk.synced.asked = self._bell.ring  # whoever waits for the disk need not wait for ``sync_after``
        self._thread.start()

    # -- the writer, and whoever waits -----------------------------------------------------------------------------

    def note(self, mark: Mark) -> bool:
        """With the desk's lock: everything before this place is in the kernel. Whether to ``wake`` the thread."""
        self._latest = mark
        if not self._since:
            self._since = time.monotonic()
        idle, self._idle = self._idle, False
        return idle

    def wake(self) -> None:
        self._bell.ring()

    def made(self, directory: Path) -> None:
        """A file was made in it: its name belongs to what is synced next."""
        with self._desk.lock:
            self._directories.append(directory)

    def settle(self) -> None:
        """Return when all that was noted is on the disk. In the writer. Raises ``OSError``."""
        with self._desk.lock:
            if self.fault is not None and not isinstance(self.fault, SyncFault):
                self._sign_now = True  # a checkpoint failed: it must be shown that it can be written
                self.fault = None
            self._urgent = True
        while True:
            with self._desk.lock:
                if self.fault is not None:
                    raise self.fault
                if self.synced >= self._latest.count and not self._sign_now:
                    return
                if not self._thread.is_alive():
                    raise OSError("the thread that syncs has ended")
            self._bell.ring()
            self._settled.wait(1.0)

    def seal(self) -> None:
        """With the desk's lock: the writer knows that the last segment must never be written or synced again."""
        self._sealed = self._latest.segment
        self.fault = None

    def end(self) -> None:
        """Return when it has ended. In the writer."""
        self._ending = True
        self._bell.ring()
        self._thread.join()

    # -- the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._ending:
                seconds = self._until_next()
                if seconds is None or seconds > 0:
                    self._bell.wait(seconds)
                else:
                    self._step()
        except Exception as error:  # a thread must not end in silence: without it nothing may be recorded
            log.exception("the thread that syncs the audit log has ended")
            with self._desk.lock:
                self.fault = OSError(f"the thread that syncs has ended: {type(error).__name__}")
                self._desk.attention = True
        finally:
            self._settled.ring()
            self._desk.bell.ring()

    def _until_next(self) -> float | None:
        """Seconds until there is something to do; None: until something is written."""
        with self._desk.lock:
            now = time.monotonic()
            self._idle = True
            if self._latest.segment == self._sealed:
                return None
            if self._latest.count > self.synced or self._sign_now:
                self._idle = False
                hurried = self._urgent or self._sign_now or self._desk.synced.awaited
                return 0.0 if hurried else self._since + self._settings.sync_after - now
            self._urgent = False
            if self._checkpoints.count < self.synced:
                return max(0.0, self._signed_at + self._settings.checkpoint_seconds - now)
            return None

    def _step(self) -> None:
        with self._desk.lock:
            self._idle = False
            mark, since, self._since = self._latest, self._since, 0.0
            unsynced = mark.count > self.synced
            directories, self._directories = self._directories, []
            signing, still_open = self._checkpoint_of(mark)
            self._desk.syncing_since = self._desk.monotonic()
        try:
            if unsynced:
                self._sync(mark, directories, since)
            if signing:
                self._sign(mark, still_open)
        except OSError as error:
            with self._desk.lock:
                self.fault = error
                self._sign_now = False
                if isinstance(error, SyncFault):
                    self._sealed = mark.segment
                    self.in_a_row += 1
                self._desk.attention = True
            self._desk.bell.ring()
        finally:
            self._desk.synced_now()
            self._settled.ring()

    def _checkpoint_of(self, mark: Mark) -> tuple[bool, tuple[Open, ...]]:
        """With the lock: whether one is due, and which exchanges were open here and at the one before."""
        last = self._checkpoints
        due = self._sign_now or (
            mark.count > last.count
            and (
                mark.count - last.count >= self._settings.checkpoint_records
                or time.monotonic() - self._signed_at >= self._settings.checkpoint_seconds
            )
        )
        return due, self._desk.open_before(last.segment, last.offset) if due else ()

    def _sync(self, mark: Mark, directories: list[Path], since: float) -> None:
        begun = time.monotonic()
        try:
            for directory in directories:
                self._files.sync_directory(directory)
            self._files.sync(mark.descriptor)
        except OSError as error:
            raise SyncFault(error.errno, error.strerror) from error
        now = time.monotonic()
        with self._desk.lock:
            self.synced = mark.count
            self.in_a_row = 0
            self._desk.synced.done = mark.ticket
            self.syncs += 1
            self.seconds = now - begun
            self.window = max(self.window, now - since)
        self._desk.synced.publish()

    def _sign(self, mark: Mark, still_open: tuple[Open, ...]) -> None:
        self._signed_at = time.monotonic()
        if mark.count > self._checkpoints.count:
            self._checkpoints.add(mark, still_open)
            if self._copy is not None:
                self._copy.offer()
        with self._desk.lock:
            self._sign_now = False

    def sign_last(self) -> None:
        """The final checkpoint, on the disk. In the writer, after ``end``. Raises ``OSError``."""
        with self._desk.lock:
            still_open = self._desk.open_before(self._checkpoints.segment, self._checkpoints.offset)
        self._checkpoints.add(self._latest, still_open, final=True)
        self._checkpoints.close(sync=True)
        if self._copy is not None:
            self._copy.offer()

    def release(self) -> None:
        """Nothing more is to be signed."""
        with contextlib.suppress(OSError):
            self._checkpoints.close(sync=False)
