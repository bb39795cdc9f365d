"""Our log: stderr, one line per event, as text or as JSON. Never payload text.

The text of an exception may hold what a peer sent (a parser quotes what it choked on), so of an exception the log keeps
its type and where it was raised, and not what it says. Whoever logs puts what is safe to say into the message.
"""

import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal

import msgspec

Format = Literal["text", "json"]

_CONTROL = {code: f"\\u{code:04x}" for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)}


def to_stderr(form: Format, level: str = "INFO", who: str = "supervisor") -> None:
    """Send this process's log to stderr. ``who``: which process speaks, for several share one stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(who) if form == "json" else TextLines(who))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.captureWarnings(True)


class TextLines(logging.Formatter):
    """``2026-01-02T03:04:05.678Z INFO worker-0 doorward.worker.process: message``"""

    def __init__(self, who: str) -> None:
        super().__init__()
        self._who = who

    def format(self, record: logging.LogRecord) -> str:
        line = f"{_instant(record.created)} {record.levelname} {self._who} {record.name}: {record.getMessage()}"
        if raised := where(record):
            line += f" ({raised})"
        return line.translate(_CONTROL)


class JsonLines(logging.Formatter):
    """One object a line: ``timestamp, level, process, logger, message`` and, of an exception, ``raised``."""

    def __init__(self, who: str) -> None:
        super().__init__()
        self._who = who

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "timestamp": _instant(record.created),
            "level": record.levelname,
            "process": self._who,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if raised := where(record):
            line["raised"] = raised
        return msgspec.json.encode(line).decode()


def where(record: logging.LogRecord) -> str:
    """Type and innermost three places of the exception that a record carries; empty without one."""
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    return f"{record.exc_info[0].__name__} at {_places(record.exc_info[2])}"


def _places(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)[-3:]
    return " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in reversed(frames))


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
