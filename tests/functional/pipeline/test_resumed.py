"""Answers that come on a resumed stream: nobody gets more by asking again than by waiting."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from tests.functional.pipeline.bench import SECRET, Bench, Client, Literal, actions, body, call, event, result, server
from tests.functional.pipeline.policed import Policed

from doorward.core.looking import Action, LookRule
from doorward.core.policy import Mode, names
from doorward.gateway import resumed

PLACE = ("US_SSN", "results")
STRICTER = LookRule(names(["wipe"]), {PLACE: Action("block")})
LAXER = LookRule(names(["read"]), {PLACE: Action("detect")})
TELLS = {"content": [{"type": "text", "text": SECRET}]}


def looking(*rules: LookRule, effect: str = "redact") -> Bench:
    crm = server(Mode.ENFORCE, looks=rules)
    return Bench(crm=crm, scanner=Literal(US_SSN=SECRET), actions=actions(effect))


async def cut_off(bench: Bench, *sent: bytes) -> None:
    """Calls whose streams end before their answers, but not before the client could come back for them."""
    bench.server.script = lambda _: bench.server.stream(b"id: 7\ndata: \n\n")
    for one in sent:
        await bench.send(one, session=bench.sealed())


async def resumes(bench: Bench, *answers: bytes, **fields: Any) -> Sequence[Any]:
    bench.server.script = lambda _: bench.server.stream(*(event(one, b"id: 8") for one in answers))
    client: Client = await bench.send(verb="GET", session=bench.sealed(), last_event_id=b"7", **fields)
    return [json.loads(data) for data in client.data]


async def test_an_answer_of_an_unknown_tool_is_looked_at_as_the_strictest_one_is() -> None:
    bench = looking(STRICTER, LAXER, effect="detect")
    (told,) = await resumes(bench, result(41, TELLS))
    assert told["error"]["data"]["reason"] == "pii.blocked"
    assert told["id"] == 41


async def test_no_tool_makes_an_unknown_answer_laxer() -> None:
    (told,) = await resumes(looking(LAXER), result(41, TELLS))
    assert told["result"]["content"][0]["text"] == "<US_SSN>"


async def test_an_answer_of_a_known_tool_is_looked_at_as_it_would_have_been() -> None:
    bench = looking(STRICTER, LAXER)
    await cut_off(bench, call(1, "wipe"), call(2, "read"), call(3, "find"))
    wiped, read, found = await resumes(bench, *(result(number, TELLS) for number in (1, 2, 3)))
    assert wiped["error"]["data"]["reason"] == "pii.blocked"
    assert read["result"] == TELLS
    assert found["result"]["content"][0]["text"] == "<US_SSN>"
    noted = [r for r in bench.records if r.reason == "stream.resumed"]
    assert [(r.tool_name, r.method) for r in noted] == [(n, "tools/call") for n in ("wipe", "read", "find")]
    assert [(r.tool_name, r.method) for r in bench.records if r.kind == "stream"] == [(None, "GET")] * 2


async def test_what_is_remembered_is_of_one_session() -> None:
    bench = looking(STRICTER, LAXER)
    await cut_off(bench, call(1, "read"))
    bench.server.script = lambda _: bench.server.stream(event(result(1, TELLS), b"id: 8"))
    client = await bench.send(verb="GET", session=bench.sealed("upstream-2"), last_event_id=b"7")
    assert json.loads(client.data[0])["error"]["data"]["reason"] == "pii.blocked"


@pytest.mark.parametrize("mode", [Mode.ENFORCE, Mode.AUDIT])
async def test_its_schema_holds_too(mode: Mode) -> None:
    bench = Policed(mode)
    await bench.listed({"name": "find", "inputSchema": {}, "outputSchema": {"type": "object", "required": ["count"]}})
    await cut_off(bench, call(1), call(2))
    bad = result(1, {"content": [], "structuredContent": {"hidden": 1}})
    good = result(2, {"content": [], "structuredContent": {"count": 1}})
    first, second = await resumes(bench, bad, good)
    assert second == json.loads(good)
    if mode is Mode.ENFORCE:
        assert first["error"]["data"]["reason"] == "schema.result"
    else:
        assert first == json.loads(bad)
        assert "deny" in [r.would_have for r in bench.records]


async def test_an_answer_that_cannot_be_redacted_to_fit_is_refused() -> None:
    shape = {"type": "object", "properties": {"ssn": {"const": SECRET}}}
    bench = Policed(Mode.ENFORCE, scanner=Literal(US_SSN=SECRET), actions=actions("redact"))
    await bench.listed({"name": "find", "inputSchema": {}, "outputSchema": shape})
    await cut_off(bench, call(1))
    (told,) = await resumes(bench, result(1, {"content": [], "structuredContent": {"ssn": SECRET}}))
    assert told["error"]["data"]["reason"] == "pii.unredactable"


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resumed, "_MOST", 2)
    bench = looking(STRICTER, LAXER)
    await cut_off(bench, call(1, "read"), call("x" * 300, "read"), call(2, "read"), call(3, "read"))
    assert len(bench.pipeline.returning._unexpected._resumed._names) == 2
    told = await resumes(bench, *(result(ident, TELLS) for ident in (1, "x" * 300, 2, 3)))
    assert ["error" in one for one in told] == [True, True, False, False]


async def test_a_request_of_another_kind_is_no_tools() -> None:
    bench = looking(STRICTER, LAXER)
    await cut_off(bench, body(1, "resources/read", {"uri": "a:b"}))
    (told,) = await resumes(bench, result(1, {"contents": [{"uri": "a:b", "text": SECRET}]}))
    assert told["error"]["data"]["reason"] == "pii.blocked"
