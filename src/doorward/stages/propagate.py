"""Our trace context in a request, so that the server's spans hang under ours (``servers.X.trace: propagate``)."""

from collections.abc import Sequence

from doorward.core.exchange import Exchange, Headers
from doorward.core.message import Edit, Request, splice
from doorward.core.tracing import Context, context_of, span_id_of, trace_id_of

_HEADER = b"traceparent"


def propagate(body: bytes, headers: Headers, exchanges: Sequence[Exchange], *, batch: bool) -> tuple[bytes, Headers]:
    """A body with ``params._meta.traceparent`` (SEP-414) of each request in it, and the header of the first.

    The trace and its flags are the caller's, or begin here; the parent is our span. Every other byte stays, also of
    what is no request: nobody makes a span of a notification's answer.
    """
    requests = [(place, each) for place, each in enumerate(exchanges) if isinstance(each.message, Request)]
    if not requests:
        return body, headers
    edits = [
        Edit(f"/{place}{_POINTER}" if batch else _POINTER, ours(exchange).traceparent(), add=True)
        for place, exchange in requests
        if _has_room(exchange)
    ]
    if exchanges[0].inbound.transport == "http":
        headers = _with(headers, ours(requests[0][1]).traceparent().encode())
    return splice(body, edits), headers


_POINTER = "/params/_meta/traceparent"


def ours(exchange: Exchange) -> Context:
    """Where our span of an exchange is."""
    span_id = span_id_of(exchange.exchange_id)
    caller = context_of(exchange.message, exchange.inbound.traceparent)
    if caller is None:
        return Context(trace_id_of(exchange.exchange_id), span_id)
    return caller._replace(span_id=span_id)


def _has_room(exchange: Exchange) -> bool:
    """Whether ``_meta`` is an object, or can be made, and what it may hold is text. What is not is the server's to
    judge.
    """
    assert isinstance(exchange.message, Request)
    meta = exchange.message.params.get("_meta", {})
    return isinstance(meta, dict) and isinstance(meta.get("traceparent", ""), str)


def _with(headers: Headers, value: bytes) -> Headers:
    """The field once: in the place of the first, or behind all others."""
    names = [name for name, _ in headers]
    if _HEADER not in names:
        return (*headers, (_HEADER, value))
    first = names.index(_HEADER)
    kept = tuple(field for field in headers[first + 1 :] if field[0] != _HEADER)
    return (*headers[:first], (_HEADER, value), *kept)
