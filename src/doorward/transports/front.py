"""What every public path owes a browser and a rebinding name server: Host and Origin, exactly; CORS; the caller's
address.

MCP basic/transports, "Security Warning": servers MUST validate Origin. The gateway sets a Host of its own towards the
server, so it is the only one that can.
"""

import json
import re

from doorward.core.exchange import Headers
from doorward.core.snapshot import Snapshot
from doorward.transports.http1 import HttpRequest

_DEFAULT_PORTS = {"http": b":80", "https": b":443"}
_PARAM = re.compile(rb"(?i:mcp-param-)[!#$%&'+\-.^_`|~0-9A-Za-z]+")  # but `*`, which Fetch gives a meaning
_CORS_METHODS = b"POST, GET, DELETE, OPTIONS"
_CORS_HEADERS = (
    b"Accept, Authorization, Content-Type, Last-Event-ID, Mcp-Method, Mcp-Name, Mcp-Protocol-Version, Mcp-Session-Id, "
    b"X-MCP-Token, traceparent, tracestate, baggage"
)
_EXPOSED = b"Mcp-Session-Id, Mcp-Protocol-Version, WWW-Authenticate, Retry-After"


def host_allowed(request: HttpRequest, snapshot: Snapshot) -> bool:
    """Whether Host is one of ours, byte for byte but for letter case; a scheme's own port may be left out."""
    host = (request.get(b"host") or b"").lower()
    if host in snapshot.allowed_hosts:
        return True
    suffix = _DEFAULT_PORTS["https" if request.tls else "http"]
    return host.endswith(suffix) and host.removesuffix(suffix) in snapshot.allowed_hosts


def origin_allowed(request: HttpRequest, snapshot: Snapshot) -> bool:
    """No Origin, or exactly one that is configured, or that of this very gateway."""
    origins = request.all(b"origin")
    if not origins:
        return True
    return len(origins) == 1 and origins[0].lower() in snapshot.allowed_origins


def cors(request: HttpRequest) -> Headers:
    """What lets a page of an allowed origin read the answer. Only called once the origin was allowed."""
    origin = request.get(b"origin")
    if origin is None:
        return ()
    return (
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", _EXPOSED),
        (b"vary", b"Origin"),
    )


def preflight(request: HttpRequest) -> Headers:
    """The answer to OPTIONS: what a page may send. Mcp-Param-* names are open-ended: those asked for are repeated."""
    asked = request.get(b"access-control-request-headers") or b""
    names = [name.strip() for name in asked.split(b",")]
    params = [name for name in names if _PARAM.fullmatch(name)]
    return (
        *cors(request),
        (b"access-control-allow-methods", _CORS_METHODS),
        (b"access-control-allow-headers", b", ".join([_CORS_HEADERS, *params])),
        (b"access-control-max-age", b"600"),
    )


def caller(request: HttpRequest, snapshot: Snapshot) -> str:
    """The client's address; behind a trusted proxy the nearest one in X-Forwarded-For that is not trusted itself."""
    address = request.client
    if address not in snapshot.trusted_proxies:
        return address
    hops = [hop.strip() for line in request.all(b"x-forwarded-for") for hop in line.decode("latin-1").split(",")]
    for hop in reversed(hops):
        if hop and len(hop) <= 64:
            address = hop
            if hop not in snapshot.trusted_proxies:
                break
    return address


def error(code: str, message: str) -> bytes:
    """A small body for what is refused before it is a message."""
    return json.dumps(
        {"jsonrpc": "2.0", "id": None, "error": {"code": 4000, "message": message, "data": {"reason": code}}}
    ).encode()
