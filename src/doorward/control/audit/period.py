"""Moments as people write them, in filters and for reports: how long ago, or when."""

import re
from datetime import UTC, datetime

from doorward.configtypes import Duration, Refused
from doorward.core.audit import timestamp

_LAST_SECOND = 253_402_300_799.0  # of the year 9999


def seconds(text: str, now: float) -> float:
    """Since the epoch, from ``24h`` (ago), ``2026-11-01`` or ``2026-11-01T13:00Z``; UTC where nothing is said. Raises
    ``Refused``.
    """
    if re.match(r"[0-9]{4}-", text, re.ASCII):
        try:
            read = datetime.fromisoformat(text)
            found = (read if read.tzinfo is not None else read.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            remedy = "write it as 2026-11-01, or 2026-11-01T13:00Z (UTC where nothing else is said)"
            raise Refused("expected a time", remedy) from None
    else:
        try:
            found = now - float(Duration.parse(text))
        except Refused as refused:
            raise Refused(refused.message, f"{refused.remedy}; or a time, as 2026-11-01T13:00Z") from None
    return min(max(found, 0.0), _LAST_SECOND)


def moment(text: str, now: float) -> str:
    """The same as a timestamp, as records have it."""
    return timestamp(seconds(text, now))
