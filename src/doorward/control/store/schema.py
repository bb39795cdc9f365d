"""The tables, as numbered steps: ``PRAGMA user_version`` says how many of them a file has seen.

A step that was released is never edited; a change is a new step. Times are seconds since the epoch. ``until`` is when a
row has no more meaning and may be swept.
"""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # One row: rises with every change of what workers share (revocations, overrides), whoever makes it.
        "CREATE TABLE epoch (one INTEGER PRIMARY KEY CHECK (one = 1), value INTEGER NOT NULL)",
        "INSERT INTO epoch VALUES (1, 1)",
        """CREATE TABLE revocation (
            kind TEXT NOT NULL CHECK (kind IN ('token', 'grant', 'sub', 'jti', 'client')),
            issuer TEXT NOT NULL, value TEXT NOT NULL,
            until REAL NOT NULL, by TEXT NOT NULL, at REAL NOT NULL,
            UNIQUE (kind, issuer, value))""",
        """CREATE TABLE used (
            issuer TEXT NOT NULL, jti TEXT NOT NULL, until REAL NOT NULL,
            PRIMARY KEY (issuer, jti)) WITHOUT ROWID""",
        """CREATE TABLE issued (
            token_id TEXT NOT NULL UNIQUE, grant_id TEXT NOT NULL, parent TEXT NOT NULL,
            client TEXT NOT NULL, subject TEXT NOT NULL, servers TEXT NOT NULL,
            issued REAL NOT NULL, expires REAL NOT NULL)""",
        """CREATE TABLE override (
            id TEXT NOT NULL UNIQUE, rule TEXT NOT NULL, agent TEXT NOT NULL, server TEXT NOT NULL, tool TEXT NOT NULL,
            until REAL NOT NULL, why TEXT NOT NULL, by TEXT NOT NULL, created REAL NOT NULL)""",
        """CREATE TABLE task (
            server TEXT NOT NULL, task_id TEXT NOT NULL, owner TEXT NOT NULL, until REAL NOT NULL,
            PRIMARY KEY (server, task_id)) WITHOUT ROWID""",
        """CREATE TABLE tool (
            server TEXT NOT NULL, name TEXT NOT NULL, input_schema BLOB NOT NULL, output_schema BLOB,
            annotations BLOB NOT NULL, at REAL NOT NULL,
            PRIMARY KEY (server, name))""",
        "CREATE TABLE policies (digest TEXT PRIMARY KEY, files BLOB NOT NULL, at REAL NOT NULL)",
        """CREATE TABLE lease (
            key TEXT NOT NULL, minute INTEGER NOT NULL, taken INTEGER NOT NULL,
            PRIMARY KEY (key, minute)) WITHOUT ROWID""",
        "CREATE INDEX revocation_until ON revocation (until)",
        "CREATE INDEX used_until ON used (until)",
        "CREATE INDEX issued_expires ON issued (expires)",
        "CREATE INDEX task_until ON task (until)",
        "CREATE INDEX lease_minute ON lease (minute)",
    ),
    # Of which tool a task is; empty: not known.
    ("ALTER TABLE task ADD COLUMN tool TEXT NOT NULL DEFAULT ''",),
)

VERSION = len(MIGRATIONS)
