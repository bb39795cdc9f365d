"""A credential that the gateway holds, in what a server says beside its messages: header fields, and comments, ids and
names of events. Whatever else stands there passes as it came (docs/coverage.md); a credential of ours passes nowhere.
"""

from doorward.core.decision import Decision, Effect, Reason
from doorward.core.exchange import Event, Exchange, Headers
from doorward.core.finding import Finding, Text
from doorward.core.looking import RESULTS, SECRET
from doorward.core.ports import Held
from doorward.gateway.call import Call, weigh
from doorward.gateway.found import count
from doorward.stages.inspect import HELD, HELD_RULE

_ECHOED = Decision(Effect.REDACT, Reason.PII_REDACTED, rules=(SECRET,))


def headers(call: Call, exchange: Exchange, passed: Headers) -> Headers:
    """The fields of an answer's head without those that repeat a credential; the same object where none does."""
    held = call.snapshot.held
    if held is None or not held.in_bytes(b"\n".join([part for field in passed for part in field])):
        return passed
    clean = tuple(field for field in passed if not _in(held, field[0]) and not _in(held, field[1]))
    echoed = len(passed) - len(clean)
    return clean if echoed and _left_out(call, exchange, echoed) else passed


def event(call: Call, exchange: Exchange, came: Event) -> Event:
    """An event without lines that repeat a credential; its data is a message, and looked at as one. The same object
    where there is no such line.
    """
    held = call.snapshot.held
    if held is None or not held.in_bytes(came.raw if came.data is None else came.raw.replace(came.data, b"", 1)):
        return came
    clean, echoed = came.without(lambda line: _in(held, line))
    return clean if echoed and _left_out(call, exchange, echoed) else came


def _in(held: Held, raw: bytes) -> bool:
    return held.in_bytes(raw) and bool(held.find(raw.decode("utf-8", "surrogateescape")))


def _left_out(call: Call, exchange: Exchange, echoed: int) -> bool:
    """Note it; whether the mode has it left out. A stream may carry anything of the server, so the strictest holds."""
    mode = call.server.strictest(exchange.mode) if call.stream else exchange.mode
    text = Text("", "")
    count(exchange, [Finding(text, 0, 0, SECRET, 1.0, HELD, rule=HELD_RULE)] * echoed, RESULTS)
    weigh(exchange, _ECHOED, mode=mode)
    if not mode.enforcing:
        return False
    exchange.redactions += echoed
    if exchange.effect is Effect.ALLOW:
        exchange.effect = Effect.REDACT
    return True
