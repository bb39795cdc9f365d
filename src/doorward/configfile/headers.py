"""Which HTTP header fields a configuration may name, and what a value may hold (RFC 9110 §5.1, §5.5)."""

import re

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}", re.ASCII)
_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?", re.ASCII)

OWN_TOKEN = "x-mcp-token"

# RFC 9110 §7.6.1 and RFC 9112 §6: what belongs to one connection and the framing on it.
_CONNECTION = frozenset(
    (
        "connection",
        "content-encoding",
        "content-length",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
_CREDENTIALS = frozenset(("authorization", "cookie", "proxy-authorization", OWN_TOKEN))
_FORWARDED = ("forwarded", "via", "x-real-ip")
_ANSWERS = frozenset(["location", "proxy-authenticate", "set-cookie", "www-authenticate"])


def well_formed_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def well_formed_value(value: str) -> bool:
    """Visible ASCII, with spaces and tabs inside only: whatever else is read differently by different servers."""
    return _VALUE.fullmatch(value) is not None


def forbidden_request(name: str) -> bool:
    """Never let through from a client by ``servers.X.headers.request``."""
    name = name.lower()
    return (
        name in _CREDENTIALS or name in _CONNECTION or name in _FORWARDED or name.startswith(("x-forwarded-", "proxy-"))
    )


def forbidden_response(name: str) -> bool:
    """Never let through from a server by ``servers.X.headers.response``."""
    name = name.lower()
    return name in _ANSWERS or name in _CONNECTION or name.startswith(("access-control-", "proxy-"))


def forbidden_credential(name: str) -> bool:
    """Never a credential, neither relayed nor static: framing, the protocol's own fields, our own token."""
    name = name.lower()
    return (
        name == OWN_TOKEN
        or name in _CONNECTION
        or name in ("accept", "content-type")
        or name.startswith(("mcp-", "last-event-"))
    )
