"""Which records belong to one exchange, so that it counts once, however many records tell of it."""

from enum import Enum

from doorward.control.audit.report.seen import Seen

MOST_OPEN = 200_000
"""Exchanges without an end that are remembered; they are the calls of one moment, and what killed writers left."""

INTERRUPTED = "journal.interrupted"
"""The reason of an outcome that the next writer wrote, into its own chain."""

_BEGINS = frozenset(("intent", "opened"))
_ENDS = frozenset(("outcome", "closed"))
_SUMMARY = "summary"


class Part(Enum):
    """What a record is to its exchange."""

    FIRST = "an intent, or a stream that opened: nothing has come of it yet"
    NOTE = "said in between; the end says all of it again"
    LAST = "an outcome, or a stream that closed, of something that was forwarded"
    ONLY = "there is no other: it was refused before it was forwarded, or is a single message"


class Pairing:
    """``part`` wants the records of each writer in their order; those of several writers may come in any.

    Notes hold what was found so far, as the end does: the last one of each exchange is kept in case no end comes.
    """

    def __init__(self) -> None:
        self._open: dict[str, Seen | None] = {}
        self._ended_before: set[str] = set()
        self.forgotten = 0

    def part(self, record: Seen) -> Part:
        """What this record is to its exchange; it is remembered."""
        name = record.exchange_id
        if record.phase in _BEGINS:
            self._begin(name)
            return Part.FIRST
        if record.phase in _ENDS:
            return Part.LAST if name in self._open else Part.ONLY
        if name in self._open or (record.phase == _SUMMARY and len(self._open) < MOST_OPEN):
            self._open[name] = record  # a summary's stream may have opened before the time that is looked at
            return Part.NOTE
        return Part.NOTE if record.phase == _SUMMARY else Part.ONLY

    def end(self, record: Seen) -> Seen | None:
        """Forget an exchange whose last record this is; gives what its notes said where that record does not."""
        name = record.exchange_id
        if record.reason != INTERRUPTED:
            self._open.pop(name, None)
            return None
        if name not in self._open:
            if len(self._ended_before) < MOST_OPEN:
                self._ended_before.add(name)  # its intent is in a writer that was not read yet
            return None
        return self._open.pop(name)

    def _begin(self, name: str) -> None:
        if name in self._ended_before:
            self._ended_before.remove(name)
        elif len(self._open) < MOST_OPEN:
            self._open[name] = None
        else:
            self.forgotten += 1

    @property
    def open(self) -> int:
        """Begun and not ended."""
        return len(self._open) + self.forgotten

    def notes(self) -> list[Seen]:
        """The last summary of each exchange that is still open."""
        return [note for note in self._open.values() if note is not None]
