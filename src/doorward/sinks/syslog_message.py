"""One event as a message of RFC 5424: printable, on one line, in ASCII wherever the event is JSON."""

import re
from typing import Literal, get_args

from doorward.core.audit import timestamp
from doorward.core.delivery import Event
from doorward.sinks.marks import marks, severity

Facility = Literal[
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
]  # fmt: skip
"""By their numbers (RFC 5424, 6.2.1)."""
FACILITIES: tuple[str, ...] = get_args(Facility)

_SEVERITIES = {"critical": 2, "high": 3, "medium": 4, "low": 5, "": 6}
_BOM = b"\xef\xbb\xbf"

# C0, DEL and C1, and what else a reader of text may take for the end of a line.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NOT_PRINTABLE = re.compile("[^ -~]+")
_IN_VALUES = re.compile(r'(["\\\]])')


def message(event: Event, facility: int, host: str, app: str, sd_id: str) -> bytes:
    """``PRI VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG`` (RFC 5424, 6)."""
    kind = name(str(event.record.get("kind", "")), 32)
    head = f"<{facility * 8 + _SEVERITIES[severity(event)]}>1 {timestamp(event.at)} {host} {app} - {kind}"
    values = ((key, ",".join(value) if isinstance(value, list) else value) for key, value in marks(event).items())
    data = "".join(f' {key}="{_value(value)}"' for key, value in values)
    return f"{head} [{sd_id}{data}] ".encode() + _text(event.data)


def name(text: str, most: int) -> str:
    """As a field of the header: printable ASCII without spaces, ``-`` where nothing is left (RFC 5424, 6)."""
    return "".join(character for character in text if "!" <= character <= "~")[:most] or "-"


def is_name(text: str, most: int) -> bool:
    """Whether a text may be a field as it stands."""
    return text != "-" and name(text, most) == text


def _value(text: str) -> str:
    """Within the quotes of a parameter (RFC 5424, 6.3.3)."""
    return _IN_VALUES.sub(r"\\\1", _CONTROL.sub(_octal, text))


def _text(data: bytes) -> bytes:
    """The MSG. Text beyond ASCII needs a byte order mark (6.4), which readers of JSON stumble over: JSON can do without
    such text.
    """
    text = data.decode(errors="replace")
    if text.startswith("{"):
        return _NOT_PRINTABLE.sub(_escape, text).encode()
    text = _CONTROL.sub(_octal, text)
    return text.encode() if text.isascii() else _BOM + text.encode()


def _octal(found: re.Match[str]) -> str:
    """As rsyslog writes a control character."""
    return f"#{ord(found[0]):03o}"


def _escape(found: re.Match[str]) -> str:
    """As JSON writes any character within a string (RFC 8259, 7)."""
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
