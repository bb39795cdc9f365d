"""The journal as the gateway sees it: give it records, wait until the kernel or the disk has them.

What it is made of: ``desk`` (where the loop meets the threads), ``handing`` (when it hands over, and waits for them),
``writing`` and ``syncing`` (the two threads), ``checkpoints`` and ``copying`` (what proves that nothing is missing),
``home``, ``segments`` and ``reserve`` (files).
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from doorward.core import audit_layout
from doorward.core.audit import Record
from doorward.core.errors import JournalFault
from doorward.gateway.journal.checkpoints import Checkpoints
from doorward.gateway.journal.copying import Copy
from doorward.gateway.journal.desk import Desk
from doorward.gateway.journal.files import Files
from doorward.gateway.journal.handing import Hand
from doorward.gateway.journal.home import Home
from doorward.gateway.journal.opening import opening
from doorward.gateway.journal.reserve import Reserve
from doorward.gateway.journal.segments import Segments
from doorward.gateway.journal.settings import Settings, Signer
from doorward.gateway.journal.syncing import Syncer
from doorward.gateway.journal.writing import Writer

log = logging.getLogger(__name__)


class FileJournal:
    """One writer of the audit log; for one event loop, or none.

    ``changed`` is told why the journal takes nothing, or "" when it does again; from any thread, and it must not wait.
    """

    def __init__(
        self,
        directory: Path,
        *,
        signer: Signer,
        copy_to: Path | None = None,
        settings: Settings = Settings(),  # noqa: B008 (frozen)
        files: Files = Files(),  # noqa: B008 (has no state)
        changed: Callable[[str], None] = lambda why: None,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``wall`` for timestamps, ``monotonic`` for what hangs. Raises ``JournalFault`` where the directory cannot be
        used.
        """
        self.writer = uuid4().hex
        self._settings = settings
        self._timer: asyncio.TimerHandle | None = None
        self._ringing = False
        self._flushed = 0
        with contextlib.ExitStack() as undo:
            try:
                self._desk = Desk(settings, wall, monotonic, changed)
                directory.mkdir(parents=True, exist_ok=True, mode=0o700)
                first = opening(directory, wall())
                self._home = Home(directory, self.writer, files)
                undo.callback(self._home.drop)
                self._segments = Segments(self._home, files)
                undo.callback(self._segments.release)
                self._segments.begin()
                self._checkpoints = Checkpoints(self._home.path, self.writer, signer, files, wall)
                self._reserve = Reserve(self._home, settings.reserve_bytes, files)
                self._syncer = Syncer(self._desk, self._checkpoints, files)
                undo.callback(self._syncer.release)
                self._writer = Writer(self.writer, self._home, self._desk, self._segments, self._reserve, self._syncer)
                self._reserve.make(sync=False)
                self._writer.keep([first])
                self._home.show()
            except OSError as error:
                where = f"{directory}; check audit.directory, its owner, its permissions and the disk"
                raise JournalFault(f"the audit directory cannot be written: {error.strerror} ({where})") from error
            undo.pop_all()
        self._hand = Hand(self._desk)
        self._syncer.made(self._home.path)
        self._syncer.made(directory)
        self._copy = self._copied_to(copy_to, files)
        self._thread = threading.Thread(target=self._run, name="journal-write", daemon=True)
        self._syncer.start(self._copy)
        self._thread.start()

    def _copied_to(self, place: Path | None, files: Files) -> Copy | None:
        if place is None:
            return None
        source = self._home.path / audit_layout.CHECKPOINTS
        return Copy(source, place / audit_layout.exported(self.writer), files)

    # -- records ---------------------------------------------------------------------------------------------------

    def append(self, record: Record, *, early: bool = False) -> int:
        """Give a record its place; the number that comes back names it for ``written`` and ``synced``. Never waits.

        ``early``: it is about somebody who is not known yet; these may fill a tenth of the queue at most. Raises
        ``JournalFault`` while the journal cannot take records; the record is counted then, and told when it can.
        """
        ticket = self._desk.append(record, early)
        if not self._ringing:
            self._ring_soon()
        if self._timer is None:
            self._watch()
        return ticket

    def _ring_soon(self) -> None:
        """At the end of this turn of the loop: what other calls append in it is written in the same group, and the
        thread does not ask for the interpreter in the middle of the loop's work.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no loop here
            self._desk.bell.ring()
            return
        self._ringing = True
        loop.call_soon(self._ring, loop)

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._hand.over_soon():
            self._ringing = False
        else:
            loop.call_soon(self._ring, loop)

    async def written(self, ticket: int | None = None) -> None:
        """Return when the kernel has this record (the last one) and all before. Raises ``JournalFault`` if it never
        got there.
        """
        ticket = self._desk.ticket if ticket is None else ticket
        if ticket > self._desk.written.done:
            self._hand.over(ticket)
        await self._desk.written.reach(ticket)

    async def synced(self, ticket: int | None = None) -> None:
        """The same, and the disk has them too."""
        await self._desk.synced.reach(self._desk.ticket if ticket is None else ticket)

    def pending(self) -> bool:
        """Whether a record is not written yet."""
        return self._desk.written.done < self._desk.ticket

    def flush(self, timeout: float = 10.0) -> None:
        """``synced`` for where there is no event loop, and for all records since the flush before. Raises
        ``JournalFault`` if one of them was lost, and when the time is over; once.
        """
        self._desk.bell.ring()  # on the loop's own thread nothing else would
        first, last = self._flushed + 1, self._desk.ticket
        self._flushed = last
        self._desk.synced.block(first, last, timeout)

    def decided_by(self, policy_digest: str, manifest_digest: str = "") -> None:
        """What the checkpoints say about the policy in force from here on."""
        self._checkpoints.policy_digest, self._checkpoints.manifest_digest = policy_digest, manifest_digest

    def sign_with(self, signer: Signer) -> None:
        """Checkpoints from here on are signed by another key."""
        self._checkpoints.signer = signer

    # -- the end ---------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Write and sync what is there, sign it for the last time, and let go. What the disk does not take within
        ``close_within`` seconds is left to the writer that comes next.
        """
        if not self._desk.close():
            return
        self._thread.join(self._settings.close_within)
        if self._thread.is_alive():
            log.error("the audit log did not end in time; the next start puts it in order")
            self._desk.end()
        if self._timer is not None:
            self._timer.cancel()

    def _run(self) -> None:
        try:
            whole = self._writer.run()
        except Exception as error:  # a thread must not end in silence: without it nothing may go on
            log.exception("the thread that writes the audit log has ended")
            self._desk.stop(f"the thread that writes the audit log has ended: {type(error).__name__}")
            whole = False
            while not self._desk.closing:
                self._desk.bell.wait()
        self._wind_up(whole)

    def _wind_up(self, whole: bool) -> None:
        self._syncer.end()
        self._desk.end()
        if self._copy is not None:
            self._copy.end(self._settings.close_within / 2)
        if whole and not self._desk.open:
            try:
                self._home.close(self._writer.count, self._writer.head, self._desk.wall())
            except OSError as error:
                log.error("the audit log has ended, but could not say so: %s", error.strerror)
        self._syncer.release()
        self._reserve.free()
        self._segments.release()
        self._home.release()

    # -- the watch -------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """One timer while something goes on; none where nothing does."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no loop here: ``flush`` has its own limit
            return
        self._timer = loop.call_later(self._settings.stuck_after, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        seconds = self._desk.overdue()
        self._timer = loop.call_later(seconds, self._look, loop) if seconds is not None else None

    # -- what is measured ------------------------------------------------------------------------------------------

    @property
    def records(self) -> int:
        """Written so far, the journal's own among them."""
        return self._writer.count

    @property
    def bytes(self) -> int:
        return self._writer.bytes

    @property
    def syncs(self) -> int:
        return self._syncer.syncs

    @property
    def sync_seconds(self) -> float:
        """What the last sync took."""
        return self._syncer.seconds

    @property
    def unsynced_seconds_max(self) -> float:
        """The longest that a byte was written and not synced: what a power cut may have cost (G3)."""
        return self._syncer.window

    @property
    def queued(self) -> int:
        return self._desk.queued

    @property
    def failures(self) -> int:
        """How often it stopped, or hung."""
        return self._desk.failures

    @property
    def checkpoints(self) -> int:
        return self._checkpoints.number

    @property
    def copy_failed(self) -> int:
        """How often the checkpoints could not be copied."""
        return self._copy.failed if self._copy is not None else 0

    @property
    def copy_trouble(self) -> str:
        """Why they cannot be copied now; empty where they can."""
        return self._copy.trouble if self._copy is not None else ""
