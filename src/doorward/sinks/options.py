"""The options that all sinks share."""

from typing import Literal

import msgspec

from doorward.configtypes import Duration

Format = Literal["native", "ocsf", "ecs", "cef"]


class SinkOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``name``: of its cursor, its dead letters and its metrics; empty: that of the plug-in. ``format``: of an event.

    ``every``: how long an event may wait for others to be sent with. ``events``: at most so many in one delivery; 0: as
    many as the service takes. ``timeout``: for one request.
    """

    name: str = ""
    format: Format = "native"
    every: Duration = Duration(1)
    events: int = 0
    timeout: Duration = Duration(10)
