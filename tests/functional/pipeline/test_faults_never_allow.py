"""An exception at any call on the way never lets through what is forbidden; the client is told, and it is recorded.

The calls are not listed here: a profiler sees every call that the gateway's and the stages' modules make while a
message goes its way, and each of them is made to raise in a run of its own. A call that is added later is covered.
"""

import json
import logging
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from tests.functional.pipeline.bench import SECRET, Client, Literal, actions, body, call, event, server
from tests.functional.pipeline.policed import GRANT, Policed, grant

import doorward
import doorward.gateway
import doorward.stages
from doorward.core.policy import Mode, ToolRule, names
from doorward.core.snapshot import Limits

MARK = "forbidden-7f3a"
PLACES = tuple(str(Path(package.__file__ or "").parent) for package in (doorward.gateway, doorward.stages))
OURS = (str(Path(doorward.__file__ or "").parent), str(Path(__file__).parent))
PATH_RULES = f"""
@id("all") permit(principal, action, resource);
@id("no") forbid(principal, action, resource == Doorward::Tool::"crm/find")
  when {{ context.arguments has path && context.arguments.path like "*{MARK}*" }};
"""
DECIDE = ("/admission.py", "/deciding.py", "/answers.py", "/returning.py", "/screen.py")
"""Here what is called of Python itself raises too, and the second call of a line: the first may well have passed
where the second must not. Elsewhere the first call of each line raises."""
DELIVERS = "delivery.py"  # decides nothing, and has begun to answer when it calls
OUTSIDE = {"begin", "leave"}
"""Before there is a call, and after it has been answered: the wire ends the connection then (it is still nothing that
passes)."""

Site = tuple[str, int, str, int]


class Injected(Exception):
    pass


def above(frame: FrameType | None) -> Iterator[str]:
    """Who called, within the gateway."""
    while frame is not None and frame.f_code.co_filename.startswith(PLACES):
        yield frame.f_code.co_name
        frame = frame.f_back


def sites(seen: list[Site], target: Site | None) -> Callable[[FrameType, str, Any], None]:
    """A profiler that writes down every call, and raises at one of them."""
    counts: dict[tuple[str, int, str], int] = {}

    def profile(frame: FrameType, kind: str, arg: Any) -> None:
        if kind == "call":
            if not frame.f_code.co_filename.startswith(OURS):
                return  # what Python itself calls in between (a weak reference's end, say) is no call of ours
            caller, name = frame.f_back, frame.f_code.co_name
        elif kind == "c_call" and frame.f_code.co_filename.endswith(DECIDE):
            caller, name = frame, getattr(arg, "__name__", "?")
        else:
            return
        if caller is None or not caller.f_code.co_filename.startswith(PLACES):
            return
        if target is not None and name != target[2]:
            return  # a call that is not even called so
        if name.startswith("<") or name in OUTSIDE or not OUTSIDE.isdisjoint(above(caller)):  # "<": comprehensions
            return
        key = caller.f_code.co_filename.rpartition("/")[2], caller.f_lineno, name
        if key[0] == DELIVERS:
            return
        counts[key] = counts.get(key, 0) + 1
        site = (*key, counts[key])
        if counts[key] == 1 or (counts[key] == 2 and f"/{key[0]}" in DECIDE):
            seen.append(site)
        if site == target:
            sys.setprofile(None)  # each is met once
            raise Injected(f"at {site}")

    return profile


@contextmanager
def profiled(seen: list[Site], target: Site | None = None) -> Iterator[None]:
    before = sys.getprofile()
    sys.setprofile(sites(seen, target))
    try:
        yield
    finally:
        sys.setprofile(before)


Scenario = Callable[[Policed], Awaitable[Client]]


def answering(bench: Policed, value: Any, identifier: Any = 1) -> None:
    data = json.dumps({"jsonrpc": "2.0", "id": identifier, "result": value}).encode()
    bench.server.script = lambda _: bench.server.json(data)


async def policy() -> tuple[Policed, Scenario]:
    return Policed(text=PATH_RULES), lambda bench: bench.send(call(1, arguments={"path": f"/{MARK}"}))


async def policy_modern() -> tuple[Policed, Scenario]:
    bench = Policed(text=PATH_RULES)
    return bench, lambda b: b.modern("tools/call", {"name": "find", "arguments": {"path": MARK}})


async def soft_and_overridden_elsewhere() -> tuple[Policed, Scenario]:
    bench = Policed(Mode.SOFT, PATH_RULES)
    bench.share(bench.override("no", tool="read"))
    return bench, lambda b: b.send(call(1, arguments={"path": f"/{MARK}"}))


async def grants() -> tuple[Policed, Scenario]:
    return Policed(worth={GRANT: grant("read")}), lambda b: b.send(call(1, arguments={"path": MARK}))


async def redacted() -> tuple[Policed, Scenario]:
    """What redaction makes of the arguments is what is forbidden."""
    text = PATH_RULES.replace(f"*{MARK}*", "*<US_SSN>*")
    bench = Policed(text=text, scanner=Literal(US_SSN=SECRET), actions=actions("redact"))
    return bench, lambda b: b.send(call(1, arguments={"path": f"{SECRET}", "q": MARK}))


async def another_task() -> tuple[Policed, Scenario]:
    bench = Policed()
    bench.catalogue.tasks.remember("crm", MARK, "somebody else")
    return bench, lambda b: b.send(body(1, "tasks/get", {"taskId": MARK}))


async def batch() -> tuple[Policed, Scenario]:
    bench = Policed(text=PATH_RULES)
    data = b"[" + call(1, "read") + b"," + call(2, arguments={"path": MARK}) + b"]"
    session = bench.sealed(version="2025-03-26")
    return bench, lambda b: b.send(data, session=session)


async def argument_schema() -> tuple[Policed, Scenario]:
    bench = Policed()
    await bench.listed({"name": "find", "inputSchema": {"type": "object", "required": ["q"]}})
    return bench, lambda b: b.send(call(1, arguments={"path": MARK}))


async def strict_schema() -> tuple[Policed, Scenario]:
    strict = ToolRule("find", names(["find"]), strict=True)
    bench = Policed(crm=server(tools=(strict,)))
    await bench.listed({"name": "find", "inputSchema": {"$ref": "https://example.com/elsewhere"}})
    return bench, lambda b: b.send(call(1, arguments={"path": MARK}))


async def revoked() -> tuple[Policed, Scenario]:
    bench = Policed()
    await bench.send(call(1))  # it is cached now
    bench.server.seen.clear()
    bench.records.clear()
    bench.share(tokens=frozenset({"jti-agent:a"}))
    return bench, lambda b: b.send(call(1, arguments={"path": MARK}))


async def unknown_token() -> tuple[Policed, Scenario]:
    return Policed(), lambda b: b.send(call(1, arguments={"path": MARK}), token=b"made up")


async def elsewhere() -> tuple[Policed, Scenario]:
    bench = Policed(worth={GRANT: grant(audience=frozenset({"other"}))})
    return bench, lambda b: b.send(call(1, arguments={"path": MARK}))


async def limits() -> tuple[Policed, Scenario]:
    bench = Policed(limits=Limits(calls_per_minute=1))
    await bench.send(call(1))
    bench.server.seen.clear()
    bench.records.clear()
    return bench, lambda b: b.send(call(1, arguments={"path": MARK}))


async def tool_limit() -> tuple[Policed, Scenario]:
    bench = Policed(crm=server(tools=(ToolRule("fi*", names(["fi*"]), rate=1),)))
    await bench.send(call(1))
    bench.server.seen.clear()
    bench.records.clear()
    return bench, lambda b: b.send(call(1, arguments={"path": MARK}))


async def answers_to_questions() -> tuple[Policed, Scenario]:
    bench = Policed(crm=server(server_requests=None))
    return bench, lambda b: b.modern(
        "tools/call", {"name": "read", "inputResponses": {"a": {"action": "accept", "content": {"x": MARK}}}}
    )


async def modern_question() -> tuple[Policed, Scenario]:
    bench = Policed(crm=server(server_requests=None))
    asks = {"method": "elicitation/create", "params": {"message": MARK}}
    answering(bench, {"resultType": "input_required", "inputRequests": {"a": asks}})
    return bench, lambda b: b.modern("tools/call", {"name": "read"})


async def legacy_question() -> tuple[Policed, Scenario]:
    bench = Policed(crm=server(server_requests=None))
    asks = event(body("s-1", "sampling/createMessage", {"messages": [MARK]}))
    answer = event(b'{"jsonrpc":"2.0","id":1,"result":{}}')
    bench.server.script = lambda sent: (
        bench.server.stream(asks, answer) if b"tools/call" in sent.body else bench.server.json(b"", 202)
    )
    return bench, lambda b: b.send(call(1, "read"))


async def error_question() -> tuple[Policed, Scenario]:
    bench = Policed(crm=server(server_requests=None))
    error = {"code": -32042, "message": MARK, "data": {"elicitations": []}}
    data = json.dumps({"jsonrpc": "2.0", "id": None, "error": error}).encode()
    bench.server.script = lambda _: bench.server.json(data, 400)
    return bench, lambda b: b.send(call(1, "read"))


async def result_schema() -> tuple[Policed, Scenario]:
    bench = Policed()
    await bench.listed({"name": "read", "inputSchema": {}, "outputSchema": {"type": "object", "required": ["q"]}})
    answering(bench, {"content": [], "structuredContent": {"x": MARK}})
    return bench, lambda b: b.send(call(1, "read"))


async def hidden_tool() -> tuple[Policed, Scenario]:
    bench = Policed(worth={GRANT: grant("read")})
    answering(bench, {"tools": [{"name": "read"}, {"name": MARK}]})
    return bench, lambda b: b.modern("tools/list", {})


async def hidden_tool_and_redaction() -> tuple[Policed, Scenario]:
    bench = Policed(worth={GRANT: grant("read")}, scanner=Literal(US_SSN=SECRET), actions=actions("redact"))
    answering(bench, {"tools": [{"name": "read", "description": SECRET}, {"name": MARK}]})
    return bench, lambda b: b.send(body(1, "tools/list"))


async def hidden_on_a_resumed_stream() -> tuple[Policed, Scenario]:
    bench = Policed(worth={GRANT: grant("read")})
    page = event(json.dumps({"jsonrpc": "2.0", "id": 9, "result": {"tools": [{"name": MARK}]}}).encode())
    bench.server.script = lambda _: bench.server.stream(page)
    session = bench.sealed()
    return bench, lambda b: b.send(verb="GET", session=session, last_event_id=b"3")


async def hidden_task() -> tuple[Policed, Scenario]:
    bench = Policed()
    bench.catalogue.tasks.remember("crm", MARK, "somebody else")
    answering(bench, {"tasks": [{"taskId": MARK}]})
    return bench, lambda b: b.send(body(1, "tasks/list"))


ALL = [
    policy, policy_modern, soft_and_overridden_elsewhere, grants, redacted, another_task, batch, argument_schema,
    strict_schema, revoked, unknown_token, elsewhere, limits, tool_limit, answers_to_questions, modern_question,
    legacy_question, error_question, result_schema, hidden_tool, hidden_tool_and_redaction,
    hidden_on_a_resumed_stream, hidden_task,
]  # fmt: skip


def shown(client: Client) -> bytes:
    whole = client.reply.body if client.reply is not None else b""
    return whole + b"".join(client.events)


def holds(bench: Policed, client: Client | None) -> bool:
    return any(MARK.encode() in sent.body for sent in bench.server.seen) or (
        client is not None and MARK.encode() in shown(client)
    )


async def run(make: Any, seen: list[Site], target: Site | None) -> tuple[Policed, Client]:
    bench, act = await make()
    with profiled(seen, target):
        client = await act(bench)
    return bench, client


@pytest.mark.parametrize("make", ALL, ids=lambda make: make.__name__)
async def test_an_exception_at_any_call_never_allows(make: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)  # hundreds of tracebacks
    seen: list[Site] = []
    bench, client = await run(make, seen, None)
    assert not holds(bench, client), "it is not forbidden to begin with"
    assert len(seen) > 30, "the profiler has not seen the way"
    wrong = []
    for site in dict.fromkeys(seen):
        try:
            bench, client = await run(make, [], site)
        except Injected:
            wrong.append((site, "raised out of the pipeline"))
            continue
        if holds(bench, client):
            wrong.append((site, "it passed"))
        if client.reply is None and not client.closed:
            wrong.append((site, "the client was not told"))
        if not bench.records or not any(r.phase in ("outcome", "closed", "") for r in bench.records):
            wrong.append((site, "there is no record"))
        if not bench.idle():
            wrong.append((site, "it still counts"))
    assert not wrong, "\n".join(f"{site}: {what}" for site, what in wrong)


async def test_the_mark_is_seen_where_the_mode_only_watches() -> None:
    """What the runs above look for would be found."""
    bench = Policed(Mode.AUDIT, PATH_RULES)
    client = await bench.send(call(1, arguments={"path": f"/{MARK}"}))
    assert holds(bench, client)
    assert bench.records[-1].would_have == "deny"
