"""The store over SQLite: what must survive, and what the workers of one machine share.

Synchronous and thread-safe; on an event loop use ``asyncio.to_thread``. Every method raises ``StoreFault`` when the
file cannot be read or written, and then nothing has changed. A change is on the disk when its method returns (leases,
which are worth a minute, are with the kernel). Nothing here is on the call path.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from sqlite3 import Connection
from typing import Any

import msgspec

from doorward.control.store.database import Database
from doorward.control.store.rows import Granted, Issued, KeptTool, Lease, Revoked
from doorward.core.shared import Override, Revocations, Shared

KINDS = ("token", "grant", "sub", "jti", "client")
"""What can be revoked: a token and its descendants, a family, an external subject, token or client."""

WHOLE_PAGE = 1_000_000
"""Rows: no page, all of them. SQLite's own "no limit" is negative, which a caller could pass by mistake."""

_SWEPT = (
    "DELETE FROM revocation WHERE until <= ?",
    "DELETE FROM used WHERE until <= ?",
    "DELETE FROM issued WHERE expires <= ?",
    "DELETE FROM override WHERE until <= ?",
    "DELETE FROM task WHERE until <= ?",
)
_SWEEP_EVERY = 60.0


class Store:
    """One open file. Raises ``InvalidConfiguration`` if it cannot be used (``location`` reads ``state.url``)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = Database(path)
        self._swept = 0.0

    def close(self) -> None:
        self._database.close()

    # what workers share

    def changed(self) -> int:
        """Rises when revocations, overrides or tools change, whoever changes them. Raises also if the file is gone."""
        self._database.check_place()
        ((value,),) = self._database.read("SELECT value FROM epoch")
        return int(value)

    def shared(self, now: float) -> Shared:
        """All that is in force at ``now``."""
        epoch = self.changed()  # before the rows: read in between, a change is seen once more, never missed
        overrides = tuple(granted.override for granted in self.overrides(now))
        return Shared(epoch, self._revoked(now), overrides)

    # revocations

    def revoke(self, kind: str, value: str, *, issuer: str = "", until: float, by: str, at: float) -> float:
        """``until``: when what is revoked is over anyway. Returns until when it is revoked now, which is later where it
        was before. Raises ValueError for a kind that is none of ``KINDS``.
        """
        if kind not in KINDS or not value:
            raise ValueError(f"nothing to revoke: {kind!r}")
        with self._database.change() as change:
            change.execute(
                "INSERT INTO revocation (kind, issuer, value, until, by, at) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (kind, issuer, value) DO UPDATE SET until = max(until, excluded.until)",
                (kind, issuer, value, until, by, at),
            )
            ((longest,),) = change.execute(
                "SELECT until FROM revocation WHERE kind = ? AND issuer = ? AND value = ?", (kind, issuer, value)
            ).fetchall()
            _tell(change)
            self._sweep(change, at)
            return float(longest)

    def end_revocation(self, kind: str, value: str, *, issuer: str = "", now: float) -> bool:
        """Whether there was one in force. (Who ended it is in the audit log; the row goes.)"""
        with self._database.change() as change:
            ended = change.execute(
                "DELETE FROM revocation WHERE kind = ? AND issuer = ? AND value = ? AND until > ?",
                (kind, issuer, value, now),
            )
            if ended.rowcount == 1:
                _tell(change)
            return ended.rowcount == 1

    def revocations(self, now: float, *, after: int = 0, limit: int = WHOLE_PAGE) -> list[tuple[int, Revoked]]:
        """A page, each with its place; ``after`` is the place of the last one of the page before."""
        rows = self._database.read(
            "SELECT rowid, kind, issuer, value, until, by, at FROM revocation"
            " WHERE until > ? AND rowid > ? ORDER BY rowid LIMIT ?",
            (now, after, limit),
        )
        return [(place, Revoked(*row)) for place, *row in rows]

    def _revoked(self, now: float) -> Revocations:
        tokens, grants, external = set(), set(), set()
        for kind, issuer, value in self._database.read(
            "SELECT kind, issuer, value FROM revocation WHERE until > ?", (now,)
        ):
            if kind == "token":
                tokens.add(value)
            elif kind == "grant":
                grants.add(value)
            else:
                external.add((issuer, kind, value))
        return Revocations(frozenset(tokens), frozenset(grants), frozenset(external))

    # assertions that are good once

    def use_once(self, issuer: str, jti: str, *, until: float, now: float) -> bool:
        """Whether this is the first use, over all workers (RFC 7523, 3, ``jti``). Remembered before it is said."""
        with self._database.change() as change:
            self._sweep(change, now)
            change.execute("DELETE FROM used WHERE issuer = ? AND jti = ? AND until <= ?", (issuer, jti, now))
            taken = change.execute("INSERT OR IGNORE INTO used VALUES (?, ?, ?)", (issuer, jti, until))
            return taken.rowcount == 1

    # grants

    def issued(self, grant: Issued) -> None:
        """Remember a grant, before it is handed out."""
        with self._database.change() as change:
            change.execute(
                "INSERT INTO issued (token_id, grant_id, parent, client, subject, servers, issued, expires)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    grant.token_id,
                    grant.grant_id,
                    grant.parent,
                    grant.client,
                    grant.subject,
                    grant.servers,
                    grant.issued,
                    grant.expires,
                ),
            )
            self._sweep(change, grant.issued)

    def grants(self, now: float) -> list[Issued]:
        """Those that have not expired, the oldest first."""
        return [grant for _, grant in self.grants_page(now)]

    def grants_page(self, now: float, *, after: int = 0, limit: int = WHOLE_PAGE) -> list[tuple[int, Issued]]:
        """As ``revocations``."""
        rows = self._database.read(
            "SELECT rowid, grant_id, token_id, client, subject, servers, issued, expires, parent FROM issued"
            " WHERE expires > ? AND rowid > ? ORDER BY rowid LIMIT ?",
            (now, after, limit),
        )
        found = [(place, Issued(*row)) for place, *row in rows]
        revoked = self._revoked(now)
        return [
            (place, msgspec.structs.replace(grant, revoked=self._is_revoked(grant, revoked))) for place, grant in found
        ]

    def _is_revoked(self, grant: Issued, revoked: Revocations) -> bool:
        if grant.grant_id in revoked.grants:
            return True
        if not revoked.external.isdisjoint((("", "client", grant.client), ("", "sub", grant.client))):
            return True
        return bool(revoked.tokens) and not revoked.tokens.isdisjoint(self._line(grant))

    def _line(self, grant: Issued) -> list[str]:
        """The token and those it descends from (UNION stops at a circle, which no honest row makes)."""
        rows = self._database.read(
            "WITH RECURSIVE line(token_id) AS (SELECT ? UNION"
            " SELECT issued.parent FROM issued JOIN line ON issued.token_id = line.token_id WHERE issued.parent != '')"
            " SELECT token_id FROM line",
            (grant.token_id,),
        )
        return [token for (token,) in rows]

    # overrides

    def add_override(self, override: Override, *, why: str, by: str, created: float) -> None:
        """``control/rollout.py`` has judged it before."""
        with self._database.change() as change:
            change.execute(
                "INSERT INTO override (id, rule, agent, server, tool, until, why, by, created)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*msgspec.structs.astuple(override), why, by, created),
            )
            _tell(change)
            self._sweep(change, created)

    def overrides(self, now: float) -> list[Granted]:
        """Those in force, the oldest first."""
        return [granted for _, granted in self.overrides_page(now)]

    def overrides_page(self, now: float, *, after: int = 0, limit: int = WHOLE_PAGE) -> list[tuple[int, Granted]]:
        """As ``revocations``."""
        rows = self._database.read(
            "SELECT rowid, id, rule, agent, server, tool, until, why, by, created FROM override"
            " WHERE until > ? AND rowid > ? ORDER BY rowid LIMIT ?",
            (now, after, limit),
        )
        return [(row[0], Granted(Override(*row[1:7]), *row[7:])) for row in rows]

    def end_override(self, id: str, by: str, now: float) -> bool:
        """Whether there was one in force. (Who ended it is in the audit log; the row goes.)"""
        with self._database.change() as change:
            ended = change.execute("DELETE FROM override WHERE id = ? AND until > ?", (id, now)).rowcount == 1
            if ended:
                _tell(change)
            return ended

    # tasks

    def remember_task(self, server: str, task_id: str, owner: str, until: float, tool: str = "") -> None:
        """The first owner stays: a server that gives an id twice does not hand the task over."""
        with self._database.change() as change:
            change.execute(
                "INSERT INTO task (server, task_id, owner, until, tool) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (server, task_id) DO UPDATE SET until = max(until, excluded.until)"
                " WHERE owner = excluded.owner",
                (server, task_id, owner, until, tool),
            )

    def task(self, server: str, task_id: str, now: float) -> tuple[str, str] | None:
        """Its owner and its tool (empty: not known)."""
        rows = self._database.read(
            "SELECT owner, tool FROM task WHERE server = ? AND task_id = ? AND until > ?", (server, task_id, now)
        )
        return (str(rows[0][0]), str(rows[0][1])) if rows else None

    # what was seen

    def keep_tool(
        self, server: str, tool: str, input_schema: bytes, output_schema: bytes | None, annotations: bytes, at: float
    ) -> None:
        with self._database.change() as change:
            change.execute(
                "INSERT OR REPLACE INTO tool VALUES (?, ?, ?, ?, ?, ?)",
                (server, tool, input_schema, output_schema, annotations, at),
            )
            _tell(change)

    def tools(self, server: str) -> list[KeptTool]:
        rows = self._database.read(
            "SELECT server, name, input_schema, output_schema, annotations, at FROM tool"
            " WHERE server = ? ORDER BY name",
            (server,),
        )
        return [KeptTool(*row) for row in rows]

    def keep_policies(self, digest: str, files: Mapping[str, str], at: float) -> None:
        """A policy set by its digest, for ``policy replay``. The same digest is the same set: the first is kept."""
        with self._database.change() as change:
            change.execute("INSERT OR IGNORE INTO policies VALUES (?, ?, ?)", (digest, msgspec.json.encode(files), at))

    def policies(self, digest: str) -> dict[str, str] | None:
        rows = self._database.read("SELECT files FROM policies WHERE digest = ?", (digest,))
        return msgspec.json.decode(rows[0][0], type=dict[str, str]) if rows else None

    # limits

    def lease(self, key: str, window: int, want: int, most: int) -> int:
        """How many of ``want`` there were left of ``most`` (``gateway/leases.py``)."""
        return self.leases([Lease(key, window, want, most)])[0]

    def leases(self, wishes: Sequence[Lease]) -> list[int]:
        """Several at once, in one transaction. What is given back (a negative wish) is taken as it is."""
        with self._database.change(durable=False) as change:
            given = [_lease(change, wish) for wish in wishes]
            if wishes:
                change.execute("DELETE FROM lease WHERE minute < ?", (max(wish.window for wish in wishes) - 1,))
            return given

    # sweeping

    def _sweep(self, change: Connection, now: float) -> None:
        """Expired rows go, at most once a minute. They have no effect before: every reading asks ``until``."""
        if abs(now - self._swept) < _SWEEP_EVERY:
            return
        self._swept = now
        for statement in _SWEPT:
            change.execute(statement, (now,))


def _tell(change: Connection) -> None:
    change.execute("UPDATE epoch SET value = value + 1")


def _lease(change: Connection, wish: Lease) -> int:
    """Between nothing and ``want``; the row never says less than 0 or, by a lease, more than ``most``."""
    rows: list[Any] = change.execute(
        "SELECT taken FROM lease WHERE key = ? AND minute = ?", (wish.key, wish.window)
    ).fetchall()
    taken = int(rows[0][0]) if rows else 0
    given = max(wish.want, -taken) if wish.want < 0 else min(wish.want, max(0, wish.most - taken))
    change.execute("INSERT OR REPLACE INTO lease VALUES (?, ?, ?)", (wish.key, wish.window, taken + given))
    return given
