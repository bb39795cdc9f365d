"""The index of the journals: which records fit a filter, the newest first, without reading all of them.

It is made from the journals alone and may be removed at any time; what it answers is read from the journals. One
builds it at a time (a lock of its own beside it); whoever asks meanwhile uses what is there.
"""

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from doorward.control.audit import index_build, index_query
from doorward.control.audit.filter import Filter
from doorward.control.audit.index_build import Told, milliseconds
from doorward.control.audit.index_query import Key
from doorward.control.audit.index_schema import APPLICATION, TABLES, VERSION
from doorward.control.audit.read import Place, line_at
from doorward.core import audit_layout

LOCK = "index.lock"

_POLL = 0.05
_STEPS = 20_000


class IndexFault(Exception):
    """The index cannot be made or read; the journals still can."""


class IndexDamaged(IndexFault):
    """The index does not agree with the journals that it was made from. Rebuilding it helps."""


class TooLong(IndexFault):
    """The question took longer than it may."""


class Hit(msgspec.Struct, frozen=True):
    """A record that fits. ``raw``: its line, without the end."""

    place: Place
    key: Key
    raw: bytes


class Index:
    """The index of one ``audit.directory``. No connection is kept between two questions."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.file = directory / audit_layout.INDEX

    def update(
        self,
        *,
        rebuild: bool = False,
        wait: bool = True,
        told: Told | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Read what is new in the journals; False where another does, and ``wait`` is false.

        What is damaged, of another version, or of other journals is thrown away first. Raises ``IndexFault``, also
        where ``stopped`` becomes true before the end.
        """
        try:
            with self._lock(lambda: not wait or stopped()) as held:
                if held:
                    self._update(rebuild, told, stopped)
                return held
        except sqlite3.OperationalError as fault:
            said = "stopped" if fault.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT else str(fault)
            raise IndexFault(f"{self.file}: {said}") from fault
        except (OSError, sqlite3.Error) as fault:
            raise IndexFault(f"{self.file}: {fault}") from fault

    def _update(self, rebuild: bool, told: Told | None, stopped: Callable[[], bool]) -> None:
        if rebuild or not self._usable():
            self._throw_away()
        for last in (False, True):
            try:
                with closing(self._opened()) as connection:
                    connection.set_progress_handler(stopped, _STEPS)
                    index_build.fill(connection, self._directory, told)
                return
            except sqlite3.DatabaseError as fault:
                if last or isinstance(fault, sqlite3.OperationalError):
                    raise
                self._throw_away()

    def _usable(self) -> bool:
        """Whether what is there can be gone on with."""
        if not self.file.exists():
            return True
        try:
            with closing(self._opened()) as connection:
                return index_build.fits(connection, self._directory)
        except sqlite3.DatabaseError:
            return False

    def _throw_away(self) -> None:
        for suffix in ("", "-wal", "-shm", "-journal"):
            self.file.with_name(self.file.name + suffix).unlink(missing_ok=True)

    @contextmanager
    def _lock(self, enough: Callable[[], bool]) -> Iterator[bool]:
        """Whether it was had before it was waited for long enough."""
        descriptor = os.open(self._directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield _taken(descriptor, enough)
        finally:
            os.close(descriptor)

    def _opened(self) -> sqlite3.Connection:
        """A connection that may write; the file is made where there is none. Raises ``sqlite3.DatabaseError`` for
        that of another version.
        """
        os.close(os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(self.file, timeout=10, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA cache_size = -65536")
            connection.execute("PRAGMA wal_autocheckpoint = 8000")
            if connection.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone() == (0,):
                numbered = f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION};"
                connection.executescript(f"BEGIN; {TABLES} {numbered} COMMIT;")
            _check(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def newest(
        self,
        asked: Filter,
        limit: int,
        *,
        before: Key | None = None,
        all_records: bool = False,
        seconds: float | None = None,
    ) -> list[Hit]:
        """At most ``limit`` records that fit, the newest first, older than ``before``.

        Intents whose outcome is there are left out but with ``all_records``. Raises ``IndexFault``.
        """
        return self._search(asked, limit, before, all_records, seconds, newest=True)

    def oldest(
        self, asked: Filter, limit: int, *, after: Key, all_records: bool = False, seconds: float | None = None
    ) -> list[Hit]:
        """The same the other way: the first ones that are newer than ``after``."""
        return self._search(asked, limit, after, all_records, seconds, newest=False)

    def key(self, writer: str, seq: int) -> Key | None:
        """The key of one record. Looks through all of that writer."""
        with self._reading(None) as connection:
            found = connection.execute(
                "SELECT MAX(ts) FROM record WHERE writer = (SELECT id FROM writer WHERE name = ?) AND seq = ?",
                (writer, seq),
            ).fetchone()
        return (found[0], writer, seq) if found[0] is not None else None

    def _search(
        self, asked: Filter, limit: int, edge: Key | None, all_records: bool, seconds: float | None, *, newest: bool
    ) -> list[Hit]:
        with self._reading(seconds) as connection:
            writers = dict(connection.execute("SELECT id, name FROM writer"))
            rows = index_query.rows(connection, asked, limit, edge, all_records=all_records, newest=newest)
            return [
                self._hit(ts, writers[writer], seq, Place(writers[writer], segment, offset), length)
                for ts, writer, seq, segment, offset, length in rows
            ]

    def _hit(self, ts: int, writer: str, seq: int, place: Place, length: int) -> Hit:
        raw = line_at(self._directory, place, length)
        try:
            seen = msgspec.json.decode(raw or b"", type=index_build.Seen)
            same = seen.seq == seq and milliseconds(seen.timestamp) == ts
        except ValueError:
            same = False
        if not same or raw is None:
            raise IndexDamaged(f"{place.writer}, segment {place.segment}, offset {place.offset}: not what was indexed")
        return Hit(place, (ts, writer, seq), raw)

    @contextmanager
    def _reading(self, seconds: float | None) -> Iterator[sqlite3.Connection]:
        if not self.file.exists():
            raise IndexDamaged(f"{self.file}: is not there")
        try:
            connection = sqlite3.connect(
                f"{self.file.absolute().as_uri()}?mode=ro", uri=True, timeout=10, isolation_level=None
            )
            with closing(connection):
                if seconds is not None:
                    connection.set_progress_handler(_later_than(time.monotonic() + seconds), _STEPS)
                connection.execute("PRAGMA cache_size = -65536")
                _check(connection)
                connection.execute("BEGIN")
                yield connection
        except sqlite3.OperationalError as fault:
            if fault.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                raise TooLong(f"no answer within {seconds:g} s; ask for a shorter time") from fault
            raise IndexFault(f"{self.file}: {fault}") from fault
        except sqlite3.DatabaseError as fault:
            raise IndexDamaged(f"{self.file}: {fault}") from fault


def _taken(descriptor: int, enough: Callable[[], bool]) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if enough():
                return False
        time.sleep(_POLL)


def _check(connection: sqlite3.Connection) -> None:
    numbered = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
    if numbered != [APPLICATION, VERSION]:
        raise sqlite3.DatabaseError("made by another version")


def _later_than(moment: float) -> Callable[[], bool]:
    return lambda: time.monotonic() > moment
