"""A stdio server and an agent that acts for several people: a child of one of them is never given to another."""

import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest
from tests.functional.pipeline.on_behalf import ALICE, ANOTHERS, BOB, FOR_ALICE, RENEWED, acting, verifier
from tests.functional.pipeline.policed import Policed
from tests.functional.stdio.conftest import ACCEPT, JSON, Host, call_of, mirrored, modern, tool
from tests.functional.stdio.processes import SERVER
from tests.processes import alive, children_of
from tests.tokens import HELPER
from tests.waiting import until

from doorward.core.errors import UpstreamFault
from doorward.core.policy import Mode
from doorward.core.snapshot import Limits, Server, Target
from doorward.transports.stdio_backoff import Backoff
from doorward.transports.stdio_host import StdioUpstream

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

Make = Callable[..., Host]
HEADERS = (ACCEPT, JSON)
OWN, OF_ALICE, OF_BOB = (acting(*each).principal.holder for each in ((HELPER,), (ALICE, HELPER), (BOB, HELPER)))


@pytest.fixture
async def bench() -> AsyncIterator[Policed]:
    """The whole gateway before the scripted server; afterwards every child must be gone."""
    before = set(children_of(os.getpid()))
    crm = Server("crm", Target(transport="stdio", command=sys.executable, args=(SERVER,)), Mode.AUDIT)
    made = Policed(
        Mode.AUDIT,
        None,
        crm=crm,
        worth=verifier().worth,
        make=lambda server, snapshot: StdioUpstream(server, snapshot.limits, snapshot.timeouts),
    )
    yield made
    await made.upstreams.close()
    await until(lambda: not [pid for pid in children_of(os.getpid()) if pid not in before and alive(pid)])


async def asked(bench: Policed, message: dict[str, Any], token: bytes, **fields: Any) -> Any:
    client = await bench.send(msgspec.json.encode(message), token=token, **fields)
    return client.json, client


async def test_a_child_of_the_pool_is_used_again_for_the_same_chain_only(bench: Policed) -> None:
    message = modern(tool("echo"))
    fields = {"headers": mirrored(message), "mirrors": mirrored(message)[2:], "version": b"2026-07-28"}
    pids = {
        token: (await asked(bench, message, token, **fields))[0]["result"]["pid"]
        for token in (FOR_ALICE, *ANOTHERS, RENEWED)
    }
    assert pids[RENEWED] == pids[FOR_ALICE]
    assert len(set(pids.values())) == len(pids) - 1


async def test_a_session_and_its_child_are_of_one_chain_alone(bench: Policed) -> None:
    opening = call_of("initialize", {"protocolVersion": "2025-11-25"})
    _, client = await asked(bench, opening, FOR_ALICE, headers=HEADERS)
    fields = {"headers": HEADERS, "session": client.header(b"mcp-session-id")}
    first, _ = await asked(bench, tool("echo"), FOR_ALICE, **fields)
    for token in ANOTHERS:
        _, refused = await asked(bench, tool("echo"), token, **fields)
        assert (refused.status, refused.reason) == (404, "session.unknown")
    again, _ = await asked(bench, tool("echo"), RENEWED, **fields)
    assert again["result"]["pid"] == first["result"]["pid"]


async def test_the_host_itself_knows_whose_a_session_is(host_of: Make) -> None:
    host = host_of()
    session = await host.open(OF_ALICE)
    for owner in (OWN, OF_BOB):
        for verb, message in (("POST", tool("echo")), ("GET", b""), ("DELETE", b"")):
            assert (await host.legacy(message, session, owner=owner, verb=verb)).status == 404
    assert (await host.legacy(tool("echo"), session, owner=OF_ALICE)).status == 200


async def pid_of(host: Host, owner: str) -> int:
    answer = await host.modern(modern(tool("echo")), owner=owner)
    return int(json.loads(answer.body)["result"]["pid"])


async def test_children_are_counted_for_the_caller_for_whomever_it_acts(host_of: Make) -> None:
    host = host_of(limits=Limits(children_per_principal=2))
    await host.open(OF_ALICE)
    await host.open(OF_BOB)
    for owner in (OWN, OF_ALICE, OF_BOB):
        with pytest.raises(UpstreamFault) as fault:
            await host.open(owner)
        assert fault.value.code == "limit.overload"
    await host.open("\0agent:other\0agent:other")


async def test_an_idle_child_for_one_makes_room_for_another(host_of: Make) -> None:
    host = host_of(limits=Limits(children_per_principal=1))
    first = await pid_of(host, OF_ALICE)
    assert await pid_of(host, OF_BOB) != first
    assert not alive(first)
    assert len(host.upstream.nursery) == 1


async def test_crashes_are_counted_for_the_caller_for_whomever_it_acts(host_of: Make) -> None:
    host = host_of(backoff=Backoff(first=60.0, most=60.0))
    with pytest.raises(UpstreamFault):
        await host.legacy(tool("crash"), await host.open(OF_ALICE), owner=OF_ALICE)
    for owner in (OWN, OF_ALICE, OF_BOB):
        with pytest.raises(UpstreamFault) as fault:
            await host.open(owner)
        assert fault.value.code == "limit.overload"
    await host.open("\0agent:other\0agent:other")


async def test_a_command_that_is_not_there_is_left_alone_for_whomever_the_caller_acts(host_of: Make) -> None:
    host = host_of(command="/nowhere/at-all", backoff=Backoff(first=60.0))
    for owner, code in ((OF_ALICE, "upstream.unreachable"), (OF_BOB, "limit.overload")):
        with pytest.raises(UpstreamFault) as fault:
            await host.open(owner)
        assert fault.value.code == code


@pytest.mark.parametrize("lister", [OWN, OF_ALICE])
async def test_what_a_list_said_of_headers_holds_for_whomever_the_caller_acts(host_of: Make, lister: str) -> None:
    host = host_of()
    await host.modern(modern(call_of("tools/list")), owner=lister)
    message = modern(tool("echo", region="eu"))
    wrong = (*mirrored(message), (b"mcp-param-region", b"us"))
    for owner in (OWN, OF_ALICE, OF_BOB):
        assert (await host.modern(message, headers=wrong, owner=owner)).status == 400
