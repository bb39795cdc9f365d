"""Inspection and redaction through the whole pipeline."""

import json
import threading
from typing import Any

import pytest
from tests.functional.pipeline.bench import META, MODERN, SECRET, Bench, Literal, actions, body, call, event, result

from doorward.core.errors import DetectorFault
from doorward.core.finding import Finding
from doorward.core.leaf import Document
from doorward.core.policy import Mode
from doorward.gateway.scanning import Detectors
from doorward.stages import binary

ENFORCING = [Mode.SOFT, Mode.ENFORCE]
WATCHING = [Mode.AUDIT, Mode.WARN]
RESULTS = [
    {"content": [{"type": "text", "text": f"ssn {SECRET}."}]},
    {"structuredContent": {"rows": [{"ssn": SECRET}]}},
    {"structuredContent": {SECRET: 1}},
    {"_meta": {"x/y": SECRET}},
    {"a new field of a later revision": [[SECRET]]},
]


def bench_with(effect: str, mode: Mode = Mode.ENFORCE, severity: int = 3, **more: Any) -> Bench:
    return Bench(mode, scanner=Literal(US_SSN=SECRET), actions=actions(effect, severity), **more)


@pytest.mark.parametrize("value", RESULTS)
@pytest.mark.parametrize("mode", ENFORCING)
async def test_every_string_and_key_of_a_result_is_redacted(mode: Mode, value: Any) -> None:
    bench = bench_with("redact", mode)
    bench.server.script = lambda _: bench.server.json(result(1, value))
    client = await bench.send(call(1))
    got = client.json["result"]
    mark = got["_meta"].pop("io.doorward/redaction")
    if not got["_meta"]:
        del got["_meta"]
    assert mark == {"count": 1, "entities": ["US_SSN"]}
    assert got == json.loads(json.dumps(value).replace(SECRET, "<US_SSN>"))
    outcome = bench.records[-1]
    assert (outcome.decision, outcome.reason, outcome.pii_redacted) == ("redact", "pii.redacted", True)
    assert (outcome.redaction_count, outcome.entities) == (1, {"US_SSN": 1})


@pytest.mark.parametrize("mode", WATCHING)
@pytest.mark.parametrize("effect", ["redact", "block"])
async def test_audit_changes_nothing_and_says_what_would_have_happened(mode: Mode, effect: str) -> None:
    bench = bench_with(effect, mode)
    answer = result(1, RESULTS[0])
    bench.server.script = lambda _: bench.server.json(answer)
    request = call(1, "find", {"q": SECRET})
    client = await bench.send(request)
    assert bench.server.seen[0].body == request
    assert client.reply is not None
    assert client.reply.body == answer
    outcome = bench.records[-1]
    assert outcome.would_have == ("redact" if effect == "redact" else "deny")
    assert (outcome.decision, outcome.pii_redacted, outcome.entities) == ("allow", False, {"US_SSN": 2})


@pytest.mark.parametrize(("severity", "passes"), [(1, True), (2, True), (3, False), (4, False)])
async def test_soft_refuses_from_high_on(severity: int, passes: bool) -> None:
    bench = bench_with("block", Mode.SOFT, severity)
    client = await bench.send(call(1, "find", {"q": SECRET}))
    assert bool(bench.server.seen) == passes
    assert client.json["result"].get("isError", False) != passes


async def test_detection_alone_adds_nothing() -> None:
    bench = bench_with("detect")
    answer = result(1, RESULTS[0])
    bench.server.script = lambda _: bench.server.json(answer)
    client = await bench.send(call(1))
    assert client.reply is not None
    assert client.reply.body == answer
    assert bench.records[-1].entities == {"US_SSN": 1}


async def test_the_mark_cannot_be_forged_or_doubled() -> None:
    bench = bench_with("redact")
    forged = {"_meta": {"io.doorward/redaction": {"count": 0, "entities": []}}, "text": SECRET}
    bench.server.script = lambda _: bench.server.json(result(1, forged))
    client = await bench.send(call(1))
    assert client.reply is not None
    assert client.reply.body.count(b"io.doorward/redaction") == 1
    assert client.json["result"]["_meta"]["io.doorward/redaction"]["count"] == 1


async def test_arguments_are_redacted_and_the_mirrors_follow() -> None:
    bench = bench_with("redact")
    sentinel = b"=?base64?" + __import__("base64").b64encode(f"é{SECRET}".encode()) + b"?="
    client = await bench.modern(
        "tools/call",
        {"name": "find", "arguments": {"ssn": SECRET, "other": f"é{SECRET}", "n": 1}},
        more=((b"mcp-param-ssn", SECRET.encode()), (b"mcp-param-other", sentinel), (b"mcp-param-n", b"1")),
    )
    assert client.status == 200
    seen = bench.server.seen[0]
    assert json.loads(seen.body)["params"]["arguments"] == {"ssn": "<US_SSN>", "other": "é<US_SSN>", "n": 1}
    headers = dict(seen.headers)
    assert headers[b"mcp-param-ssn"] == b"<US_SSN>"
    assert headers[b"mcp-param-other"] == b"=?base64?w6k8VVNfU1NOPg==?="
    assert headers[b"mcp-param-n"] == b"1"
    assert seen.message is not None
    assert seen.message.raw == seen.body  # what transports read is what is sent


async def test_a_redacted_uri_takes_its_header_along() -> None:
    bench = bench_with("redact")
    await bench.modern("resources/read", {"uri": f"crm://people/{SECRET}"})
    seen = bench.server.seen[0]
    assert json.loads(seen.body)["params"]["uri"] == "crm://people/<US_SSN>"
    assert dict(seen.headers)[b"mcp-name"] == b"crm://people/<US_SSN>"
    assert SECRET not in str(seen.headers)


async def test_authorization_is_asked_again_after_redaction() -> None:
    """A tool whose *redacted* name the grant does not hold is not called."""
    bench = bench_with("redact", tools=[f"get_{SECRET}"])
    client = await bench.send(call(1, f"get_{SECRET}"))
    assert bench.server.seen == []
    assert client.reason == "policy.denied"


async def test_what_must_come_back_exactly_is_never_redacted() -> None:
    bench = bench_with("redact")
    value = {"resultType": "input_required", "requestState": SECRET, "inputRequests": {"a": {"message": SECRET}}}
    bench.server.script = lambda _: bench.server.json(result(1, value))
    got = (await bench.modern("tools/call", {"name": "find", "requestState": SECRET})).json["result"]
    assert got["requestState"] == SECRET
    assert got["inputRequests"]["a"]["message"] == "<US_SSN>"
    assert json.loads(bench.server.seen[0].body)["params"]["requestState"] == SECRET


async def test_every_method_and_kind_of_message_is_looked_through() -> None:
    bench = bench_with("redact")
    sealed = bench.sealed()
    for data in (
        body(1, "vendor/method", {"x": SECRET}),
        body(None, "notifications/cancelled", {"requestId": 1, "reason": SECRET}),
        result("s-1", {"content": {"answer": SECRET}}),
        b'{"jsonrpc":"2.0","id":"s-2","error":{"code":1,"message":"%b"}}' % SECRET.encode(),
        b'{"jsonrpc":"2.0","id":2,"method":"ping","extension":"%b"}' % SECRET.encode(),
    ):
        bench.server.seen.clear()
        await bench.send(data, session=sealed)
        assert bench.server.seen[0].body == data.replace(SECRET.encode(), b"<US_SSN>")


async def test_only_the_found_bytes_differ() -> None:
    bench = bench_with("redact")
    data = (
        b'{ "params":{"arguments":{"b":1e400 ,"a":"\\u00e9 %b \\/","c":[1.10, -0]},"name":"find"},'
        b'"method":"tools/call","id":1,\n"jsonrpc":"2.0"}' % SECRET.encode()
    )
    await bench.send(data)
    sent = bench.server.seen[0].body
    head, tail = data.split(b'"\\u00e9', 1)[0], data.split(b' \\/"', 1)[1]
    assert sent.startswith(head)
    assert sent.endswith(tail)
    assert json.loads(sent)["params"]["arguments"]["a"] == "é <US_SSN> /"


async def test_interim_messages_are_redacted_and_that_is_recorded_first() -> None:
    bench = bench_with("redact")
    note = event(body(None, "notifications/progress", {"message": SECRET, "progress": 1}))
    bench.server.script = lambda _: bench.server.stream(note, event(result(1)))
    client = await bench.send(call(1))
    clean = note.replace(SECRET.encode(), b"<US_SSN>")
    assert client.events[0] == clean
    assert bench.log.index(("record", "message", "")) < bench.log.index(("event", clean))


# -- detectors that fail


@pytest.mark.parametrize("code", ["detector.failed", "detector.timeout"])
@pytest.mark.parametrize("where", ["arguments", "results"])
@pytest.mark.parametrize("mode", list(Mode))
async def test_a_failing_detector_refuses_or_is_recorded(mode: Mode, where: str, code: str) -> None:
    scanner = Literal()
    bench = Bench(mode, scanner=scanner)
    answer = result(1, {"text": "unseen"})

    def script(_: Any) -> Any:
        scanner.fault = DetectorFault("x", code=code)
        return bench.server.json(answer)

    bench.server.script = script
    scanner.fault = DetectorFault("x", code=code) if where == "arguments" else None
    client = await bench.send(call(1), session=bench.sealed())
    if mode.enforcing:
        assert client.reason == code
        assert b"unseen" not in json.dumps(client.json).encode()
        assert bool(bench.server.seen) == (where == "results")
        assert bench.records[-1].decision == "deny"
    else:
        assert client.reply is not None
        assert client.reply.body == answer
        assert bench.records[-1].reason == code
        assert bench.records[-1].uninspected == (2 if where == "arguments" else 1)


class Heavy:
    """Blocks its thread until it is let go."""

    name = "heavy"
    heavy = True
    triggers = None
    directions = frozenset({"arguments", "results"})

    def __init__(self) -> None:
        self.free = threading.Event()

    def detect(self, document: Document) -> list[Finding]:
        self.free.wait(5)
        return []


@pytest.mark.parametrize("mode", [Mode.AUDIT, Mode.ENFORCE])
async def test_a_heavy_detector_over_its_deadline(mode: Mode) -> None:
    heavy = Heavy()
    detectors = Detectors([heavy], base=0.02)
    bench = Bench(mode, scanner=detectors)
    try:
        client = await bench.modern("tools/call", {"name": "find"})
        if mode is Mode.ENFORCE:
            assert (client.status, client.reason) == (503, "detector.timeout")
            assert bench.server.seen == []
        else:
            assert client.json["result"] == {}
            assert bench.records[-1].reason == "detector.timeout"
    finally:
        heavy.free.set()
        detectors.close()


async def test_the_version_of_a_body_is_no_finding() -> None:
    bench = Bench(scanner=Literal(DATE_TIME=MODERN), actions=actions("redact", entity="DATE_TIME"))
    await bench.modern("tools/call", {"name": "find"})
    assert json.loads(bench.server.seen[0].body)["params"]["_meta"] == META


async def test_other_members_of_a_batch_answer_are_left_alone() -> None:
    bench = bench_with("redact")
    bench.server.script = lambda _: bench.server.json(b"[" + result(2, {"t": SECRET}) + b"," + result(1) + b"]")
    client = await bench.send(b"[" + call(1) + b"," + call(2) + b"]")
    assert client.reply is not None
    assert client.reply.body.endswith(b"," + result(1) + b"]")
    assert client.json[0]["result"]["t"] == "<US_SSN>"


class Held:
    """The credentials that we hold: one."""

    def in_bytes(self, raw: bytes) -> bool:
        return SECRET.encode() in raw

    def find(self, string: str) -> list[tuple[int, int]]:
        at = string.find(SECRET)
        return [(at, at + len(SECRET))] if at >= 0 else []


@pytest.mark.parametrize("scanner", [None, Literal(US_SSN=SECRET)])
async def test_a_credential_of_ours_comes_back_to_nobody(scanner: Literal | None) -> None:
    """Whatever is configured; and if a detector has a name for it, it is a secret all the same."""
    bench = Bench(Mode.ENFORCE, scanner=scanner, held=Held(), actions=actions("detect", entity="SECRET"))
    bench.server.script = lambda _: bench.server.json(result(1, RESULTS[0]))
    client = await bench.send(call(1))
    assert client.json["result"]["content"][0]["text"] == "ssn <SECRET>."
    assert (bench.records[-1].entities, bench.records[-1].redaction_count) == ({"SECRET": 1}, 1)
    assert bench.records[-1].findings[0]["rule"] == "held-credential"


async def test_a_credential_of_ours_where_nothing_may_change_is_refused() -> None:
    bench = Bench(Mode.ENFORCE, held=Held())
    bench.server.script = lambda _: bench.server.json(result(1, {"content": [], "requestState": SECRET}))
    client = await bench.send(call(1))
    assert client.json["result"]["isError"] is True
    assert SECRET not in json.dumps(client.json)
    assert bench.records[-1].reason == "pii.blocked"


async def test_escapes_do_not_hide_a_credential_of_ours() -> None:
    bench = Bench(Mode.ENFORCE, held=Held())
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in SECRET).encode()
    bench.server.script = lambda _: bench.server.json(b'{"jsonrpc":"2.0","id":1,"result":{"a":"' + escaped + b'"}}')
    client = await bench.send(call(1))
    assert client.json["result"]["a"] == "<SECRET>"


async def test_a_credential_of_ours_is_no_argument() -> None:
    bench = Bench(Mode.ENFORCE, held=Held())
    await bench.send(call(1, "find", {"q": SECRET}))
    assert not bench.server.seen
    assert bench.records[-1].reason == "pii.blocked"


@pytest.mark.parametrize("mode", WATCHING)
async def test_in_audit_even_that_passes_and_is_recorded(mode: Mode) -> None:
    bench = Bench(mode, held=Held())
    answer = result(1, RESULTS[0])
    bench.server.script = lambda _: bench.server.json(answer)
    client = await bench.send(call(1))
    assert client.reply is not None
    assert client.reply.body == answer
    assert (bench.records[-1].would_have, bench.records[-1].entities) == ("redact", {"SECRET": 1})


PIXELS = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB"
IMAGE = {"content": [{"type": "text", "text": "see"}, {"type": "image", "data": PIXELS, "mimeType": "image/png"}]}


async def imaged(mode: Mode, binary: str, scanner: Literal | None = None) -> tuple[Bench, Any]:
    bench = Bench(mode, scanner=scanner, binary=binary)
    bench.server.script = lambda _: bench.server.json(result(1, IMAGE))
    return bench, (await bench.send(call(1))).json["result"]


@pytest.mark.parametrize("mode", ENFORCING)
async def test_an_image_that_is_let_pass_is_counted(mode: Mode) -> None:
    bench, got = await imaged(mode, "pass", Literal())
    assert got == IMAGE
    assert (bench.records[-1].uninspected, bench.records[-1].decision) == (1, "allow")


@pytest.mark.parametrize("scanner", [None, Literal()])
async def test_an_image_that_is_stripped(scanner: Literal | None) -> None:
    bench, got = await imaged(Mode.ENFORCE, "strip", scanner)
    assert got["content"] == [IMAGE["content"][0], {"type": "image", "data": "", "mimeType": "image/png"}]
    outcome = bench.records[-1]
    assert (outcome.decision, outcome.reason, outcome.redaction_count) == ("redact", "pii.binary", 1)
    assert outcome.uninspected == 0


@pytest.mark.parametrize(("mode", "refused"), [(Mode.ENFORCE, True), (Mode.SOFT, True), (Mode.AUDIT, False)])
async def test_an_image_that_is_blocked(mode: Mode, refused: bool) -> None:
    bench, got = await imaged(mode, "block")
    assert got.get("isError", False) is refused
    outcome = bench.records[-1]
    assert outcome.reason == "pii.binary"
    assert (outcome.decision, outcome.would_have) == (("deny", None) if refused else ("allow", "deny"))
    assert outcome.uninspected == (0 if refused else 1)


async def test_what_was_not_looked_through_in_time_may_pass_where_that_is_wanted() -> None:
    slow = Literal()
    slow.fault = DetectorFault("deadline", code="detector.timeout")
    bench = Bench(Mode.ENFORCE, scanner=slow, refuse_late=False)
    bench.server.script = lambda _: bench.server.json(result(1, RESULTS[0]))
    client = await bench.send(call(1))
    assert client.json["result"] == RESULTS[0]
    outcome = bench.records[-1]
    assert (outcome.decision, outcome.reason, outcome.would_have) == ("allow", "detector.timeout", "deny")
    assert outcome.uninspected == 2  # the request, and the result


async def test_a_detector_that_is_broken_is_not_late() -> None:
    broken = Literal()
    broken.fault = DetectorFault("x")
    bench = Bench(Mode.ENFORCE, scanner=broken, refuse_late=False)
    await bench.send(call(1))
    assert not bench.server.seen


async def test_a_large_result_is_redacted_all_the_same() -> None:
    bench = bench_with("redact")
    rows = [{"n": "x" * 1000, "ssn": SECRET} for _ in range(100)]
    bench.server.script = lambda _: bench.server.json(result(1, {"structuredContent": {"rows": rows}}))
    got = (await bench.send(call(1))).json["result"]["structuredContent"]["rows"]
    assert got == [{"n": "x" * 1000, "ssn": "<US_SSN>"}] * 100


@pytest.mark.parametrize("page", [False, True])
@pytest.mark.parametrize("large", [False, True])
async def test_a_large_message_is_looked_through_for_them_beside_the_loop(page: bool, large: bool) -> None:
    """Any escape makes us look at each of its strings, and there may be a million."""
    threads: list[int] = []

    class Watched(Held):
        def find(self, string: str) -> list[tuple[int, int]]:
            threads.append(threading.get_ident())
            return super().find(string)

    bench = Bench(Mode.ENFORCE, held=Watched())
    text = json.dumps([SECRET, "\u00e9", *["a" * 1000] * (100 if large else 1)]).encode()
    answer = b'{"jsonrpc":"2.0","id":1,"result":{"a":%b}}' % text
    bench.server.script = lambda _: bench.server.json(b"<p>" + text if page else answer, 500 if page else 200)
    client = await bench.send(call(1))
    assert client.reply is not None
    assert SECRET.encode() not in client.reply.body
    assert b"<SECRET>" in client.reply.body
    assert (threading.get_ident() in threads) != large


@pytest.mark.parametrize("large", [False, True])
async def test_many_blobs_are_looked_at_beside_the_loop(large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []
    unreadable = binary.unreadable

    def watched(value: Any) -> list[str]:
        threads.append(threading.get_ident())
        return unreadable(value)

    monkeypatch.setattr(binary, "unreadable", watched)
    bench = Bench(Mode.ENFORCE, scanner=Literal(), binary="strip")
    blobs = [{"uri": "a:b", "blob": "/////w=="}] * (9000 if large else 9)
    bench.server.script = lambda _: bench.server.json(result(1, {"contents": blobs}))
    client = await bench.send(body(1, "resources/read", {"uri": "a:b"}))
    assert {entry["blob"] for entry in client.json["result"]["contents"]} == {""}
    assert bench.records[-1].redaction_count == len(blobs)
    assert (threading.get_ident() in threads) != large


ECHOES = [
    (b": " + SECRET.encode() + b"\n\n", b""),
    (b"id: " + SECRET.encode() + b"\nretry: 5\n\n", b"retry: 5\n\n"),
    (b"event: " + SECRET.encode() + b"\nid: 7\n\n", b"id: 7\n\n"),
]


@pytest.mark.parametrize("mode", [*ENFORCING, *WATCHING])
@pytest.mark.parametrize(("echo", "left"), ECHOES)
@pytest.mark.parametrize("verb", ["POST", "GET"])
async def test_a_credential_of_ours_beside_the_messages_of_a_stream(
    verb: str, echo: bytes, left: bytes, mode: Mode
) -> None:
    """In a comment, an id or a name: such lines are no data of anybody's, and pass otherwise as they came."""
    bench = Bench(mode, held=Held())
    other = b": hello\nid: 1\n\n"
    last = event(result(1)) if verb == "POST" else event(body(None, "notifications/x"))
    bench.server.script = lambda _: bench.server.stream(other, echo, last)
    client = await bench.send(call(1) if verb == "POST" else b"", verb=verb, session=bench.sealed())
    if mode in WATCHING:
        assert client.events == [other, echo, last]
        assert (bench.records[-1].would_have, bench.records[-1].redaction_count) == ("redact", 0)
    else:
        assert client.events == [other, *([left] if left else []), last]
        assert [r.reason for r in bench.records if r.kind == "message"] == ["pii.redacted"]
        assert bench.records[-1].redaction_count == 1
    assert bench.records[-1].entities == {"SECRET": 1}


async def test_a_credential_of_ours_beside_the_data_of_an_event() -> None:
    bench = Bench(Mode.ENFORCE, held=Held())
    echo = event(result(1, {"a": SECRET}), b": " + SECRET.encode(), b"id: 1")
    bench.server.script = lambda _: bench.server.stream(echo)
    (told,) = (await bench.send(call(1))).events
    assert SECRET.encode() not in told
    assert told.startswith(b"id: 1\ndata: ")
    assert bench.records[-1].entities == {"SECRET": 2}


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("mode", [*ENFORCING, *WATCHING])
async def test_a_credential_of_ours_in_the_head_of_an_answer(mode: Mode, streamed: bool) -> None:
    bench = Bench(mode, held=Held())
    fields = ((b"cache-control", b"no-store"), (b"mcp-echo", b"Bearer " + SECRET.encode()))

    def answer(_: Any) -> Any:
        if not streamed:
            return bench.server.json(result(1), headers=fields)
        made = bench.server.stream(event(result(1)))
        made.headers = fields
        return made

    bench.server.script = answer
    client = await bench.send(call(1))
    assert client.header(b"cache-control") == b"no-store"
    assert (client.header(b"mcp-echo") is None) == (mode in ENFORCING)
    outcome = bench.records[-1]
    assert (outcome.phase, outcome.entities) == ("outcome", {"SECRET": 1})
    assert (outcome.decision if mode in ENFORCING else outcome.would_have) == "redact"
