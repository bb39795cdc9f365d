"""Records of what operators change from the command line (``kind: admin``): who did it, as the system knows them."""

import os
import time
from uuid import uuid4

from doorward.bootstrap import journals
from doorward.bootstrap.configured import directories
from doorward.configfile import Loaded
from doorward.core.audit import AuditRecord, timestamp

MOST_DETAIL = 4096
"""Characters."""


def admin_record(loaded: Loaded, *, what: str, detail: str, user: str, grant_id: str = "") -> None:
    """Append one record to the log, as a writer of its own (docs/guarantees.md, G5).

    ``what`` is the command ("override grant"), ``detail`` what it did, without secrets, ``user`` as ``os_user`` says.
    It is on the disk when this returns. Raises ``JournalFault`` and ``InvalidConfiguration``.
    """
    journal = journals.journal(loaded, *directories(loaded))
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
        journal.flush()
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
