"""Lists: in enforcing modes an entry is shown iff a call of it could pass; elsewhere lists stay as sent."""

import asyncio
import json
from typing import Any

import pytest
from tests.functional.pipeline.bench import LEGACY, Bench, body, event, rule, server
from tests.functional.pipeline.policed import GRANT, Policed, grant

from doorward.core.policy import Mode
from doorward.stages import listing

ENFORCING = [Mode.SOFT, Mode.ENFORCE]
WATCHING = [Mode.AUDIT, Mode.WARN]
TEXT = """
@id("all") permit(principal, action, resource);
@id("reads") forbid(principal, action, resource == Doorward::Tool::"crm/read")
  when { context.arguments has path && context.arguments.path like "/etc*" };
@id("never") forbid(principal, action, resource == Doorward::Tool::"crm/drop");
@id("never-prompt") forbid(principal, action, resource == Doorward::Prompt::"crm/secret");
@id("never-file") forbid(principal, action, resource == Doorward::Resource::"crm/file:///etc");
"""


def page(bench: Bench, entries: list[Any], member: str = "tools", **more: Any) -> bytes:
    """Spaced as no library writes it, so that a byte that changed is seen."""
    data = json.dumps({"jsonrpc": "2.0", "id": 1, "result": {member: entries, **more}}, indent=1).encode()
    bench.server.script = lambda _: bench.server.json(data)
    return data


def tools(*names: str) -> list[dict[str, str]]:
    return [{"name": name} for name in names]


@pytest.mark.parametrize("mode", ENFORCING)
async def test_what_the_upper_bound_denies_is_hidden_and_order_and_cursor_stay(mode: Mode) -> None:
    bench = Policed(mode, TEXT)
    page(bench, tools("write", "drop", "read", "find"), nextCursor="c2")
    shown = (await bench.send(body(1, "tools/list"))).json["result"]
    assert shown == {"tools": tools("write", "read", "find"), "nextCursor": "c2"}
    page(bench, tools("drop"), nextCursor="c3")
    assert (await bench.send(body(1, "tools/list"))).json["result"] == {"tools": [], "nextCursor": "c3"}


@pytest.mark.parametrize("mode", ENFORCING)
async def test_what_the_grant_does_not_name_is_hidden(mode: Mode) -> None:
    bench = Policed(mode, TEXT, worth={GRANT: grant("read", "dr*")})
    page(bench, tools("write", "drop", "read", "find"))
    assert (await bench.send(body(1, "tools/list"))).json["result"]["tools"] == tools("read")


@pytest.mark.parametrize(
    ("method", "member", "entries", "kept"),
    [
        ("prompts/list", "prompts", [{"name": "secret"}, {"name": "p"}], [{"name": "p"}]),
        ("resources/list", "resources", [{"uri": "file:///etc"}, {"uri": "file:///a"}], [{"uri": "file:///a"}]),
        ("resources/templates/list", "resourceTemplates", [{"uriTemplate": "file:///etc"}], []),
    ],
)
async def test_the_other_lists_too(method: str, member: str, entries: list[Any], kept: list[Any]) -> None:
    bench = Policed(text=TEXT)
    page(bench, entries, member)
    assert (await bench.send(body(1, method))).json["result"][member] == kept


@pytest.mark.parametrize("name", ["find", "read", "write", "drop", "unseen"])
@pytest.mark.parametrize("mode", ENFORCING)
@pytest.mark.parametrize("own", [None, Mode.AUDIT, Mode.SOFT, Mode.ENFORCE])
async def test_listed_iff_a_call_with_harmless_arguments_passes(name: str, mode: Mode, own: Mode | None) -> None:
    """The list and the call agree, for every mode of the server and of the tool."""
    crm = server(mode, tools=(rule("dr*", own),) if own else ())
    bench = Policed(mode, TEXT, crm=crm, worth={GRANT: grant("read", "drop", "unseen")})
    page(bench, tools(name))
    is_listed = bool((await bench.send(body(1, "tools/list"))).json["result"]["tools"])
    bench.server.seen.clear()
    await bench.send(body(1, "tools/call", {"name": name, "arguments": {"path": "/data"}}))
    assert is_listed == bool(bench.server.seen)


@pytest.mark.parametrize("mode", WATCHING)
@pytest.mark.parametrize("modern", [False, True])
@pytest.mark.parametrize("method", ["tools/list", "prompts/list"])
async def test_a_server_that_is_only_watched_shows_its_own_bytes(mode: Mode, modern: bool, method: str) -> None:
    bench = Policed(mode, TEXT, worth={GRANT: grant("read")})
    member = method.partition("/")[0]
    data = page(bench, tools("drop", "secret"), member, cacheScope="public", ttlMs=9_999_999)
    client = await (bench.modern(method, {}) if modern else bench.send(body(1, method)))
    assert client.reply is not None
    assert client.reply.body == data


async def test_one_enforced_tool_is_hidden_and_no_other_list_is_touched() -> None:
    bench = Policed(text=TEXT, crm=server(Mode.AUDIT, tools=(rule("dr*", Mode.ENFORCE),)))
    page(bench, tools("drop", "unseen"))
    assert (await bench.send(body(1, "tools/list"))).json["result"]["tools"] == tools("unseen")
    data = page(bench, tools("secret"), "prompts", cacheScope="public", ttlMs=9_999_999)
    client = await bench.modern("prompts/list", {})
    assert client.reply is not None
    assert client.reply.body == data


async def test_an_enforcing_rule_hides_where_only_another_tool_is_enforced() -> None:
    text = TEXT.replace('@id("never-prompt")', '@id("never-prompt") @mode("enforce")')
    bench = Policed(text=text, crm=server(Mode.AUDIT, tools=(rule("x", Mode.ENFORCE),)))
    page(bench, tools("secret", "p"), "prompts", cacheScope="public", ttlMs=5)
    shown = (await bench.modern("prompts/list", {})).json["result"]
    assert shown == {"prompts": tools("p"), "cacheScope": "private", "ttlMs": 5}


@pytest.mark.parametrize(
    ("said", "left", "ttl"),
    [(10_000, 900.0, 10_000), (9_999_999, 900.0, 60_000), (50_000, 20.0, 20_000), (5, None, 5), (None, 900.0, 0)],
)
async def test_a_page_for_one_caller_is_private_and_does_not_outlive_the_grant(
    said: int | None, left: float | None, ttl: int
) -> None:
    bench = Policed(text=TEXT)
    expires = None if left is None else bench.clock.wall() + left
    bench.verifier.worth[GRANT] = grant(expires=expires)
    caching: dict[str, Any] = {} if said is None else {"cacheScope": "public", "ttlMs": said}
    page(bench, tools("read"), "tools", **caching)
    shown = (await bench.modern("tools/list", {})).json["result"]
    assert (shown["cacheScope"], shown["ttlMs"]) == ("private", ttl)
    assert shown["tools"] == tools("read")


@pytest.mark.parametrize("mode", list(Mode))
async def test_a_resumed_stream_does_not_show_what_the_list_hides(mode: Mode) -> None:
    bench = Policed(mode, TEXT)
    data = page(bench, tools("drop", "read"))
    bench.server.script = lambda _: bench.server.stream(event(data.replace(b"\n", b"")))
    client = await bench.send(verb="GET", session=bench.sealed(), last_event_id=b"3", version=LEGACY.encode())
    shown = json.loads(client.data[0])["result"]["tools"]
    assert shown == (tools("read") if mode.enforcing else tools("drop", "read"))


async def test_a_list_that_two_clients_could_read_differently_is_refused() -> None:
    bench = Policed(text=TEXT)
    page(bench, tools("read"), Tools=tools("drop"))
    client = await bench.send(body(1, "tools/list"))
    assert client.reason == "upstream.garbage"
    assert b"drop" not in (client.reply.body if client.reply else b"drop")


@pytest.mark.parametrize("mode", [*ENFORCING, *WATCHING])
@pytest.mark.parametrize("resumed", [False, True])
async def test_a_page_with_very_many_entries(mode: Mode, resumed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is judged where anything is enforced; the longest that fits response_bytes would take minutes."""
    monkeypatch.setattr(listing, "MOST_ENTRIES", 3)
    bench = Policed(mode, TEXT)
    for names, refused in (("abc", False), ("abcd", mode in ENFORCING)):
        data = page(bench, tools(*names))
        if resumed:
            bench.server.script = lambda _, data=data: bench.server.stream(event(json.dumps(json.loads(data)).encode()))
            client = await bench.send(verb="GET", session=bench.sealed(), last_event_id=b"7")
            answer = json.loads(client.data[0])
        else:
            answer = (await bench.send(body(1, "tools/list"))).json
        if refused:
            assert answer["error"]["data"]["reason"] == "upstream.too_large"
        else:
            assert answer["result"]["tools"] == tools(*names)


async def test_others_are_served_while_a_long_list_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Policed(Mode.ENFORCE, TEXT)
    page(bench, tools(*(f"t{n}" for n in range(100)), "drop"))
    log: list[str] = []
    visible = bench.pipeline.deciding.visible

    def judged(*given: Any) -> bool:
        bench.clock.now += 0.003
        log.append("judged")
        return visible(*given)

    async def others() -> None:
        while True:
            log.append("others")
            await asyncio.sleep(0)

    monkeypatch.setattr(type(bench.pipeline.deciding), "visible", lambda _, *given: judged(*given))
    served = asyncio.create_task(others())
    shown = (await bench.send(body(1, "tools/list"))).json["result"]["tools"]
    served.cancel()
    assert shown == tools(*(f"t{n}" for n in range(100)))
    first, last = log.index("judged"), len(log) - log[::-1].index("judged")
    assert log[first:last].count("others") > 90
