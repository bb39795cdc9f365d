"""An HTTP request as an ``Inbound``: its header fields sorted by what may happen to them."""

import msgspec
from msgspec.structs import replace

from doorward.core.exchange import Inbound
from doorward.core.snapshot import Snapshot
from doorward.transports import front
from doorward.transports.charset import reads_alike
from doorward.transports.http1 import HttpRequest

_NAMED = {  # what is done with each field that has a meaning of its own
    b"accept": "pass",
    b"content-type": "pass",
    b"tracestate": "pass",
    b"baggage": "pass",
    b"user-agent": "pass",
    b"traceparent": "pass and keep",
    b"mcp-session-id": "keep",
    b"mcp-protocol-version": "keep",
    b"last-event-id": "keep",
    b"x-mcp-token": "token",
    b"authorization": "token",
}


class Sorted(msgspec.Struct, frozen=True):
    """The fields of one head: all of an ``Inbound`` that they decide. ``snapshot`` is what they were sorted by."""

    snapshot: Snapshot
    inbound: Inbound


def inbound_of(
    request: HttpRequest, snapshot: Snapshot, server: str, received: float, transport: str = "http"
) -> Inbound:
    """Sort the header fields: those that pass, those that mirror the body, those that the pipeline decides about."""
    known: Sorted | None = request.notes.get(server)
    if known is None or known.snapshot is not snapshot:
        known = request.notes[server] = Sorted(snapshot, _sorted(request, snapshot, server, transport))
    client = front.caller(request, snapshot)
    return replace(known.inbound, body=request.body, client_ip=client, received=received)


def _sorted(request: HttpRequest, snapshot: Snapshot, server: str, transport: str) -> Inbound:
    headers = request.headers
    known = snapshot.servers.get(server)
    more: frozenset[bytes] = known.request_headers if known is not None else frozenset()
    relay: frozenset[bytes] = known.relay if known is not None else frozenset()
    passed: list[tuple[bytes, bytes]] = []
    mirrors: list[tuple[bytes, bytes]] = []
    relayed: list[tuple[bytes, bytes]] = []
    kept: dict[bytes, bytes] = {}
    tokens: list[tuple[bytes, bytes]] = []
    versions = 0
    for field in headers:
        name, value = field
        use = _NAMED.get(name)
        if use is None:
            if name.startswith(b"mcp-"):
                if name.replace(b"_", b"-") in _NAMED:
                    continue  # to a server behind CGI or WSGI it is that very field (RFC 3875 §4.1.18), and not opened
                passed.append(field)
                mirrors.append(field)
            elif name in more:
                passed.append(field)
            elif name in relay:
                relayed.append(field)
        elif use == "pass":
            passed.append(field)
        elif use == "token":
            (relayed if name in relay else tokens).append(field)
        else:
            versions += name == b"mcp-protocol-version"
            kept[name] = b"" if name in kept else value  # sent twice: none of them
            if use == "pass and keep":
                passed.append(field)
    token, ambiguous = _token(tokens)
    if token is not None and not any(name == b"x-mcp-token" for name, _ in tokens):
        relayed.clear()  # who uses Authorization for us has no credential of their own to hand on (brokers/relay.py)
    return Inbound(
        transport=transport,
        verb=request.method,
        server=server,
        headers=tuple(passed),
        mirrors=tuple(mirrors),
        relayed=tuple(relayed),
        token=token,
        token_ambiguous=ambiguous,
        session=kept.get(b"mcp-session-id"),
        version=kept.get(b"mcp-protocol-version"),
        version_count=versions,
        last_event_id=kept.get(b"last-event-id"),
        traceparent=kept.get(b"traceparent"),
        other_charset=any(name == b"content-type" and not reads_alike(value) for name, value in headers),
    )


def _token(fields: list[tuple[bytes, bytes]]) -> tuple[bytes | None, bool]:
    """(our token, whether it was sent twice): X-MCP-Token, or without it Authorization: Bearer (docs/configuration.md).

    ``fields`` leaves out what is relayed: that is the client's own credential for the server, and not for us.
    """
    if not fields:
        return None, False
    own = [value for name, value in fields if name == b"x-mcp-token"]
    if len(own) > 1 or len(fields) - len(own) > 1:
        return None, True
    if own:
        return own[0], False
    scheme, _, value = fields[0][1].partition(b" ")
    return (value.strip() if scheme.lower() == b"bearer" else None), False  # another scheme is no token of ours
