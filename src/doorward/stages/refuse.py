"""Decision -> what the client gets (docs/reasons.md; MCP basic, "Error codes").

Old clients lose their whole session at any HTTP error on one call, so the refusal of one message is an answer where it
can be.
"""

from typing import Any

import msgspec

from doorward.core.decision import Decision, Reason
from doorward.core.exchange import Exchange, Headers, Reply
from doorward.core.message import Notification, Request, Response
from doorward.core.rules import UNREADABLE

JSON: tuple[bytes, bytes] = (b"content-type", b"application/json")
DECISION_KEY = "io.doorward/decision"
HEADER_MISMATCH = -32020
INVALID_REQUEST = -32600
DROPPED = 202  # the status for a notification or a response of a legacy client that goes no further

# JSON-RPC codes of ours, outside -32768 … -32000 (JSON-RPC 2.0, 5.1; MCP reserves -32020 … -32099). One per area.
_CODES = {
    "auth": 4010,
    "policy": 4030,
    "schema": 4221,
    "session": 4040,
    "http": 4000,
    "message": 4001,
    "header": 4002,
    "pii": 4220,
    "limit": 4290,
    "detector": 5001,
    "gateway": 5000,
    "upstream": 5020,
    "credential": 5021,
    "journal": 5030,
    "state": 5032,
    "configuration": 5031,
}

# What a modern client gets as HTTP status, and after how many seconds it may try again (0: no Retry-After).
_TRANSPORT: dict[Reason, tuple[int, int]] = {
    Reason.LIMIT_RATE: (429, 1),
    Reason.LIMIT_STREAMS: (429, 5),
    Reason.LIMIT_OVERLOAD: (503, 1),
    Reason.JOURNAL_UNAVAILABLE: (503, 2),
    Reason.GATEWAY_DRAINING: (503, 1),
    Reason.GATEWAY_FAULT: (500, 0),
    Reason.CREDENTIAL_UNAVAILABLE: (502, 5),
    Reason.UPSTREAM_UNREACHABLE: (502, 1),
    Reason.UPSTREAM_CLOSED: (502, 1),
    Reason.UPSTREAM_CRASHED: (502, 1),
    Reason.UPSTREAM_GARBAGE: (502, 0),
    Reason.UPSTREAM_TOO_LARGE: (502, 0),
    Reason.UPSTREAM_NO_ANSWER: (502, 0),
    Reason.UPSTREAM_UNAUTHORIZED: (502, 0),
    Reason.UPSTREAM_REDIRECT: (502, 0),
    Reason.UPSTREAM_TIMEOUT: (504, 1),
    Reason.UPSTREAM_BREAKER: (503, 2),
    Reason.DETECTOR_FAILED: (503, 1),
    Reason.DETECTOR_TIMEOUT: (503, 1),
}

# Refused before there is a message, or because of what stands around it: the status is the answer in both eras.
_STATUS: dict[Reason, int] = {
    Reason.AUTH_AMBIGUOUS: 400,
    Reason.AUTH_REQUIRED: 401,
    Reason.AUTH_INVALID: 401,
    Reason.AUTH_EXPIRED: 401,
    Reason.AUTH_AUDIENCE: 401,
    Reason.AUTH_ISSUER: 401,
    Reason.AUTH_LIFETIME: 401,
    Reason.AUTH_REVOKED: 401,
    Reason.AUTH_KIND: 401,
    Reason.AUTH_SCOPE: 403,
    Reason.AUTH_UNAVAILABLE: 503,
    Reason.STATE_UNAVAILABLE: 503,
    Reason.SESSION_UNKNOWN: 404,
    Reason.SESSION_ENDED: 404,
    Reason.HTTP_ROUTE: 404,
    Reason.MESSAGE_TOO_LARGE: 413,
}


def code_of(reason: Reason) -> int:
    return _code(reason.partition(".")[0])


def _code(area: str) -> int:
    return _CODES.get(area, 5000)


def _area(decision: Decision) -> str:
    """What the form of an answer goes by. A number that a policy cannot read is the fault of one argument, and costs
    an old client this call; a message that cannot be read is an HTTP error, and costs it its session."""
    return "policy" if UNREADABLE in decision.rules else decision.reason.partition(".")[0]


def refusal(exchange: Exchange, decision: Decision, *, challenge: bytes = b"") -> Reply:
    """The answer to a client that was refused. ``challenge`` is the WWW-Authenticate value for a 401 or 403."""
    message = exchange.message
    reason = decision.reason
    stdio = exchange.inbound.transport == "stdio"
    identifier = message.id if isinstance(message, Request) else None
    if reason in _STATUS and not stdio:
        status = _STATUS[reason]
        headers: Headers = ((b"www-authenticate", challenge),) if challenge and status in (401, 403) else ()
        return _error(status, exchange, decision, identifier, headers=headers)
    area = _area(decision)
    if area == "header":
        return _error(400, exchange, decision, identifier, code=HEADER_MISMATCH)
    if area == "message":
        return _error(400, exchange, decision, identifier, code=INVALID_REQUEST)
    if isinstance(message, Notification | Response) and not exchange.modern:
        # Nobody waits for an answer, and an HTTP error here ends the whole session of an old client (SDK 1.x).
        return Reply(DROPPED, (), b"")
    if reason in _TRANSPORT:
        return _transport_refusal(exchange, decision, identifier)
    if isinstance(message, Notification | Response) or message is None:
        return _error(403, exchange, decision, None)
    if message.method == "tools/call" and not stdio:
        return Reply(200, (JSON,), tool_refusal(exchange, decision, message.id))
    return _error(200, exchange, decision, message.id)


def _transport_refusal(exchange: Exchange, decision: Decision, identifier: str | int | None) -> Reply:
    status, wait = _TRANSPORT[decision.reason]
    wait = decision.wait or wait
    if identifier is not None and not exchange.modern and not _outside_session(exchange, decision.reason):
        status = 200
    headers: Headers = ((b"retry-after", str(wait).encode()),) if wait and status != 200 else ()
    return _error(status, exchange, decision, identifier, headers=headers, retry_after=wait)


def _outside_session(exchange: Exchange, reason: Reason) -> bool:
    """A server that wants a credential or redirects is a broken set-up: said with a 502, as the contract has it, unless
    the request belongs to a running legacy session, which that status would end (SDK 1.x)."""
    if reason not in (Reason.UPSTREAM_UNAUTHORIZED, Reason.UPSTREAM_REDIRECT) or exchange.inbound.transport == "stdio":
        return False
    return exchange.inbound.session is None and exchange.inbound.version is None


def error_body(exchange: Exchange, decision: Decision, identifier: str | int | None) -> bytes:
    """The JSON-RPC error for one id, as a batch's element or as the last event of a stream that broke."""
    area = _area(decision)
    code = {"header": HEADER_MISMATCH, "message": INVALID_REQUEST}.get(area, _code(area))
    wait = decision.wait or _TRANSPORT.get(decision.reason, (0, 0))[1]
    return _error(200, exchange, decision, identifier, code=code, retry_after=wait).body


def unreadable(
    exchange: Exchange, decision: Decision, code: int, identifier: str | int | None, *, in_session: bool = False
) -> Reply:
    """400 and the protocol's own error for a body that has not one clear reading.

    ``in_session``: a legacy client is at work, whose whole session a 400 may end (SDK 1.x). What is only too deep then
    costs it this one call.
    """
    one_call = in_session and identifier is not None and decision.reason is Reason.MESSAGE_TOO_DEEP
    return _error(200 if one_call else 400, exchange, decision, identifier, code=code)


def tool_refusal(exchange: Exchange, decision: Decision, identifier: str | int) -> bytes:
    """A tool result with ``isError``: the model reads why and can go on; programs read ``_meta``."""
    result: dict[str, Any] = {
        "content": [{"type": "text", "text": _sentence(exchange, decision)}],
        "isError": True,
        "_meta": {DECISION_KEY: facts(exchange, decision)},
    }
    if exchange.modern:
        result["resultType"] = "complete"
    return msgspec.json.encode({"jsonrpc": "2.0", "id": identifier, "result": result})


def facts(exchange: Exchange, decision: Decision) -> dict[str, Any]:
    """What programs match on. Never payload text."""
    return {
        "decision": decision.effect.value,
        "reason": decision.reason.value,
        "rules": list(decision.rules),
        "what": decision.what,
        "remedy": decision.remedy,
        "exchange_id": exchange.exchange_id,
    }


def _sentence(exchange: Exchange, decision: Decision) -> str:
    rule = f" (rule {', '.join(decision.rules)})" if decision.rules else ""
    return (
        f"Refused by the security gateway: {decision.what or decision.reason.value}{rule}. "
        f"Next: {decision.remedy or 'ask the operator of the gateway'}. "
        f"Reason {decision.reason.value}, exchange {exchange.exchange_id}."
    )


def _error(
    status: int,
    exchange: Exchange,
    decision: Decision,
    identifier: str | int | None,
    *,
    code: int | None = None,
    headers: Headers = (),
    retry_after: int = 0,
) -> Reply:
    data = facts(exchange, decision)
    if retry_after:
        data["retry_after_s"] = retry_after
    error = {
        "code": _code(_area(decision)) if code is None else code,
        "message": _sentence(exchange, decision),
        "data": data,
    }
    body = msgspec.json.encode({"jsonrpc": "2.0", "id": identifier, "error": error})
    return Reply(status, (JSON, *headers), body)
