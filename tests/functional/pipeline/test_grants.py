"""Tokens that somebody verifies: what they are for, how long, how often a bad one may be tried; and what ends with
them.
"""

import asyncio
import json
from typing import Any

import pytest
from tests.functional.pipeline.bench import TOKEN, Bench, body, call, event, result, rule, server
from tests.functional.pipeline.policed import GRANT, SECOND, Policed, grant
from tests.waiting import until

from doorward.core.identity import Grant, Principal
from doorward.core.policy import Mode, ToolRule, names
from doorward.core.snapshot import Limits
from doorward.transports.sse import parse

CHILD = b"a-child-of-it"


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize(
    ("worth", "reason"),
    [
        (grant(audience=frozenset({"other"})), "auth.audience"),
        (grant(expires=1_800_000_000.0), "auth.expired"),
        (None, "auth.invalid"),
    ],
)
async def test_a_bad_token_is_refused_in_every_mode(mode: Mode, worth: Grant | None, reason: str) -> None:
    bench = Policed(mode, worth={GRANT: worth} if worth else {b"else": grant()})
    client = await bench.send(call(1))
    assert (client.status, client.reason) == (401, reason)
    assert b"resource_metadata=" in (client.header(b"www-authenticate") or b"")
    assert not bench.server.seen
    assert [(r.kind, r.decision, r.reason) for r in bench.records] == [("exchange", "deny", reason)]


@pytest.mark.parametrize(
    "revoked",
    [
        {"tokens": frozenset({"jti-child"})},
        {"tokens": frozenset({"jti-agent:a"})},
        {"grants": frozenset({"family-agent:a"})},
        {"external": frozenset({("", "sub", "agent:b")})},
        {"external": frozenset({("corp", "sub", "bob")})},
    ],
)
@pytest.mark.parametrize("mode", list(Mode))
async def test_a_child_does_not_survive_the_revocation_of_anything_behind_it(mode: Mode, revoked: Any) -> None:
    child = grant(
        who=Principal("agent:b", client="agent:b"), token_id="jti-child", grant_id="family-agent:a",
        ancestors=("jti-agent:a",), origins=frozenset({("corp", "sub", "bob")}),
    )  # fmt: skip
    bench = Policed(mode, worth={GRANT: grant(), CHILD: child})
    assert (await bench.send(call(1), token=CHILD)).json == json.loads(result(1))
    bench.server.seen.clear()
    bench.share(**revoked)
    client = await bench.send(call(1), token=CHILD)
    assert (client.status, client.reason) == (401, "auth.revoked")
    assert not bench.server.seen
    assert bench.verifier.asked == 1


async def test_a_token_is_verified_once_and_its_grant_is_in_the_records() -> None:
    bench = Policed()
    for number in range(3):
        assert (await bench.send(call(number))).json == json.loads(result(number))
    assert bench.verifier.asked == 1
    assert {(r.identity, r.client, r.grant_id) for r in bench.records} == {("agent:a", "agent:a", "family-agent:a")}


async def test_nobody_gets_in_on_a_token_while_revocations_cannot_be_read() -> None:
    bench = Policed()
    bench.live.blind = True
    client = await bench.send(call(1))
    assert (client.status, client.reason) == (503, "state.unavailable")
    assert not bench.server.seen
    assert bench.records[-1].reason == "state.unavailable"
    assert (await bench.send(call(2), token=TOKEN)).json == json.loads(result(2))  # a fixed one: nobody looks it up


# -- bad tokens, one address


async def test_bad_tokens_of_one_address_are_limited_and_known_good_ones_pass() -> None:
    bench = Policed(limits=Limits(failed_logins_per_minute=3))
    assert (await bench.send(call(1), client_ip="192.0.2.1")).json == json.loads(result(1))
    for number in range(3):
        client = await bench.send(call(1), token=b"bad-%d" % number, client_ip="192.0.2.1")
        assert (client.status, client.reason) == (401, "auth.invalid")
    asked = bench.verifier.asked
    client = await bench.send(call(1), token=b"bad-9", client_ip="192.0.2.1")
    assert (client.status, client.reason) == (429, "limit.rate")
    assert client.header(b"retry-after") is not None
    assert bench.verifier.asked == asked
    assert (await bench.send(call(2), client_ip="192.0.2.1")).json == json.loads(result(2))
    assert (await bench.send(call(3), token=SECOND, client_ip="192.0.2.2")).json == json.loads(result(3))
    bench.clock.now += 60
    assert (await bench.send(call(1), token=b"bad-9", client_ip="192.0.2.1")).reason == "auth.invalid"


async def test_bad_tokens_from_all_over_an_ipv6_network_are_of_one_address() -> None:
    bench = Policed(limits=Limits(failed_logins_per_minute=3))
    for number in range(3):
        sent = await bench.send(call(1), token=b"bad-%d" % number, client_ip=f"2001:db8::{number}")
        assert sent.reason == "auth.invalid"
    assert (await bench.send(call(1), token=b"bad-9", client_ip="2001:db8::9")).reason == "limit.rate"
    assert (await bench.send(call(1), token=b"bad-9", client_ip="2001:db8:0:1::9")).reason == "auth.invalid"


# -- limits


async def test_a_tool_has_a_limit_of_its_own_for_each_caller() -> None:
    fi = ToolRule("fi*", names(["fi*"]), rate=2)
    bench = Policed(crm=server(tools=(fi, rule("find", Mode.ENFORCE))))
    for number in range(2):
        assert (await bench.send(call(number))).json == json.loads(result(number))
    assert (await bench.send(call(9))).reason == "limit.rate"
    assert (await bench.send(call(1, "read"))).json == json.loads(result(1))
    assert (await bench.send(call(1), token=SECOND)).json == json.loads(result(1))
    assert len(bench.server.seen) == 4
    bench.clock.now += 60
    assert (await bench.send(call(1))).json == json.loads(result(1))


@pytest.mark.parametrize("sse", [False, True])
async def test_answers_count_against_the_bytes_of_a_minute(sse: bool) -> None:
    bench = Policed(limits=Limits(bytes_per_minute=10_000))
    large = result(1, {"content": [{"type": "text", "text": "x" * 12_000}]})
    bench.server.script = lambda _: bench.server.stream(event(large)) if sse else bench.server.json(large)
    await bench.send(call(1))
    client = await bench.send(call(2))
    assert client.reason == "limit.rate"
    assert bench.records[-1].rules == ("bytes_per_minute",)
    assert len(bench.server.seen) == 1
    bench.clock.now += 60
    bench.server.script = lambda _: bench.server.json(result(3))
    assert (await bench.send(call(3))).json == json.loads(result(3))


async def test_interim_messages_count_too() -> None:
    bench = Policed(limits=Limits(bytes_per_minute=10_000))
    note = event(body(None, "notifications/message", {"level": "info", "data": "x" * 12_000}))
    bench.server.script = lambda _: bench.server.stream(note, event(result(1)))
    await bench.send(call(1))
    assert (await bench.send(call(2))).reason == "limit.rate"


# -- what ends with a grant


def held_open(bench: Bench, *first: bytes) -> asyncio.Event:
    """The server answers with an open stream, or not at all, until the event is set."""
    release = asyncio.Event()

    async def script(sent: Any) -> Any:
        async def events() -> Any:
            for raw in first:
                yield parse(raw)
            await release.wait()

        if not first:
            await release.wait()
            return bench.server.json(result(1))
        answer = bench.server.stream()
        answer.events = events()
        return answer

    bench.server.script = script
    return release


NOTE = event(body(None, "notifications/message", {"level": "info", "data": "hello"}))
LISTEN = {"notifications": {"toolsListChanged": True}}


async def test_a_get_stream_ends_when_its_grant_does() -> None:
    bench = Policed()
    bench.verifier.worth[GRANT] = grant(expires=bench.clock.wall() + 0.1)
    held_open(bench, NOTE)
    client, task = bench.start(verb="GET", session=bench.sealed())
    await until(lambda: client.closed)
    await task
    assert client.data
    assert [(r.kind, r.phase, r.reason) for r in bench.records] == [
        ("stream", "opened", ""), ("stream", "closed", "auth.expired"),
    ]  # fmt: skip
    assert bench.server.aborted
    assert bench.idle()


async def test_a_listen_stream_ends_with_an_error_that_says_why() -> None:
    bench = Policed()
    bench.verifier.worth[GRANT] = grant(expires=bench.clock.wall() + 0.1)
    held_open(bench, NOTE)
    client = await asyncio.wait_for(bench.modern("subscriptions/listen", LISTEN), 5)
    assert json.loads(client.data[-1])["error"]["data"]["reason"] == "auth.expired"
    assert client.closed
    assert bench.records[-1].reason == "auth.expired"
    assert bench.idle()


async def test_a_running_call_goes_on_past_the_end_of_its_grant() -> None:
    bench = Policed()
    bench.verifier.worth[GRANT] = grant(expires=bench.clock.wall() + 0.01)
    release = held_open(bench)
    client, task = bench.start(call(1))
    await until(lambda: len(bench.server.seen) == 1)
    bench.clock.now += 60
    stream, other = bench.start(verb="GET", session=bench.sealed())  # a new one does not begin any more
    await other
    assert stream.reason == "auth.expired"
    release.set()
    await task
    assert client.json == json.loads(result(1))


@pytest.mark.parametrize("what", ["call", "stream of a call", "get", "listen"])
@pytest.mark.parametrize("mode", list(Mode))
async def test_a_revocation_ends_what_runs(mode: Mode, what: str) -> None:
    bench = Policed(mode)
    held_open(bench, *([] if what == "call" else [NOTE]))
    if what == "get":
        client, task = bench.start(verb="GET", session=bench.sealed())
    elif what == "listen":
        client, task = bench.start(body(1, "subscriptions/listen", LISTEN))
    else:
        client, task = bench.start(call(1))
    await until(lambda: bool(bench.server.seen) and (what == "call" or bool(client.events)))
    other, another = bench.start(call(1), token=SECOND)
    await until(lambda: len(bench.server.seen) == 2)
    bench.share(tokens=frozenset({"jti-agent:a"}))
    bench.pipeline.callers.revoke(bench.live.shared)
    await task
    assert [r.reason for r in bench.records if r.phase in ("outcome", "closed")] == ["auth.revoked"]
    if what == "call":
        assert (client.status, client.reason) == (401, "auth.revoked")
    else:
        assert client.closed
        if what != "get":
            assert json.loads(client.data[-1])["error"]["data"]["reason"] == "auth.revoked"
    assert not another.done()
    another.cancel()
    with pytest.raises(asyncio.CancelledError):
        await another
    assert other.reply is None
    assert bench.idle()
