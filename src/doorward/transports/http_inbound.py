"""An HTTP request as an ``Inbound``: its header fields sorted by what may happen to them."""

from doorward.core.exchange import Inbound
from doorward.core.snapshot import Snapshot
from doorward.transports import front
from doorward.transports.http1 import HttpRequest

_PASSED = frozenset({b"accept", b"content-type", b"traceparent", b"tracestate", b"baggage", b"user-agent"})
_APART = frozenset({b"mcp-session-id", b"mcp-protocol-version"})


def inbound_of(
    request: HttpRequest, snapshot: Snapshot, server: str, received: float, transport: str = "http"
) -> Inbound:
    """Sort the header fields: those that pass, those that mirror the body, those that the pipeline decides about."""
    known = snapshot.servers.get(server)
    more: frozenset[bytes] = known.request_headers if known is not None else frozenset()
    relay: frozenset[bytes] = known.relay if known is not None else frozenset()
    passed: list[tuple[bytes, bytes]] = []
    mirrors: list[tuple[bytes, bytes]] = []
    relayed: list[tuple[bytes, bytes]] = []
    apart: dict[bytes, bytes] = {}
    versions = 0
    for field in request.headers:
        name = field[0]
        if name in _APART:
            versions += name == b"mcp-protocol-version"
            apart[name] = field[1]
        elif name.startswith(b"mcp-"):
            passed.append(field)
            mirrors.append(field)
        elif name in _PASSED or name in more:
            passed.append(field)
        elif name in relay:
            relayed.append(field)
    token, ambiguous = _token(request, relay)
    return Inbound(
        transport=transport,
        verb=request.method,
        server=server,
        body=request.body,
        headers=tuple(passed),
        mirrors=tuple(mirrors),
        relayed=tuple(relayed),
        token=token,
        token_ambiguous=ambiguous,
        session=apart.get(b"mcp-session-id"),
        version=apart.get(b"mcp-protocol-version"),
        version_count=versions,
        last_event_id=request.get(b"last-event-id"),
        client_ip=front.caller(request, snapshot),
        received=received,
    )


def _token(request: HttpRequest, relay: frozenset[bytes]) -> tuple[bytes | None, bool]:
    """(our token, whether it was sent twice): X-MCP-Token, or without it Authorization: Bearer (contract.md, "HTTP").

    Where Authorization is relayed to the server it is the client's own for that server, and not for us.
    """
    own = request.all(b"x-mcp-token")
    bearers = request.all(b"authorization")
    if len(own) > 1 or len(bearers) > 1:
        return None, True
    if own:
        return own[0], False
    if not bearers or b"authorization" in relay:
        return None, False
    scheme, _, value = bearers[0].partition(b" ")
    return (value.strip() if scheme.lower() == b"bearer" else b""), False
