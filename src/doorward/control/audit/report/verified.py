"""What the verifier said, in the words of the report."""

from collections.abc import Iterator

from doorward.control.audit.report.model import Verification
from doorward.control.audit.report.plain import count, counted
from doorward.control.audit.verify.report import Report

MOST_FAULTS = 20


def verified(found: Report) -> Verification:
    """As data for the report; of many faults the first, and how many more there are."""
    return Verification(True, found.intact, found.complete, tuple(_lines(found)))


def _lines(found: Report) -> Iterator[str]:
    yield (
        f"{counted(found.records, 'record')} of {counted(found.writers, 'writer')} and "
        f"{counted(found.checkpoints, 'checkpoint')} were verified."
    )
    for fault in found.faults[:MOST_FAULTS]:
        where = f"writer {fault.writer}: " if fault.writer else ""
        yield f"Not {fault.promise}: {where}{fault.what}."
    if len(found.faults) > MOST_FAULTS:
        yield f"And {counted(len(found.faults) - MOST_FAULTS, 'more fault')}: doorward audit verify names all."
    if found.with_exported:
        yield f"Exported checkpoints vouch for {count(found.exported_records)} of these records."
    else:
        yield "There are no exported checkpoints: who can write to the log could have cut off its end, checkpoints too."
    yield (
        "The public keys are those of this machine: they prove nothing against whoever could write to keys.directory. "
        "doorward audit verify takes keys that were kept elsewhere."
    )
    killed = sum(1 for pending in found.pending if not pending.live)
    if killed:
        yield f"{counted(killed, 'writer')} ended without closing: start the gateway once, and it closes them."
    uncovered = sum(found.uncovered.values())
    if uncovered:
        yield f"{counted(uncovered, 'newest record')} no checkpoint vouches for yet."
