"""One pipe whose caller changes while it is open: what the old one asked, what the server says to nobody."""

import asyncio
import json
from typing import Any

import pytest
from tests.functional.pipeline.bench import Bench, body, call, result
from tests.waiting import until

from doorward.core.decision import Decision, Effect, Reason
from doorward.core.identity import Grant, Principal
from doorward.core.policy import Mode, Severity, names
from doorward.core.shared import Revocations, Shared
from doorward.gateway.duplex import Duplex

GOOD = Grant(Principal("agent:a"), {"crm": names(["*"])}, grant_id="good")
OTHER = Grant(Principal("agent:b"), {"crm": names(["*"])}, grant_id="other")
GONE = Decision(Effect.DENY, Reason.AUTH_EXPIRED, Severity.CRITICAL, what="it is over")


class Pipe:
    """``found`` is what the caller's token is worth from now on."""

    def __init__(self, mode: Mode, **settings: Any) -> None:
        self.bench = Bench(mode, **settings)
        self.found: Grant | Decision = GOOD
        self.to_server: list[bytes] = []
        self.to_client: list[bytes] = []
        template = self.bench.inbound(transport="stdio")
        self.duplex = Duplex(self.bench.pipeline, template, self._server, self._client, caller=self)

    async def current(self) -> tuple[bytes, Grant | Decision]:
        return b"a-token", self.found

    async def _server(self, data: bytes) -> None:
        self.to_server.append(data)

    async def _client(self, data: bytes) -> None:
        self.to_client.append(data)

    @property
    def said(self) -> list[tuple[Any, str]]:
        """Id and reason of what the client was told; "" where it was no error."""
        messages = [json.loads(data) for data in self.to_client]
        return [(m.get("id"), m.get("error", {}).get("data", {}).get("reason", "")) for m in messages]

    def revoke(self, grant: str) -> None:
        shared = Shared(1, Revocations(grants=frozenset({grant})))
        self.bench.live.shared = shared
        self.duplex.revoke(shared)


@pytest.fixture(params=[Mode.AUDIT, Mode.ENFORCE])
def pipe(request: pytest.FixtureRequest) -> Pipe:
    return Pipe(request.param)


async def test_each_message_has_the_caller_of_its_moment(pipe: Pipe) -> None:
    for number, found in enumerate((GOOD, OTHER, GONE, GOOD)):
        pipe.found = found
        await pipe.duplex.from_client(call(number))
    assert pipe.said == [(2, "auth.expired")]
    assert pipe.to_server == [call(0), call(1), call(3)]
    intents = [r for r in pipe.bench.records if r.kind == "exchange" and r.phase == "intent"]
    assert [r.identity for r in intents] == ["agent:a", "agent:b", "agent:a"]


async def test_a_refusal_has_the_ids_of_what_it_refuses(pipe: Pipe) -> None:
    pipe.found = GONE
    await pipe.duplex.from_client(b"[" + call(1) + b"," + body(None, "notifications/x") + b"," + call("b") + b"]")
    (batch,) = pipe.to_client
    assert [(each["id"], each["error"]["data"]["reason"]) for each in json.loads(batch)] == [
        (1, "auth.expired"),
        ("b", "auth.expired"),
    ]
    for silent in (body(None, "notifications/x"), result("s-1"), b"[" + result("s-1") + b"]"):
        await pipe.duplex.from_client(silent)
    assert len(pipe.to_client) == 1
    await pipe.duplex.from_client(b"{no json")
    assert json.loads(pipe.to_client[-1])["id"] is None
    assert pipe.to_server == []


async def test_what_was_asked_before_is_answered_and_nothing_else_is_delivered(pipe: Pipe) -> None:
    await pipe.duplex.from_client(call(1))
    pipe.found = GONE
    await pipe.duplex.from_server(body(None, "notifications/message", {"data": "x"}))
    await pipe.duplex.from_server(body("s-1", "roots/list"))
    await pipe.duplex.from_server(b"no message")
    await pipe.duplex.from_server(result(77))
    assert pipe.to_client == []
    assert json.loads(pipe.to_server[-1])["id"] == "s-1"
    assert json.loads(pipe.to_server[-1])["error"]["data"]["reason"] == "auth.expired"
    await pipe.duplex.from_server(result(1))
    assert pipe.to_client == [result(1)]
    pipe.found = OTHER
    note = body(None, "notifications/message", {"data": "y"})
    await pipe.duplex.from_server(note)
    assert pipe.to_client[-1] == note
    assert pipe.bench.records[-1].identity == "agent:b"
    await pipe.duplex.left()
    assert pipe.bench.idle()


async def test_a_revoked_grant_ends_what_waits_under_it_and_nothing_else(pipe: Pipe) -> None:
    await pipe.duplex.from_client(call(1))
    pipe.found = OTHER
    await pipe.duplex.from_client(call(2))
    pipe.revoke("good")
    await until(lambda: pipe.to_client)
    assert pipe.said == [(1, "auth.revoked")]
    for answer in (result(1), result(1), result(2)):  # what comes too late goes to nobody
        await pipe.duplex.from_server(answer)
    assert pipe.said == [(1, "auth.revoked"), (2, "")]
    outcomes = [(r.identity, r.reason) for r in pipe.bench.records if r.kind == "exchange" and r.phase == "outcome"]
    assert outcomes == [("agent:a", "auth.revoked"), ("agent:b", "")]
    await pipe.duplex.from_client(call(1))  # an id that was used before
    await pipe.duplex.from_server(result(1))
    assert pipe.said[-1] == (1, "")
    await pipe.duplex.left()
    assert pipe.bench.idle()


async def test_an_answer_that_comes_while_the_end_of_its_grant_is_recorded(pipe: Pipe) -> None:
    """The record says that it was revoked, so that is what the client is told, once."""
    await pipe.duplex.from_server(body(None, "notifications/x"))
    pipe.to_client.clear()
    await pipe.duplex.from_client(call(1))
    hold = pipe.bench.journal.hold = asyncio.Event()
    pipe.revoke("good")
    (ending,) = pipe.duplex._ends
    await asyncio.sleep(0)
    answering = asyncio.create_task(pipe.duplex.from_server(result(1)))
    for _ in range(5):
        await asyncio.sleep(0)
    hold.set()
    await asyncio.gather(answering, ending)
    assert pipe.said == [(1, "auth.revoked")]
    outcomes = [r.reason for r in pipe.bench.records if r.kind == "exchange" and r.phase == "outcome"]
    assert outcomes == ["auth.revoked"]
    await pipe.duplex.left()
    assert pipe.bench.idle()


async def test_a_grant_that_is_revoked_while_its_call_is_looked_at(pipe: Pipe) -> None:
    prepare = pipe.bench.pipeline.prepare

    async def slow(one: Any) -> Any:
        reply = await prepare(one)
        pipe.revoke("good")
        return reply

    pipe.bench.pipeline.prepare = slow  # type: ignore[method-assign]
    await pipe.duplex.from_client(call(1))
    assert pipe.said == [(1, "auth.revoked")]
    assert pipe.to_server == []
    assert pipe.bench.idle()
