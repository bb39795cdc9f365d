"""Looks through one message, whichever way it goes: inspect > scanner > redact (``pipeline.py`` says when)."""

from collections.abc import Sequence

import msgspec

from doorward.core.decision import Act, Decision, Effect, Reason
from doorward.core.errors import DetectorFault
from doorward.core.exchange import Exchange
from doorward.core.finding import Finding, Text, resolve
from doorward.core.message import Message
from doorward.core.methods import is_opaque, method_entry
from doorward.core.policy import Severity
from doorward.core.ports import Scanner
from doorward.gateway.call import Call, weigh
from doorward.stages import inspect as inspection
from doorward.stages.redact import mark, redact, redacted_text

UNREDACTABLE = Decision(
    Effect.DENY,
    Reason.PII_UNREDACTABLE,
    Severity.HIGH,
    what="it holds data that must be redacted and cannot be without breaking the message",
    remedy="ask for less, or ask the operator to change the rule for this entity",
)
_DETECTOR = {
    Reason.DETECTOR_FAILED: "a detector failed, so nobody can say what the message holds",
    Reason.DETECTOR_TIMEOUT: "a detector did not finish in time, so nobody can say what the message holds",
}
_MOST_FINDINGS = 100  # places listed in one record; the counts by entity are always whole


class Screened:
    """What came out: the bytes to send on (the same object where nothing was changed), and what was refused, if
    anything.
    """

    __slots__ = ("raw", "redacted", "refusal")

    def __init__(self, raw: bytes, refusal: Decision | None = None, redacted: Sequence[Finding] = ()) -> None:
        self.raw = raw
        self.refusal = refusal
        self.redacted = redacted


async def screen(call: Call, exchange: Exchange, message: Message, direction: str, method: str) -> Screened:
    """Inspect one message with the detectors. ``method`` is the message's own, or the one that it answers."""
    scanner = call.snapshot.scanner
    if scanner is None:
        return Screened(message.raw)
    found = inspection.texts(message.value)
    try:
        findings = await _scan(scanner, found)
    except DetectorFault as fault:
        return Screened(message.raw, _unscanned(exchange, fault))
    return _act(call, exchange, message, direction, method, findings)


def rejoined(raw: bytes, before: Sequence[bytes], after: Sequence[bytes]) -> bytes:
    """A batch (or one message) with some of its messages replaced: what stands between them stays as it came."""
    pieces: list[bytes] = []
    done = 0
    for old, new in zip(before, after, strict=True):
        begin = raw.index(old, done)
        pieces += (raw[done:begin], new)
        done = begin + len(old)
    pieces.append(raw[done:])
    return b"".join(pieces)


async def screen_text(call: Call, exchange: Exchange, body: bytes) -> Screened:
    """A body that is no message (an error page, say) is looked at as one text."""
    scanner = call.snapshot.scanner
    if scanner is None or not body:
        return Screened(body)
    text = Text("", body.decode("utf-8", "replace"))
    try:
        findings = await _scan(scanner, [text, *_escaped(body, text.string)])
    except DetectorFault as fault:
        return Screened(body, _unscanned(exchange, fault))
    decision, counted, redacted = inspection.judge(findings, "results", call.snapshot.actions, lambda _: False)
    _count(exchange, counted)
    act = weigh(exchange, decision, overridden=call.waives(call, exchange, decision))
    if act is Act.REFUSE:
        return Screened(body, decision)
    if not redacted or not exchange.mode.enforcing:
        return Screened(body)
    if any(finding.text is not text for finding in redacted):
        weigh(exchange, UNREDACTABLE)
        return Screened(body, UNREDACTABLE)
    _redacted(exchange, len(redacted))
    cleaned = redacted_text(text, redacted, call.snapshot.replace, call.snapshot.keys.hashing)
    return Screened(cleaned.encode(), None, redacted)


def _escaped(body: bytes, shown: str) -> list[Text]:
    """The strings of a JSON body that is no message, where escapes hide them from a look at its text."""
    if b"\\" not in body:
        return []
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return []
    return [text for text in inspection.texts(value) if text.string not in shown]


async def _scan(scanner: Scanner, texts: Sequence[Text]) -> list[Finding]:
    findings = await scanner.scan_heavy(texts) if scanner.heavy else scanner.scan(texts)
    return resolve(findings) if findings else findings


def _unscanned(exchange: Exchange, fault: DetectorFault) -> Decision | None:
    """A detector that is missing or failing refuses in enforcing modes and is recorded in the others."""
    exchange.uninspected += 1
    reason = Reason(fault.code)
    decision = Decision(
        Effect.DENY,
        reason,
        Severity.CRITICAL,
        rules=("inspection",),
        what=_DETECTOR.get(reason, "the message could not be inspected"),
        remedy="send the request again; if it stays so, tell the operator of the gateway",
    )
    return decision if weigh(exchange, decision) is Act.REFUSE else None


def _act(
    call: Call, exchange: Exchange, message: Message, direction: str, method: str, findings: Sequence[Finding]
) -> Screened:
    if not findings:
        return Screened(message.raw)
    entry = method_entry(method)
    opaque = entry.is_opaque if method else is_opaque
    decision, counted, redacted = inspection.judge(findings, direction, call.snapshot.actions, opaque)
    _count(exchange, counted)
    act = weigh(exchange, decision, overridden=call.waives(call, exchange, decision))
    if act is Act.REFUSE:
        return Screened(message.raw, decision)
    if not redacted or not exchange.mode.enforcing:
        return Screened(message.raw)
    try:
        raw = redact(message.raw, redacted, call.snapshot.replace, call.snapshot.keys.hashing)
    except ValueError:
        weigh(exchange, UNREDACTABLE)
        return Screened(message.raw, UNREDACTABLE)
    if direction == "results":
        raw = mark(raw, _by_entity(redacted))
    _redacted(exchange, len(redacted))
    return Screened(raw, None, redacted)


def _redacted(exchange: Exchange, count: int) -> None:
    exchange.redactions += count
    if exchange.effect is Effect.ALLOW:
        exchange.effect = Effect.REDACT


def _count(exchange: Exchange, findings: Sequence[Finding]) -> None:
    if not findings:
        return
    entities = dict(exchange.entities)
    for finding in findings:
        entities[finding.entity] = entities.get(finding.entity, 0) + 1
    exchange.entities = entities
    places = exchange.findings + [
        {"entity": f.entity, "pointer": place(f.text.pointer), "score": f.score, "detector": f.detector}
        for f in findings
    ]
    exchange.findings = places[:_MOST_FINDINGS]


def _by_entity(findings: Sequence[Finding]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for finding in findings:
        counts[finding.entity] = counts.get(finding.entity, 0) + 1
    return counts


# Member names that the protocol itself defines; any other name in a pointer may itself be data, and is shown as *.
_LISTED = frozenset(
    {
        "params",
        "result",
        "error",
        "data",
        "message",
        "arguments",
        "structuredContent",
        "content",
        "text",
        "_meta",
        "name",
    }
    | {"uri", "resource", "blob", "tools", "prompts", "resources", "contents", "messages", "description", "title"}
    | {"inputSchema", "outputSchema", "instructions", "inputRequests", "inputResponses", "requestState", "value"}
    | {"argument", "completion", "values", "reason"}
)


def place(pointer: str) -> str:
    """A finding's JSON pointer as a record may show it: indices and names that the protocol does not define become
    ``*``.
    """
    return "/".join(step if not step or step in _LISTED else "*" for step in pointer.split("/"))
