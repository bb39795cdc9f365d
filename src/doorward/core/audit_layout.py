"""Where things are in ``audit.directory``: names only, shared by who writes and who reads.

AUDIT/WRITER/lock                   held as long as the writer lives (flock)
AUDIT/WRITER/journal-000001.jsonl   segments: one record a line; the chain of ``prev`` goes on from one to the next
AUDIT/WRITER/checkpoints.jsonl      one signed checkpoint a line, chained among themselves
AUDIT/WRITER/reserve                space that is given up when the disk is full
AUDIT/WRITER/torn-000001-4711       bytes of a line that a killed writer left behind offset 4711 of segment 1
AUDIT/WRITER/torn-000000-4711       the same, of ``checkpoints.jsonl``
AUDIT/WRITER/closed                 the writer has ended and its open intents are closed, by itself or by another
AUDIT/.WRITER                       a writer that is being made: it is renamed when its lock and first record are there
AUDIT/recovery.lock                 held by who puts in order what killed writers left, one process at a time (flock)
AUDIT/index.db                      made from the rest; may be removed at any time, with ``index.db-wal`` and ``-shm``
AUDIT/index.lock                    held by who fills the index (flock)
AUDIT/shipping/NAME.cursor.json     how far a sink has acknowledged, writer by writer
AUDIT/shipping/NAME.ended           writers that have ended and of which it has everything, one a line
AUDIT/shipping/NAME.dead.jsonl      events that the sink refuses as such, one a line
AUDIT/shipping/first-calls.json     when each server was called first (for sampling)
AUDIT/shipping/status.json          how the sinks are, written each second
AUDIT/shipping/lock                 held by the shipper: one for each log (flock)
"""

import re

LOCK = "lock"
CHECKPOINTS = "checkpoints.jsonl"
RESERVE = "reserve"
CLOSED = "closed"
INDEX = "index.db"
SHIPPING = "shipping"
MOST_SEQ = 10**18 - 1
"""No record has a higher sequence; what says so is none. The verifier has the same bound."""

_SEGMENT = re.compile(r"journal-([0-9]{6}|[1-9][0-9]{6,8})\.jsonl", re.ASCII)
_WRITER = re.compile(r"[0-9a-f]{32}", re.ASCII)


def is_writer(name: str) -> bool:
    """Whether a directory of this name is a writer's."""
    return _WRITER.fullmatch(name) is not None


def segment(number: int) -> str:
    """The file name of a segment; they count from 1."""
    return f"journal-{number:06d}.jsonl"


def segment_number(name: str) -> int | None:
    """The number of a segment by its file name; None: it is none."""
    found = _SEGMENT.fullmatch(name)
    return int(found[1]) if found is not None else None


def torn(number: int, offset: int) -> str:
    """The file name for a line that ends nowhere, cut off a segment at ``offset``."""
    return f"torn-{number:06d}-{offset}"


def exported(writer: str) -> str:
    """The file name of the copy of a writer's checkpoints in ``audit.checkpoints``."""
    return f"{writer}.jsonl"
