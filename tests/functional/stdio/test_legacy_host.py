"""A legacy stdio server behind HTTP: one child a session."""

import asyncio
import json
import logging
import sys
from collections.abc import Callable
from contextlib import suppress

import pytest
from tests.functional.stdio.conftest import ACCEPT, Host, call_of, streamed, tool, whole
from tests.garbage import uncollected
from tests.processes import alive
from tests.waiting import until

from doorward.core.errors import UpstreamFault
from doorward.core.snapshot import Limits, Timeouts
from doorward.transports.stdio_backoff import Backoff

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

Make = Callable[..., Host]


async def test_each_session_has_its_own_child(host_of: Make) -> None:
    host = host_of()
    first, second = await host.open(), await host.open()
    pids = {whole(await host.legacy(tool("echo"), session))["result"]["pid"] for session in (first, second, first)}
    assert len(pids) == 2


async def test_ids_keep_their_value_and_type(host_of: Make) -> None:
    host = host_of()
    session = await host.open()
    held = asyncio.create_task(host.legacy(tool("hang", "1"), session))
    answer = await host.legacy(tool("echo", 1), session)
    assert whole(answer)["id"] == 1
    assert not held.done()
    await host.legacy({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "1"}}, session)
    held.cancel()
    await asyncio.gather(held, return_exceptions=True)


async def test_notifications_and_responses_are_accepted_without_a_body(host_of: Make) -> None:
    host = host_of()
    session = await host.open()
    for body in ({"jsonrpc": "2.0", "method": "notifications/x"}, {"jsonrpc": "2.0", "id": 9, "result": {}}):
        answer = await host.legacy(body, session)
        assert (answer.status, answer.body, answer.events) == (202, b"", None)


@pytest.mark.parametrize(("session", "status"), [(None, 400), ("unknown", 404)])
@pytest.mark.parametrize("verb", ["POST", "GET", "DELETE"])
async def test_a_call_without_a_living_session_is_refused(
    host_of: Make, verb: str, session: str | None, status: int
) -> None:
    answer = await host_of().legacy(tool("echo"), session, verb=verb)
    assert answer.status == status


async def test_a_session_is_of_no_use_to_somebody_else(host_of: Make) -> None:
    host = host_of()
    session = await host.open("alice")
    assert (await host.legacy(tool("echo"), session, owner="mallory")).status == 404
    assert (await host.legacy(tool("echo"), session, owner="alice")).status == 200


async def test_a_refused_initialize_leaves_no_child(host_of: Make) -> None:
    host = host_of()
    answer = await host.legacy(call_of("initialize", {"protocolVersion": "refuse"}))
    assert (answer.status, answer.session) == (200, None)
    assert whole(answer)["error"]["code"] == -32602
    await until(lambda: len(host.upstream.nursery) == 0)


async def test_delete_ends_the_session_and_its_child(host_of: Make) -> None:
    host = host_of()
    session = await host.open()
    pid = whole(await host.legacy(tool("echo"), session))["result"]["pid"]
    assert (await host.legacy(b"", session, verb="DELETE")).status == 200
    await until(lambda: not alive(pid))
    assert (await host.legacy(tool("echo"), session)).status == 404


async def test_progress_goes_to_the_request_with_its_token(host_of: Make) -> None:
    host = host_of()
    session = await host.open()
    hanging = asyncio.create_task(host.legacy(tool("hang", 1, token=1), session))
    messages = await streamed(await host.legacy(tool("progress", 2, token="1"), session))
    assert [m.get("method", m.get("id")) for m in messages] == ["notifications/progress", "notifications/progress", 2]
    assert not hanging.done()
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)


async def test_the_rest_goes_to_the_get_stream(host_of: Make) -> None:
    host = host_of()
    session = await host.open()
    stream = await host.legacy(b"", session, verb="GET")
    assert stream.events is not None
    answer = await host.legacy(tool("log"), session)
    assert answer.events is None  # the answer came first
    event = await anext(aiter(stream.events))
    assert b"notifications/message" in event.raw
    assert event.raw.startswith(b"event: message\ndata: ")
    assert event.id is None
    stream.abort()


async def test_without_a_get_stream_the_rest_goes_to_the_oldest_post(host_of: Make) -> None:
    host = host_of()
    session = await host.open()
    oldest = asyncio.create_task(host.legacy(tool("hang", 1), session))
    await until(lambda: not host.upstream._sessions[session].idle)
    answer = await host.legacy(tool("log", 2), session)
    assert answer.events is None
    first = await oldest
    assert first.events is not None
    assert b"notifications/message" in (await anext(aiter(first.events))).raw
    first.abort()


async def test_what_nobody_waits_for_is_queued_for_a_get_stream(host_of: Make) -> None:
    host = host_of()
    session = await host.open()
    await host.legacy(tool("late", count=130), session)
    peer = host.upstream._sessions[session]
    await until(lambda: peer.dropped == 30)
    stream = await host.legacy(b"", session, verb="GET")
    assert stream.events is not None
    events = aiter(stream.events)
    numbers = [int((await anext(events)).raw.rpartition(b'"data": ')[2][:-4]) for _ in range(100)]
    assert numbers == list(range(30, 130))
    stream.abort()
    again = await host.legacy(b"", session, verb="GET")
    again.abort()


async def test_what_waits_is_bounded_in_bytes_too(host_of: Make) -> None:
    host = host_of()
    session = await host.open()
    await host.legacy(tool("late", count=9, size=1 << 20), session)
    peer = host.upstream._sessions[session]
    await until(lambda: peer.dropped == 6)
    stream = await host.legacy(b"", session, verb="GET")
    assert stream.events is not None
    events = aiter(stream.events)
    assert [json.loads((await anext(events)).data or b"")["params"]["data"][:1] for _ in range(3)] == ["6", "7", "8"]
    stream.abort()


async def test_one_large_message_waits_alone(host_of: Make) -> None:
    host = host_of()
    session = await host.open()
    await host.legacy(tool("late", count=2, size=5 << 20), session)
    peer = host.upstream._sessions[session]
    await until(lambda: peer.dropped == 1)
    stream = await host.legacy(b"", session, verb="GET")
    assert stream.events is not None
    assert json.loads((await anext(aiter(stream.events))).data or b"")["params"]["data"][:1] == "1"
    stream.abort()


async def test_a_server_can_ask_the_client_and_gets_its_answer(host_of: Make) -> None:
    host = host_of()
    session = await host.open()
    answer = await host.legacy(tool("ask"), session)
    assert answer.events is not None
    events = aiter(answer.events)
    question = (await anext(events)).data or b""
    assert b'"roots/list"' in question
    reply = {"jsonrpc": "2.0", "id": "ours-1", "result": {"roots": []}}
    assert (await host.legacy(reply, session)).status == 202
    assert b'"roots": []' in (await anext(events)).raw
    assert [event async for event in events] == []


async def test_a_crash_fails_the_calls_under_way_and_ends_the_session(host_of: Make) -> None:
    host = host_of()
    session = await host.open()
    stream = await host.legacy(b"", session, verb="GET")
    hanging = asyncio.create_task(host.legacy(tool("hang", 1), session))
    await until(lambda: not host.upstream._sessions[session].idle)
    with pytest.raises(UpstreamFault) as fault:
        await host.legacy(tool("crash", 2), session)
    assert fault.value.code == "upstream.crashed"
    with pytest.raises(UpstreamFault) as fault:
        await hanging
    assert fault.value.code == "upstream.crashed"
    assert await streamed(stream) == []
    assert (await host.legacy(tool("echo"), session)).status == 404


async def test_a_crash_after_the_first_event_breaks_the_stream(host_of: Make) -> None:
    host = host_of()
    session = await host.open()
    first = asyncio.create_task(host.legacy(tool("hang", 1), session))
    await until(lambda: not host.upstream._sessions[session].idle)
    await host.legacy(tool("log", 2), session)
    answer = await first
    with pytest.raises(UpstreamFault):
        await host.legacy(tool("crash", 3), session)
    with pytest.raises(UpstreamFault) as fault:
        await streamed(answer)
    assert fault.value.code == "upstream.crashed"


async def test_a_server_that_closes_its_output_is_ended(host_of: Make) -> None:
    host = host_of()
    session = await host.open()
    with pytest.raises(UpstreamFault) as fault:
        await host.legacy(tool("mute"), session)
    assert fault.value.code == "upstream.crashed"
    await until(lambda: len(host.upstream.nursery) == 0)


async def test_a_line_that_is_no_message_goes_to_nobody(host_of: Make, caplog: pytest.LogCaptureFixture) -> None:
    host = host_of("--noise")
    session = await host.open()
    assert whole(await host.legacy(tool("garbage"), session))["id"] == 1
    assert whole(await host.legacy(tool("foreign", 2), session))["id"] == 2
    assert [server for server, _ in host.garbage] == ["crm"] * 4
    assert host.garbage[1] == ("crm", len("Listening on stdio, have fun!"))
    assert "have fun" not in caplog.text


async def test_an_answer_that_no_parser_of_ours_reads_is_the_answer(host_of: Make) -> None:
    """What becomes of it is the pipeline's to say; here nobody waits for another one in vain."""
    host = host_of()
    session = await host.open()
    answer = await host.legacy(tool("unclear"), session)
    assert answer.body == b'{"jsonrpc":"2.0","id":1,"result":{"rate":NaN}}'
    assert host.garbage == []
    assert whole(await host.legacy(tool("echo", 2), session))["id"] == 2


async def test_stderr_is_logged_with_the_server_and_without_control_characters(
    host_of: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="doorward.transports.stdio_peer")
    host = host_of()
    await host.legacy(tool("complain"), await host.open())
    await until(lambda: "something is wrong" in caplog.text)
    assert "server crm: stderr: something is wrong\\x1b[31m" in caplog.text


async def test_a_line_over_the_limit_is_an_error_and_the_session_lives(host_of: Make) -> None:
    host = host_of(limits=Limits(response_bytes=100_000))
    session = await host.open()
    with pytest.raises(UpstreamFault) as fault:
        await host.legacy(tool("big", size=1_000_000), session)
    assert fault.value.code == "upstream.too_large"
    assert host.garbage[0][1] > 1_000_000
    assert len(whole(await host.legacy(tool("big", 2, size=90_000), session))["result"]["text"]) == 90_000


async def test_a_silent_server_is_given_up(host_of: Make) -> None:
    host = host_of(timeouts=Timeouts(first_byte=0.5))
    session = await host.open()
    with pytest.raises(UpstreamFault) as fault:
        await host.legacy(tool("hang"), session)
    assert fault.value.code == "upstream.timeout"
    assert (await host.legacy(tool("echo", 2), session)).status == 200


async def test_a_client_that_leaves_cancels_nothing(host_of: Make) -> None:
    host = host_of()
    session = await host.open()
    peer = host.upstream._sessions[session]
    leaving = asyncio.create_task(host.legacy(tool("hang", 1, answers=True), session))
    await until(lambda: not peer.idle)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    assert (await host.legacy(tool("echo", 1), session)).status == 400  # still under way: the id is taken
    await host.legacy({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}, session)
    await until(lambda: not peer._turns)
    assert host.garbage == []  # its late answer is nobody's fault
    assert (await host.legacy(tool("echo", 1), session)).status == 200


async def test_a_client_that_leaves_during_initialize_leaves_no_child(host_of: Make) -> None:
    host = host_of("--slow-start", "30", stop_grace=0.2)
    leaving = asyncio.create_task(host.legacy(call_of("initialize", {})))
    await until(lambda: len(host.upstream.nursery) == 1)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    await until(lambda: len(host.upstream.nursery) == 0)


async def test_a_slow_reader_stops_the_child_and_loses_nothing(host_of: Make) -> None:
    host = host_of()
    session = await host.open()
    answer = await host.legacy(tool("flood", count=20_000, size=100), session)
    peer = host.upstream._sessions[session]
    assert answer.events is not None
    events = aiter(answer.events)
    await anext(events)
    box = peer._turns[0].box
    await until(lambda: box._held > 256 * 1024)
    held = box._held
    for _ in range(20):
        await asyncio.sleep(0.01)
    assert box._held == held  # the child waits
    assert held < 512 * 1024
    assert len([event async for event in events]) == 20_000


async def test_a_batch_gets_all_its_answers(host_of: Make) -> None:
    host = host_of()
    session = await host.open()
    batch = [tool("echo", 1), {"jsonrpc": "2.0", "method": "notifications/x"}, tool("echo", "1")]
    messages = await streamed(await host.legacy(batch, session))
    assert [m["id"] for m in messages] == [1, "1"]


async def test_a_body_over_several_lines_is_one_line_for_the_child(host_of: Make) -> None:
    host = host_of()
    session = await host.open()
    body = b'{"jsonrpc":"2.0",\r\n"id":1,\n"method":"ping"}'
    assert whole(await host.legacy(body, session))["result"]["method"] == "ping"


async def test_wrong_media_types_and_bodies_are_refused(host_of: Make) -> None:
    host = host_of()
    session = await host.open()
    wrong = (ACCEPT, (b"content-type", b"text/plain"))
    assert (await host.legacy(tool("echo"), session, headers=wrong)).status == 415
    assert (await host.legacy(b"", session, verb="GET", headers=((b"accept", b"application/json"),))).status == 406
    refused = await host.legacy(b"{nonsense", session)
    assert (refused.status, whole(refused)["error"]["code"]) == (400, -32700)
    refused = await host.legacy(b'{"jsonrpc":"2.0","id":null,"method":"ping"}', session)
    assert (refused.status, whole(refused)["error"]["code"]) == (400, -32600)


async def test_at_most_so_many_children_for_one_principal_and_in_all(host_of: Make) -> None:
    host = host_of(limits=Limits(children_per_server=3, children_per_principal=2))
    first = await host.open("alice")
    await host.open("alice")
    with pytest.raises(UpstreamFault) as fault:
        await host.open("alice")
    assert fault.value.code == "limit.overload"
    await host.open("bob")
    with pytest.raises(UpstreamFault):
        await host.open("carol")
    await host.legacy(b"", first, verb="DELETE")
    await until(lambda: len(host.upstream.nursery) == 2)
    await host.open("carol")


async def test_an_idle_session_is_ended_and_one_with_a_stream_is_not(host_of: Make) -> None:
    host = host_of(idle=0.4)
    idle, busy = await host.open(), await host.open()
    stream = await host.legacy(b"", busy, verb="GET")
    await until(lambda: len(host.upstream.nursery) == 1)
    assert (await host.legacy(tool("echo"), idle)).status == 404
    assert (await host.legacy(tool("echo"), busy)).status == 200
    stream.abort()
    await until(lambda: len(host.upstream.nursery) == 0)


async def test_a_crash_loop_is_slowed_down_for_the_principal_that_is_in_it(host_of: Make) -> None:
    host = host_of(backoff=Backoff(first=60.0, most=60.0))
    with pytest.raises(UpstreamFault):
        await host.legacy(tool("crash"), await host.open("alice"))
    with pytest.raises(UpstreamFault) as fault:
        await host.open("alice")
    assert fault.value.code == "limit.overload"
    await host.open("bob")


async def test_a_command_that_is_not_there_is_unreachable_and_backs_off(host_of: Make) -> None:
    host = host_of(command="/nowhere/at-all", backoff=Backoff(first=60.0))
    with pytest.raises(UpstreamFault) as fault:
        await host.open()
    assert fault.value.code == "upstream.unreachable"
    with pytest.raises(UpstreamFault) as fault:
        await host.open()
    assert fault.value.code == "limit.overload"


async def test_who_met_a_command_that_is_not_there_is_not_left_to_the_garbage_collector(host_of: Make) -> None:
    host = host_of(command="/nowhere/at-all")
    with uncollected() as found:
        for _ in range(2):
            with suppress(UpstreamFault):
                await host.open()
    assert not found


async def test_grandchildren_end_with_the_session(host_of: Make) -> None:
    host = host_of()
    session = await host.open()
    grandchild = whole(await host.legacy(tool("fork"), session))["result"]["grandchild"]
    assert alive(grandchild)
    await host.legacy(b"", session, verb="DELETE")
    await until(lambda: not alive(grandchild))


async def test_a_deaf_server_is_killed(host_of: Make) -> None:
    host = host_of("--deaf", stop_grace=0.1)
    pid = whole(await host.legacy(tool("echo"), await host.open()))["result"]["pid"]
    await host.upstream.close()
    assert not alive(pid)
    with pytest.raises(UpstreamFault):
        await host.open()


async def test_the_child_gets_its_own_environment_and_not_ours(host_of: Make) -> None:
    ours = {"PATH": "/bin", "LC_ALL": "C", "DOORWARD_X": "1", "CRM_KEY": "ours", "HOME": "/"}
    host = host_of(environ=ours, env={"CRM_TOKEN": "theirs", "DOORWARD_Y": "2"})
    names = whole(await host.legacy(tool("environment"), await host.open()))["result"]["names"]
    assert {"PATH", "LC_ALL", "HOME", "CRM_TOKEN"} <= set(names)
    assert not {"DOORWARD_X", "DOORWARD_Y", "CRM_KEY"} & set(names)
