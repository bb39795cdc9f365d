"""The time that a report is of, as it is written on the command line."""

import re
from datetime import UTC, datetime

from doorward.configtypes import Duration, Refused
from doorward.core.audit import timestamp

_LAST_SECOND = 253_402_300_799.0  # of the year 9999


def moment(text: str, now: float) -> str:
    """A timestamp as records have it, from ``24h`` (ago), ``2026-11-01`` or ``2026-11-01T13:00Z``; UTC where nothing
    is said. Raises ``Refused``.
    """
    if re.match(r"[0-9]{4}-", text, re.ASCII):
        try:
            read = datetime.fromisoformat(text)
            seconds = (read if read.tzinfo is not None else read.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            raise Refused("expected a time", "write it as 2026-11-01 or 2026-11-01T13:00:00Z") from None
    else:
        seconds = now - float(Duration.parse(text))
    return timestamp(min(max(seconds, 0.0), _LAST_SECOND))
