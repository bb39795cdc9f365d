"""What a verification says in the end."""

from dataclasses import dataclass, field

from doorward.control.audit.verify.findings import COMPLETE, INTACT, Fault
from doorward.control.audit.verify.segments import Admitted


@dataclass(slots=True)
class Pending:
    """A writer that has not ended in order yet: it lives, or was killed, or this is a copy of when it lived."""

    writer: str
    live: bool
    open: int
    torn: int


@dataclass(slots=True)
class Report:
    """All of it. ``uncovered``: by writer, how many of its newest records nobody vouches for."""

    directory: str
    faults: list[Fault] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    admitted: list[tuple[str, Admitted]] = field(default_factory=list)
    gaps: int = 0
    notes: list[str] = field(default_factory=list)
    writers: int = 0
    records: int = 0
    begun: str = ""
    ended: str = ""
    checkpoints: int = 0
    last_checkpoint: str = ""
    keys: list[str] = field(default_factory=list)
    uncovered: dict[str, int] = field(default_factory=dict)
    exported: int = 0
    exported_records: int = 0
    with_exported: bool = False
    strict: bool = False

    @property
    def intact(self) -> bool:
        """What is there is what was written."""
        return not any(fault.promise == INTACT for fault in self.faults)

    @property
    def complete(self) -> bool:
        """And nothing that was written is missing, as far as anybody vouches for it."""
        ended = not self.strict or all(pending.live for pending in self.pending)
        return self.intact and ended and not any(fault.promise == COMPLETE for fault in self.faults)
