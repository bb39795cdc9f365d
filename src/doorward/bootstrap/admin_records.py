"""Records of what operators change from the command line (``kind: admin``): who did it, as the system knows them."""

import os
import time
from pathlib import Path
from uuid import uuid4

from doorward.core.audit import AuditRecord, timestamp
from doorward.gateway.journal import FileJournal

MOST_DETAIL = 4096
"""Characters."""


def admin_record(audit_directory: Path, *, what: str, detail: str, user: str, grant_id: str = "") -> None:
    """Append one record to the log, as a writer of its own (docs/guarantees.md, G5).

    ``what`` is the command ("override grant"), ``detail`` what it did, without secrets, ``user`` as ``os_user`` says.
    Raises ``JournalFault``.
    """
    journal = FileJournal(audit_directory)
    try:
        journal.append(
            AuditRecord(
                event_id=uuid4().hex,
                exchange_id=uuid4().hex,
                kind="admin",
                timestamp=timestamp(time.time()),
                identity=user,
                grant_id=grant_id,
                method=what,
                detail=detail[:MOST_DETAIL],
            )
        )
    finally:
        journal.close()


def os_user() -> str:
    """``os:NAME``, or ``os:UID``: from the system, not from the environment, which the user writes."""
    try:
        import pwd

        return f"os:{pwd.getpwuid(os.getuid()).pw_name}"
    except ImportError:  # Windows
        return f"os:{os.getlogin()}"
    except KeyError:
        return f"os:{os.getuid()}"
