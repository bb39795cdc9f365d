"""What a filter can ask for: names, the members of a record behind them, and where the index has them."""

import enum

import msgspec

from doorward.core.policy import Mode, Severity


class Home(enum.Enum):
    """Where the index keeps a member (``index_schema.py``)."""

    SHAPE = "text of the shape"
    WORD = "one of several words of the shape"
    ID = "text of the record itself"
    NAME = "a name that the record points to"
    WRITER = "the writer"
    NUMBER = "number of the record"
    TIME = "when"


class Field(msgspec.Struct, frozen=True):
    """``members``: of the record; one that fits is enough. ``known``: all values there are, where they are fixed;
    ``ordered``: they are given from low to high, and can be compared.
    """

    name: str
    members: tuple[str, ...]
    home: Home
    known: tuple[str, ...] = ()
    ordered: bool = False


KINDS = ("exchange", "message", "stream", "token", "admin", "alert", "gap", "checkpoint")
PHASES = ("intent", "outcome", "opened", "summary", "closed", "began")
DECISIONS = ("allow", "redact", "deny", "error")
SEVERITIES = tuple(severity.name.lower() for severity in Severity)

_FIELDS = (
    Field("who", ("identity", "client"), Home.SHAPE),
    Field("identity", ("identity",), Home.SHAPE),
    Field("client", ("client",), Home.SHAPE),
    Field("group", ("groups",), Home.WORD),
    Field("act", ("act",), Home.WORD),
    Field("ip", ("client_ip",), Home.NAME),
    Field("grant", ("grant_id",), Home.NAME),
    Field("server", ("mcp_server",), Home.SHAPE),
    Field("tool", ("tool_name",), Home.SHAPE),
    Field("method", ("method",), Home.SHAPE),
    Field("transport", ("transport",), Home.SHAPE),
    Field("kind", ("kind",), Home.SHAPE, KINDS),
    Field("phase", ("phase",), Home.SHAPE, PHASES),
    Field("decision", ("decision",), Home.SHAPE, DECISIONS),
    Field("reason", ("reason",), Home.SHAPE),
    Field("rule", ("rules",), Home.WORD),
    Field("mode", ("mode",), Home.SHAPE, tuple(Mode)),
    Field("would_have", ("would_have",), Home.SHAPE, ("redact", "deny")),
    Field("severity", ("severity",), Home.SHAPE, SEVERITIES, ordered=True),
    Field("override", ("override",), Home.SHAPE),
    Field("sensitivity", ("sensitivity",), Home.SHAPE),
    Field("fact", ("facts",), Home.WORD),
    Field("entity", ("entities",), Home.WORD),
    Field("exchange", ("exchange_id",), Home.ID),
    Field("batch", ("batch_id",), Home.ID),
    Field("trace", ("trace_id",), Home.ID),
    Field("writer", ("writer",), Home.WRITER),
    Field("seq", ("seq",), Home.NUMBER),
    Field("latency_ms", ("latency_ms",), Home.NUMBER),
    Field("gateway_ms", ("gateway_ms",), Home.NUMBER),
    Field("bytes_in", ("bytes_in",), Home.NUMBER),
    Field("bytes_out", ("bytes_out",), Home.NUMBER),
    Field("redaction_count", ("redaction_count",), Home.NUMBER),
    Field("uninspected", ("uninspected",), Home.NUMBER),
    Field("interim", ("interim",), Home.NUMBER),
    Field("upstream_status", ("upstream_status",), Home.NUMBER),
    Field("since", ("timestamp",), Home.TIME),
    Field("until", ("timestamp",), Home.TIME),
)

FIELDS = {field.name: field for field in _FIELDS}

ALIASES = {field.members[0]: field.name for field in _FIELDS if len(field.members) == 1 and field.home is not Home.TIME}
"""The name of a member in a record is good as well: ``mcp_server`` for ``server``."""


def columns(home: Home) -> tuple[str, ...]:
    """The members that the index keeps there."""
    return tuple(dict.fromkeys(member for field in _FIELDS if field.home is home for member in field.members))
