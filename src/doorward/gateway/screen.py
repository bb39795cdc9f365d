"""Looks through one message, whichever way it goes: inspect > scanner > redact (``pipeline.py`` says when)."""

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from doorward.core.decision import Act, Decision, Effect, Reason
from doorward.core.decode import decode, has_too_many_values
from doorward.core.errors import DetectorFault
from doorward.core.exchange import Exchange
from doorward.core.finding import Finding, Text, resolve
from doorward.core.looking import RESULTS, SECRET, Looking
from doorward.core.message import Message, splice
from doorward.core.methods import is_opaque, method_entry
from doorward.core.policy import Severity
from doorward.core.ports import Held
from doorward.core.scan import holds_escapes
from doorward.gateway.call import Call, weigh
from doorward.gateway.found import by_entity, count
from doorward.stages import binary
from doorward.stages import inspect as inspection
from doorward.stages.fitting import Problem, fit
from doorward.stages.mark import mark, private
from doorward.stages.redact import redact, redacted_text
from doorward.stages.schema import Schema

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


_AT_ONCE = 64 << 10  # bytes of a message that is worked on without leaving the loop: a few milliseconds
_ESCAPED = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)++"', re.DOTALL)  # a string of JSON with an escape in it


T = TypeVar("T")

Fitting = Callable[[], Schema | None]
"""What a message must fit; asked only where something is redacted."""


class Screened:
    """What came out: the bytes to send on (the same object where nothing was changed), and what was refused, if
    anything.
    """

    __slots__ = ("raw", "redacted", "refusal")

    def __init__(self, raw: bytes, refusal: Decision | None = None, redacted: Sequence[Finding] = ()) -> None:
        self.raw = raw
        self.refusal = refusal
        self.redacted = redacted


async def _aside(raw: bytes, work: Callable[[], T]) -> T:
    """Work on a message: at once, or beside the loop where it is large, for it may hold a million of anything."""
    return work() if len(raw) <= _AT_ONCE else await asyncio.to_thread(work)


def is_quiet(call: Call, raw: bytes, direction: str) -> bool:
    """Whether there is nothing to look for in a message, or nothing that could be found. Fast."""
    snapshot = call.snapshot
    if snapshot.held is not None and _may_hold(snapshot.held, raw):
        return False
    if snapshot.scanner is None:
        return not _minds_binary(call) or not binary.might_hold(raw)
    return snapshot.scanner.passes(raw, direction)


def _minds_binary(call: Call) -> bool:
    """Whether a setting may ask for something to be done about content that cannot be looked into."""
    return call.snapshot.binary != "pass" or bool(call.server.looks)


async def screen(
    call: Call,
    exchange: Exchange,
    message: Message,
    direction: str,
    method: str,
    schema: Fitting = lambda: None,
    looking: Looking | None = None,
) -> Screened:
    """Inspect one message with the detectors. ``method`` is the message's own, or the one that it answers. ``schema``
    tells what its structured content, or its arguments, must fit when they have been redacted. ``looking``: what holds
    for it, where that is not what its exchange says.
    """
    snapshot, raw = call.snapshot, message.raw
    noisy = snapshot.scanner is not None and not snapshot.scanner.quiet(raw, direction)
    held = snapshot.held if snapshot.held is not None and _may_hold(snapshot.held, raw) else None
    opaque = binary.might_hold(raw) and (snapshot.scanner is not None or _minds_binary(call))
    findings: list[Finding] = []
    if noisy and snapshot.scanner is not None:
        try:
            findings = await snapshot.scanner.scan(raw, message.value, direction)
        except DetectorFault as fault:
            refusal = _unscanned(call, exchange, fault)
            if refusal is not None:
                return Screened(raw, refusal)
    if held is not None:
        findings = await _aside(raw, lambda: _and_held(held, inspection.texts(message.value), findings))
    if not opaque and not findings:
        return Screened(raw)
    looking = looking or snapshot.looking(call.server, exchange.name)
    screened = await _binary(exchange, message, looking.binary) if opaque else Screened(raw)
    if screened.refusal is not None or not findings:
        return screened
    return await _act(call, exchange, screened.raw, direction, method, findings, schema, looking)


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


def batched(raw: bytes, before: Sequence[bytes], after: Sequence[bytes]) -> bytes:
    """A server's batch of which each message was looked at: ``raw`` itself where all came out as the same objects,
    without those that came out empty.
    """
    if all(new is old for new, old in zip(after, before, strict=True)):
        return raw
    if all(after):
        return rejoined(raw, before, after)
    kept = [new for new in after if new]
    return b"[" + b",".join(kept) + b"]" if kept else b""


async def screen_text(call: Call, exchange: Exchange, body: bytes) -> Screened:
    """A body that is no message (an error page, say) is looked at as one text."""
    snapshot = call.snapshot
    if not body or (snapshot.scanner is None and snapshot.held is None):
        return Screened(body)
    text = Text("", body.decode("utf-8", "replace"))
    findings: list[Finding] = []
    try:
        texts = [text, *await _aside(body, lambda: _hidden(body))]
    except DetectorFault as fault:
        return Screened(body, _unscanned(call, exchange, fault))
    if snapshot.scanner is not None:
        try:
            findings = await snapshot.scanner.scan_text(body, texts, RESULTS)
        except DetectorFault as fault:
            refusal = _unscanned(call, exchange, fault)
            if refusal is not None:
                return Screened(body, refusal)
    held = snapshot.held
    if held is not None:
        findings = await _aside(body, lambda: _and_held(held, texts, findings))
    looking = snapshot.looking(call.server, exchange.name)
    decision, counted, redacted = inspection.judge(findings, RESULTS, looking, lambda _: False)
    count(exchange, counted, RESULTS)
    act = weigh(exchange, decision, overridden=call.waives(call, exchange, decision))
    if act is Act.REFUSE:
        return Screened(body, decision)
    if not redacted or not exchange.mode.enforcing:
        return Screened(body)
    if any(finding.text is not text for finding in redacted):
        weigh(exchange, UNREDACTABLE)
        return Screened(body, UNREDACTABLE)
    try:
        cleaned = redacted_text(text, redacted, snapshot.replace, snapshot.keys.hashing)
    except ValueError:
        weigh(exchange, UNREDACTABLE)
        return Screened(body, UNREDACTABLE)
    _redacted(exchange, len(redacted))
    return Screened(cleaned.encode(), None, redacted)


def _hidden(body: bytes) -> list[Text]:
    """The strings of a JSON body that is no message, where escapes hide them from a look at its text. Raises
    ``DetectorFault`` where it holds too many.
    """
    if b"\\" not in body:
        return []
    if has_too_many_values(body):
        raise DetectorFault("too many values")
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return []
    escaped = {msgspec.json.decode(found[0]) for found in _ESCAPED.finditer(body)}
    return [text for text in inspection.texts(value) if text.string in escaped]


def _may_hold(held: Held, raw: bytes) -> bool:
    """Whether one of our credentials may be in a message; letters that are escaped without need can hide one."""
    return held.in_bytes(raw) or holds_escapes(raw)


def _and_held(held: Held, texts: Sequence[Text], findings: Sequence[Finding]) -> list[Finding]:
    """The credentials that we hold come first: whatever else was found in the same place gives way."""
    found = [
        Finding(text, start, end, SECRET, 1.0, inspection.HELD, rule=inspection.HELD_RULE)
        for text in texts
        for start, end in held.find(text.string)
    ]
    if not found:
        return list(findings)
    spans: dict[tuple[str, bool], list[Finding]] = {}
    for one in found:
        spans.setdefault((one.text.pointer, one.text.key), []).append(one)
    others = [
        other
        for other in findings
        if all(
            other.end <= one.start or one.end <= other.start
            for one in spans.get((other.text.pointer, other.text.key), ())
        )
    ]
    return resolve([*found, *others])


def _unscanned(call: Call, exchange: Exchange, fault: DetectorFault) -> Decision | None:
    """A detector that is missing or failing refuses in enforcing modes and is recorded in the others; being late may
    pass where the operator wants it so, and is recorded too.
    """
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
    if reason is Reason.DETECTOR_TIMEOUT and not call.snapshot.refuse_late:
        exchange.would_have = Effect.DENY
        exchange.alert = True
        if exchange.decision is None:
            exchange.decision, exchange.reason = decision, reason
        return None
    return decision if weigh(exchange, decision) is Act.REFUSE else None


async def _binary(exchange: Exchange, message: Message, policy: str) -> Screened:
    """Images, audio and blobs that are no text: nobody looked into them, and the record says how many."""
    found = await _aside(message.raw, lambda: binary.unreadable(message.value))
    if not found:
        return Screened(message.raw)
    if policy == "pass":
        exchange.uninspected += len(found)
        return Screened(message.raw)
    if policy == "block":
        refused = weigh(exchange, binary.BLOCKED) is Act.REFUSE
        if not refused:
            exchange.uninspected += len(found)
        return Screened(message.raw, binary.BLOCKED if refused else None)
    weigh(exchange, binary.STRIPPED)
    if not exchange.mode.enforcing:
        exchange.uninspected += len(found)
        return Screened(message.raw)
    _redacted(exchange, len(found))
    return Screened(await _aside(message.raw, lambda: splice(message.raw, binary.emptied(found))))


async def _act(
    call: Call,
    exchange: Exchange,
    raw: bytes,
    direction: str,
    method: str,
    findings: Sequence[Finding],
    schema: Fitting,
    looking: Looking,
) -> Screened:
    entry = method_entry(method)
    opaque = entry.is_opaque if method else is_opaque
    decision, counted, redacted = inspection.judge(findings, direction, looking, opaque)
    count(exchange, counted, direction)
    act = weigh(exchange, decision, overridden=call.waives(call, exchange, decision))
    if act is Act.REFUSE:
        return Screened(raw, decision)
    if not redacted or not exchange.mode.enforcing:
        return Screened(raw)
    try:
        before, fits = raw, schema()
        raw = await _aside(before, lambda: _without(call, before, redacted, direction, fits))
    except ValueError:
        weigh(exchange, UNREDACTABLE)
        return Screened(raw, UNREDACTABLE)
    if direction == RESULTS:
        raw = private(mark(raw, by_entity(redacted), exchange.redacted_arguments))
    else:
        exchange.redacted_arguments = by_entity(redacted)
    _redacted(exchange, len(redacted))
    return Screened(raw, None, redacted)


def _without(call: Call, raw: bytes, findings: Sequence[Finding], direction: str, schema: Schema | None) -> bytes:
    """The message without these findings, still valid where it was. Raises ValueError where that cannot be."""
    styles, key = call.snapshot.replace, call.snapshot.keys.hashing
    if schema is None:
        return redact(raw, findings, styles, key)
    steps = ("result", "structuredContent") if direction == RESULTS else ("params", "arguments")

    def problems(made: bytes) -> list[Problem]:
        value = decode(made, call.snapshot.limits.depth)
        for step in steps:
            value = value[step]
        return [Problem(_pointer([*steps, *path]), keyword) for path, keyword in schema.misfits(value)]

    return fit(raw, findings, styles, key, problems)


def _pointer(steps: Sequence[str | int]) -> str:
    """RFC 6901."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)


def _redacted(exchange: Exchange, count: int) -> None:
    exchange.redactions += count
    if exchange.effect is Effect.ALLOW:
        exchange.effect = Effect.REDACT
