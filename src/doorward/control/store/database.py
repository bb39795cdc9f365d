"""One connection to the SQLite file: opened, brought to the current schema, used by one thread at a time.

WAL, so that a reader never waits for a writer; ``synchronous=FULL``, so that what was acknowledged survives a power
cut.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from doorward.control.store.faults import StoreFault
from doorward.control.store.place import invalid, prepare
from doorward.control.store.schema import MIGRATIONS, VERSION

BUSY = 2.0
"""Seconds to wait for another process that writes. Each transaction here takes a few milliseconds."""

OPENING = 10.0
"""Seconds to try to open a file that others are opening: where two turn a new one to WAL at once, SQLite fails for one
of them without waiting, for each might wait for the other.
"""
_AGAIN = 0.02


class Database:
    """Thread-safe. ``read`` and ``change`` raise ``StoreFault``; nothing of a failed change stays."""

    def __init__(self, path: Path) -> None:
        """Raises ``InvalidConfiguration`` if the file cannot be used."""
        prepare(path)
        self._path = path
        self._lock = threading.Lock()
        try:
            # Autocommit (isolation_level None): this file alone says where a transaction begins and ends.
            self._connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as fault:
            raise _unusable(path, fault) from None
        try:
            self._set_up_among_others()
            self._identity = _identity(path)
        except sqlite3.Error as fault:
            self._connection.close()
            raise _unusable(path, fault) from None
        except BaseException:
            self._connection.close()
            raise

    def read(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows of one SELECT."""
        with self._lock, self._faults("read"):
            return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def change(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """One transaction, committed at the end of the block. ``durable``: the disk has it then; else the kernel."""
        with self._lock, self._faults("written"):
            self._connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._connection.execute("BEGIN IMMEDIATE")  # DEFERRED could fail half-way, at the first write
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def check_place(self) -> None:
        """Raises ``StoreFault`` if the file was removed or replaced: others would write to another one than we read."""
        try:
            replaced = _identity(self._path) != self._identity
        except OSError as fault:
            raise StoreFault(f"the store is gone: {fault.strerror}") from None
        if replaced:
            raise StoreFault("the store's file was replaced while it was open: restart the gateway")

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def _faults(self, what: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as fault:
            raise StoreFault(f"the store cannot be {what}: {fault}") from None
        except (UnicodeError, OverflowError):  # a lone surrogate in a peer's id, a number beyond 64 bit
            raise StoreFault(f"the store cannot be {what}: a value cannot be stored") from None

    def _set_up_among_others(self) -> None:
        until = time.monotonic() + OPENING
        while True:
            try:
                return self._set_up()
            except sqlite3.OperationalError as fault:
                if fault.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
            time.sleep(_AGAIN)

    def _set_up(self) -> None:
        (mode,) = self._connection.execute("PRAGMA journal_mode=WAL").fetchone()
        if mode != "wal":
            raise invalid(f"{self._path} cannot be shared by processes", "put it on a local disk")
        if self._connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise _damaged(self._path)
        self._connection.execute("PRAGMA trusted_schema=OFF")
        self._connection.execute("BEGIN IMMEDIATE")  # also proves that it can be written
        try:
            self._migrate()
            self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _migrate(self) -> None:
        (seen,) = self._connection.execute("PRAGMA user_version").fetchone()
        if seen > VERSION:
            raise invalid(f"{self._path} was written by a newer Doorward", "use that version, or another file")
        for number, steps in enumerate(MIGRATIONS[seen:], seen + 1):
            for statement in steps:
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version={number}")


def _identity(path: Path) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino


def _unusable(path: Path, fault: sqlite3.Error) -> Exception:
    if getattr(fault, "sqlite_errorcode", 0) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return _damaged(path)
    return invalid(f"{path} cannot be used: {fault}", "check its owner, its permissions, the disk, and who holds it")


def _damaged(path: Path) -> Exception:
    remedy = "put its backup there; removing it loses all revocations and overrides, so rotate the signing keys then"
    return invalid(f"{path} is damaged, or no database", remedy)
