"""The tables of ``index.db``.

What many records have alike (who, server, tool, decision, rules, entities and so on) is their *shape*, kept once, with
how many records have it. A record is a row of a few numbers that points to its shape and to its place in the journal.
So a question is answered in two steps: which shapes fit (there are few), then their newest records, from one index.
A record whose ``shape`` is negative is an intent whose outcome is there: pages leave it out.
"""

from doorward.control.audit.fields import Home, columns
from doorward.control.audit.terms import ROUGH

VERSION = 1
"""Another one, and the index is made anew."""

APPLICATION = 0x44574958

SHAPE = columns(Home.SHAPE)
WORDS = columns(Home.WORD)
IDS = columns(Home.ID)
NAMES = columns(Home.NAME)
NUMBERS = tuple(name for name in columns(Home.NUMBER) if name != "seq")

_POSTED = ("shape", *NAMES)
"""Columns of a record with an index of their own, in which the order of time goes on."""

TABLES = f"""
CREATE TABLE writer (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, segment INTEGER NOT NULL,
    offset INTEGER NOT NULL) STRICT;
CREATE TABLE shape (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, count INTEGER NOT NULL,
    {", ".join(f"{name} TEXT NOT NULL" for name in SHAPE)},
    {", ".join(f"rough_{name} INTEGER" for name in ROUGH)}) STRICT;
CREATE TABLE word (member TEXT NOT NULL, word TEXT NOT NULL, shape INTEGER NOT NULL,
    PRIMARY KEY (member, word, shape)) STRICT, WITHOUT ROWID;
CREATE INDEX word_shape ON word (shape);
CREATE TABLE name (id INTEGER PRIMARY KEY, member TEXT NOT NULL, text TEXT NOT NULL, count INTEGER NOT NULL,
    UNIQUE (member, text)) STRICT;
CREATE TABLE record (ts INTEGER NOT NULL, writer INTEGER NOT NULL, seq INTEGER NOT NULL, shape INTEGER NOT NULL,
    segment INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL,
    {", ".join(f"{name} ANY" for name in IDS)},
    {", ".join(f"{name} INTEGER NOT NULL" for name in NAMES)},
    {", ".join(f"{name} REAL" if name.endswith("_ms") else f"{name} INTEGER" for name in NUMBERS)},
    PRIMARY KEY (ts, writer, seq)) STRICT, WITHOUT ROWID;
CREATE TABLE open (exchange_id ANY NOT NULL, ts INTEGER NOT NULL, writer INTEGER NOT NULL, seq INTEGER NOT NULL,
    shape INTEGER NOT NULL, PRIMARY KEY (exchange_id, ts, writer, seq)) STRICT, WITHOUT ROWID;
"""

INDEXES = "".join(
    [f"CREATE INDEX IF NOT EXISTS record_{name} ON record ({name});\n" for name in _POSTED]
    + [f"CREATE INDEX IF NOT EXISTS record_{name} ON record ({name}) WHERE {name} IS NOT NULL;\n" for name in IDS]
)
"""Made after the first filling, which is quicker so."""
