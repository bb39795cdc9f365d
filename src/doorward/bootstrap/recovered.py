"""What killed processes left behind in the log, put in order by the next one."""

import logging
import time
from pathlib import Path

from doorward.core.errors import JournalFault
from doorward.core.ports import Journal
from doorward.gateway.journal.recovery import recover

log = logging.getLogger(__name__)

RECOVERY = 5.0
"""Seconds for what killed processes left behind; the rest is for the next start."""


def recovered(audit: Path, journal: Journal) -> None:
    """What killed processes left behind is put in order, if nobody else is at it. In a thread, before the first call;
    what cannot be put in order is told, and for the verifier to name. Whatever is on the disk, the process starts.
    """
    try:
        found = recover(audit, journal, now=time.time(), limit_seconds=RECOVERY)
    except (OSError, JournalFault) as fault:
        log.error("what earlier processes left in the log could not be put in order: %s", fault)
        return
    except Exception:
        log.exception("what earlier processes left in the log could not be put in order, and stays as it is")
        return
    if found.skipped:
        log.info("what earlier processes left in the log is left to another process, or to the next start")
    if found.torn or found.interrupted:
        log.warning(
            "earlier processes were killed: %d exchanges closed as interrupted, %d torn lines set aside",
            found.interrupted,
            found.torn,
        )
    for problem in found.problems:
        log.error("what an earlier process left in the log stays as it is: %s", problem)
    if found.left > len(found.problems):
        log.warning("%d earlier processes' records are put in order at the next start", found.left)
    if found.damaged:
        log.error("%d damaged lines in the log; run: doorward audit verify", found.damaged)
