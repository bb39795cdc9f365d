"""A modern stdio server behind HTTP: a pool for each principal, one request at a time on each child."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tests.functional.stdio.conftest import ACCEPT, JSON, META, Host, call_of, mirrored, modern, streamed, tool, whole
from tests.processes import alive
from tests.waiting import until

from doorward.core.errors import UpstreamFault
from doorward.core.exchange import Outbound
from doorward.core.identity import NO_CREDENTIAL
from doorward.core.message import Request, read
from doorward.core.snapshot import Limits, Timeouts

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

Make = Callable[..., Host]

LISTEN = modern(call_of("subscriptions/listen", {"notifications": {}}, 7))


async def pid_of(host: Host, owner: str = "alice") -> int:
    return int(whole(await host.modern(modern(tool("echo")), owner=owner))["result"]["pid"])


async def test_a_child_is_used_again_by_the_same_principal_only(host_of: Make) -> None:
    host = host_of()
    assert await pid_of(host) == await pid_of(host)
    assert await pid_of(host, "bob") != await pid_of(host)


async def test_one_request_at_a_time_on_each_child(host_of: Make) -> None:
    host = host_of()
    held = asyncio.create_task(host.modern(modern(tool("hang", 1))))
    await until(lambda: len(host.upstream.nursery) == 1)
    await pid_of(host)
    assert len(host.upstream.nursery) == 2
    held.cancel()
    await asyncio.gather(held, return_exceptions=True)


async def test_json_if_the_answer_comes_first_else_events(host_of: Make) -> None:
    host = host_of()
    plain = await host.modern(modern(tool("echo")))
    assert (plain.status, plain.events, plain.session) == (200, None, None)
    messages = await streamed(await host.modern(modern(tool("progress", 5, token="p"))))
    assert [m.get("method", m.get("id")) for m in messages] == ["notifications/progress", "notifications/progress", 5]
    messages = await streamed(await host.modern(modern(tool("log", "six"))))
    assert [m.get("method", m.get("id")) for m in messages] == ["notifications/message", "six"]


async def test_what_comes_after_the_answer_reaches_no_other_request(host_of: Make) -> None:
    host = host_of()
    await host.modern(modern(tool("late", count=3)))
    (peer,) = host.upstream._pool["alice"]
    await until(lambda: peer.dropped == 3)
    assert (await host.modern(modern(tool("echo", 2)))).events is None


async def test_listen_holds_its_own_child_until_the_client_leaves(host_of: Make, tmp_path: Path) -> None:
    seen = tmp_path / "lines"
    host = host_of("--log", str(seen), cancel_grace=0.2)
    answer = await host.modern(LISTEN)
    assert answer.events is not None
    event = await anext(aiter(answer.events))
    assert b"subscriptions/acknowledged" in event.raw
    await pid_of(host)
    assert len(host.upstream.nursery) == 2
    answer.abort()
    answer.abort()
    await until(lambda: len(host.upstream.nursery) == 1)
    cancels = [line for line in map(json.loads, seen.read_text().splitlines()) if "cancelled" in line["method"]]
    assert [line["params"]["requestId"] for line in cancels] == [7]


async def test_a_cancelled_child_is_used_again_once_it_has_answered(host_of: Make) -> None:
    host = host_of(cancel_grace=10.0)
    pid = await pid_of(host)
    leaving = asyncio.create_task(host.modern(modern(tool("hang", 2, answers=True))))
    await until(lambda: not host.upstream._pool.get("alice"))
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    await until(lambda: host.upstream._pool.get("alice"))
    assert await pid_of(host) == pid
    assert host.garbage == []


async def test_a_cancelled_child_that_goes_on_is_ended(host_of: Make) -> None:
    host = host_of(cancel_grace=0.1)
    pid = await pid_of(host)
    leaving = asyncio.create_task(host.modern(modern(tool("hang", 2))))
    await until(lambda: not host.upstream._pool.get("alice"))
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    await until(lambda: not alive(pid))
    assert await pid_of(host) != pid


async def test_a_silent_child_is_given_up(host_of: Make) -> None:
    host = host_of(timeouts=Timeouts(first_byte=0.5), cancel_grace=0.1)
    with pytest.raises(UpstreamFault) as fault:
        await host.modern(modern(tool("hang")))
    assert fault.value.code == "upstream.timeout"
    await until(lambda: len(host.upstream.nursery) == 0)


async def test_a_crash_is_an_error_and_the_next_call_gets_another_child(host_of: Make) -> None:
    host = host_of()
    pid = await pid_of(host)
    with pytest.raises(UpstreamFault) as fault:
        await host.modern(modern(tool("crash")))
    assert fault.value.code == "upstream.crashed"
    assert await pid_of(host) != pid


@pytest.mark.parametrize(
    ("code", "status"),
    [(-32601, 404), (-32602, 400), (-32020, 400), (-32021, 400), (-32022, 400), (-32603, 200), (-32000, 200), (5, 200)],
)
async def test_errors_have_the_status_that_the_protocol_gives_them(host_of: Make, code: int, status: int) -> None:
    answer = await host_of().modern(modern(tool("fail", code=code)))
    assert (answer.status, whole(answer)["error"]["code"]) == (status, code)


async def test_a_legacy_server_is_asked_to_discover_and_its_error_passes_untouched(host_of: Make) -> None:
    answer = await host_of("--legacy").modern(modern(call_of("server/discover")))
    assert answer.body == b'{"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "Method not found"}}'
    assert answer.status == 404


@pytest.mark.parametrize("verb", ["GET", "DELETE"])
async def test_other_methods_are_not_allowed(host_of: Make, verb: str) -> None:
    answer = await host_of().modern(LISTEN, verb=verb)
    assert answer.status == 405
    assert (b"allow", b"POST") in answer.headers


async def test_notifications_are_accepted(host_of: Make) -> None:
    host = host_of()
    for method in ("notifications/x", "notifications/cancelled"):
        answer = await host.modern({"jsonrpc": "2.0", "method": method, "params": {"requestId": 1}})
        assert (answer.status, answer.body) == (202, b"")
    assert len(host.upstream.nursery) == 0


def without(body: dict, key: str) -> dict:
    meta = {name: value for name, value in META.items() if not name.endswith(key)}
    return {**body, "params": {**body["params"], "_meta": meta}}


ECHO = modern(tool("echo"))
HEADERS = mirrored(ECHO)


@pytest.mark.parametrize(
    ("body", "headers", "version", "status", "code"),
    [
        (ECHO, [*HEADERS[:0], JSON, *HEADERS[2:]], None, 406, -32600),
        (ECHO, [(b"accept", b"application/json"), *HEADERS[1:]], None, 406, -32600),
        (ECHO, [(b"accept", b"application/json, text/event-stream;q=0"), *HEADERS[1:]], None, 406, -32600),
        (ECHO, [ACCEPT, (b"content-type", b"text/plain"), *HEADERS[2:]], None, 415, -32600),
        (ECHO, [ACCEPT, JSON, (b"mcp-name", b"echo")], None, 400, -32020),
        (ECHO, [ACCEPT, JSON, (b"mcp-method", b"tools/call")], None, 400, -32020),
        (ECHO, [ACCEPT, JSON, (b"mcp-method", b"tools/list"), (b"mcp-name", b"echo")], None, 400, -32020),
        (ECHO, [ACCEPT, JSON, (b"mcp-method", b"tools/call"), (b"mcp-name", b"other")], None, 400, -32020),
        (ECHO, [*HEADERS, (b"mcp-name", b"echo")], None, 400, -32020),
        (ECHO, HEADERS, "2026-07-29", 400, -32020),
        (ECHO, HEADERS, "", 400, -32020),
        (without(tool("echo"), "protocolVersion"), HEADERS, None, 400, -32602),
        (without(tool("echo"), "clientCapabilities"), HEADERS, None, 400, -32602),
        (tool("echo"), HEADERS, None, 400, -32602),
        ({"jsonrpc": "2.0", "id": 1, "result": {}}, HEADERS, None, 400, -32600),
    ],
)
async def test_what_an_http_server_refuses(
    host_of: Make, body: dict, headers: list, version: str | None, status: int, code: int
) -> None:
    host = host_of()
    answer = await host.modern(body, headers=tuple(headers), version="2026-07-28" if version is None else version)
    assert (answer.status, whole(answer)["error"]["code"]) == (status, code)
    assert len(host.upstream.nursery) == 0


async def test_a_batch_is_refused(host_of: Make) -> None:
    host = host_of()
    answer = await host.modern([ECHO], headers=HEADERS)  # type: ignore[arg-type]
    assert (answer.status, whole(answer)["error"]["code"]) == (400, -32600)


async def test_a_redacted_body_is_compared_with_its_own_headers(host_of: Make) -> None:
    host = host_of()
    await host.modern(modern(call_of("tools/list")))
    before, after = modern(tool("echo", region="Ann")), modern(tool("echo", region="<PERSON>"))
    reading = read(msgspec.json.encode(before))
    assert isinstance(reading, Request)
    headers = (*mirrored(after), (b"mcp-param-region", b"<PERSON>"))
    body = msgspec.json.encode(after)
    outbound = Outbound("POST", body, headers, "2026-07-28", True, "alice", message=reading)
    assert (await host.upstream.forward(outbound, NO_CREDENTIAL)).status == 200


async def test_mirrored_parameters_are_compared_once_the_schema_has_passed(host_of: Make) -> None:
    host = host_of()
    body = modern(tool("echo", region="eu"))
    right, wrong = ((b"mcp-param-region", b"eu"),), ((b"mcp-param-region", b"us"),)
    assert (await host.modern(body, headers=mirrored(body) + wrong)).status == 200  # nothing is known yet
    await host.modern(modern(call_of("tools/list")))
    assert (await host.modern(body, headers=mirrored(body) + right)).status == 200
    for headers in (wrong, (), right + right):
        answer = await host.modern(body, headers=mirrored(body) + headers)
        assert (answer.status, whole(answer)["error"]["code"]) == (400, -32020)
    assert (await host.modern(body, headers=mirrored(body) + wrong, owner="bob")).status == 200


async def test_idle_children_make_room_and_busy_ones_do_not(host_of: Make) -> None:
    host = host_of(limits=Limits(children_per_server=2, children_per_principal=2))
    await pid_of(host, "alice")
    await pid_of(host, "bob")
    await pid_of(host, "carol")
    assert len(host.upstream.nursery) == 2
    streams = [await host.modern(LISTEN, owner=owner) for owner in ("carol", "dave")]
    with pytest.raises(UpstreamFault) as fault:
        await pid_of(host, "erin")
    assert fault.value.code == "limit.overload"
    for stream in streams:
        stream.abort()


async def test_at_most_so_many_children_for_one_principal(host_of: Make) -> None:
    host = host_of(limits=Limits(children_per_principal=1), cancel_grace=0.1)
    stream = await host.modern(LISTEN)
    with pytest.raises(UpstreamFault) as fault:
        await pid_of(host)
    assert fault.value.code == "limit.overload"
    stream.abort()
    await until(lambda: len(host.upstream.nursery) == 0)
    await pid_of(host)


async def test_idle_children_are_ended(host_of: Make) -> None:
    host = host_of(idle=0.2)
    pid = await pid_of(host)
    await until(lambda: len(host.upstream.nursery) == 0)
    assert not alive(pid)


async def test_an_answer_over_the_limit_is_an_error(host_of: Make) -> None:
    host = host_of(limits=Limits(response_bytes=10_000))
    with pytest.raises(UpstreamFault) as fault:
        await host.modern(modern(tool("big", size=20_000)))
    assert fault.value.code == "upstream.too_large"


async def test_a_body_that_audit_mode_passes_unread_is_checked_as_its_server_reads_it(host_of: Make) -> None:
    host = host_of()
    twice = msgspec.json.encode(ECHO)[:-1] + b',"method":"tools/call"}'
    outbound = Outbound("POST", twice, HEADERS, "2026-07-28", True, "alice")
    assert (await host.upstream.forward(outbound, NO_CREDENTIAL)).status == 200
    outbound = Outbound("POST", twice, (ACCEPT, JSON), "2026-07-28", True, "alice")
    assert (await host.upstream.forward(outbound, NO_CREDENTIAL)).status == 400
