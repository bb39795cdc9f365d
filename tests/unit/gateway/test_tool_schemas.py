import json
from typing import Any

import pytest

from doorward.core.message import Response, read
from doorward.gateway import tool_schemas as module
from doorward.gateway.tool_schemas import Checks, ToolSchema, ToolSchemas, tools_of
from doorward.stages.schema import Schema, Unusable

NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}}
TEXT = {"type": "object", "properties": {"n": {"type": "string"}}}


def tool(name: Any = "find", schema: Any = NUMBER, **more: Any) -> dict[str, Any]:
    return {"name": name, "inputSchema": schema, **more}


def page(*tools: Any) -> Response:
    found = read(json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"tools": tools}}).encode())
    assert isinstance(found, Response)
    return found


def accepts(checks: Checks | None, value: Any) -> bool:
    assert checks is not None
    schema = checks.arguments()
    assert isinstance(schema, Schema)
    return schema.failure({"n": value}) is None


def test_a_tool_is_kept_in_the_servers_own_bytes() -> None:
    raw = b'{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"\\u00e9","inputSchema":{ "type" : "object" },' + (
        b'"outputSchema":{"a":1.50},"annotations":{"readOnlyHint":true}},{"name":"b","outputSchema":null}]}}'
    )
    found = read(raw)
    assert isinstance(found, Response)
    assert list(tools_of(found)) == [
        ToolSchema("é", b'{ "type" : "object" }', b'{"a":1.50}', b'{"readOnlyHint":true}'),
        ToolSchema("b"),
    ]


@pytest.mark.parametrize("entry", ["find", None, 3, [], {}, {"name": 3, "inputSchema": {}}])
def test_what_is_no_tool_costs_the_page_nothing(entry: Any) -> None:
    assert [found.name for found in tools_of(page(entry, tool("b")))] == ["b"]


@pytest.mark.parametrize("body", [{"result": {}}, {"result": {"tools": {}}}, {"result": 3}, {"error": {"code": 1}}])
def test_what_is_no_page_teaches_nothing(body: Any) -> None:
    found = read(json.dumps({"jsonrpc": "2.0", "id": 1, **body}).encode())
    assert isinstance(found, Response)
    schemas = ToolSchemas()
    schemas.learn("crm", "a", found)
    assert schemas.checks("crm", "a", "find") is None


def test_a_tool_is_compiled_once_for_all_who_were_shown_the_same() -> None:
    schemas = ToolSchemas()
    schemas.learn("crm", "a", page(tool(outputSchema=TEXT)))
    schemas.learn("crm", "b", page(tool(outputSchema=TEXT)))
    first = schemas.checks("crm", "a", "find")
    assert first is not None
    assert first is schemas.checks("crm", "b", "find")
    assert first.arguments() is first.arguments()
    assert isinstance(first.results(), Schema)


def test_what_is_not_said_is_not_checked_and_what_cannot_be_used_is_told() -> None:
    schemas = ToolSchemas()
    schemas.learn("crm", "a", page({"name": "none"}, tool("bad", {"pattern": "("})))
    none, bad = schemas.checks("crm", "a", "none"), schemas.checks("crm", "a", "bad")
    assert none is not None
    assert none.arguments() is None
    assert none.results() is None
    assert bad is not None
    assert isinstance(bad.arguments(), Unusable)
    assert schemas.checks("crm", "a", None) is None
    assert schemas.checks("crm", "a", "unknown") is None
    assert schemas.checks("other", "a", "find") is None


def test_one_callers_list_never_replaces_what_another_is_checked_by() -> None:
    schemas = ToolSchemas()
    schemas.learn("crm", "a", page(tool(schema=NUMBER)))
    schemas.learn("crm", "b", page(tool(schema={})))
    assert not accepts(schemas.checks("crm", "a", "find"), "x")
    assert accepts(schemas.checks("crm", "b", "find"), "x")
    assert not accepts(schemas.checks("crm", "c", "find"), "x")  # has listed nothing: the first word stands


def test_a_callers_own_later_list_replaces_their_earlier_one_by_name() -> None:
    schemas = ToolSchemas()
    schemas.learn("crm", "a", page(tool(schema=NUMBER), tool("other")))
    schemas.learn("crm", "a", page(tool(schema=TEXT)))
    assert accepts(schemas.checks("crm", "a", "find"), "x")
    assert schemas.checks("crm", "a", "other") is not None


def test_what_is_stored_holds_for_all_who_have_listed_nothing() -> None:
    changes: list[str] = []
    schemas = ToolSchemas(lambda server, tool: changes.append(tool.name))
    stored = ToolSchema("find", json.dumps(NUMBER).encode())
    schemas.seed("crm", [stored])
    assert not accepts(schemas.checks("crm", "a", "find"), "x")
    schemas.learn("crm", "b", page(tool(schema={})))
    assert not accepts(schemas.checks("crm", "a", "find"), "x")
    schemas.seed("crm", [ToolSchema("find", json.dumps(TEXT).encode())])
    assert accepts(schemas.checks("crm", "a", "find"), "x")
    assert changes == ["find"]


def test_each_new_word_about_a_tool_is_told_once() -> None:
    changes: list[tuple[str, ToolSchema]] = []
    schemas = ToolSchemas(lambda server, tool: changes.append((server, tool)))
    schemas.seed("crm", [ToolSchema("stored", json.dumps(NUMBER).encode())])
    for owner in ("a", "b"):
        schemas.learn("crm", owner, page(tool("stored"), tool("find")))
    schemas.learn("crm", "a", page(tool("find", annotations={"readOnlyHint": True})))
    assert [(server, found.name, found.annotations) for server, found in changes] == [
        ("crm", "find", b""),
        ("crm", "find", b'{"readOnlyHint": true}'),
    ]


def test_the_caller_who_was_longest_away_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CALLERS", 2)
    schemas = ToolSchemas()
    for owner in ("first", "a", "b"):
        schemas.learn("crm", owner, page(tool(schema={"title": owner})))
        schemas.checks("crm", "first", "find")
    assert titles(schemas, "first", "a", "b") == ["first", "first", "b"]  # "a" falls back on the first word


def titles(schemas: ToolSchemas, *owners: str) -> list[str]:
    found = [schemas.checks("crm", owner, "find") for owner in owners]
    return [json.loads(checks.tool.input)["title"] if checks else "" for checks in found]


def test_bytes_are_bounded_for_each_server_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 3000)
    schemas = ToolSchemas()
    schemas.learn("crm", "a", page(tool(schema={"title": "kept"})))
    for owner in "bcdefgh":
        schemas.learn("files", owner, page(tool(schema={"title": owner * 900})))
    assert titles(schemas, "a") == ["kept"]
    held = schemas._servers["files"]
    assert held._bytes <= 3000
    assert held._bytes == sum(checks.tool.size for checks in held._held.values())
    assert schemas.checks("files", "h", "find") is not None


def test_one_page_that_is_too_large_is_kept_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 3000)
    schemas = ToolSchemas()
    schemas.learn("crm", "a", page(*(tool(f"t{number}", {"title": "x" * 900}) for number in range(9))))
    assert schemas.checks("crm", "a", "t0") is not None
    assert schemas.checks("crm", "a", "t8") is None
    assert schemas._servers["crm"]._bytes <= 3000


def test_a_list_that_is_too_large_costs_its_caller_no_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 1500)
    schemas = ToolSchemas()
    schemas.learn("crm", "a", page(tool("find", {})))
    schemas.learn("crm", "b", page(tool("find", NUMBER), *(tool(f"t{n}", {"title": str(n) * 400}) for n in range(5))))
    assert not accepts(schemas.checks("crm", "b", "find"), "x")


def test_no_more_tools_than_the_bound_and_known_ones_still_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TOOLS", 2)
    schemas = ToolSchemas()
    schemas.learn("crm", "a", page(tool("t0"), tool("t1"), tool("t2"), tool("t0", TEXT)))
    assert schemas.checks("crm", "a", "t2") is None
    assert accepts(schemas.checks("crm", "a", "t0"), "x")


def test_a_tool_without_a_place_is_no_news(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who hears of news keeps it, and writes it down: a server that makes up names must not fill that."""
    monkeypatch.setattr(module, "MAX_TOOLS", 3)
    news: list[str] = []
    schemas = ToolSchemas(lambda server, tool: news.append(f"{server}/{tool.name}"))
    for number, owner in enumerate("abcdef"):
        schemas.learn("crm", owner, page(tool("same"), *(tool(f"{number}-{n}", {"title": str(n)}) for n in range(9))))
    schemas.learn("files", "a", page(tool("other")))
    assert news == ["crm/same", "crm/0-0", "crm/0-1", "files/other"]
    schemas.learn("crm", "f", page(tool("same", TEXT)))
    assert news[4:] == ["crm/same"]  # what has one may still change


def test_of_an_endless_page_the_beginning_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ENTRIES", 5)
    assert [found.name for found in module.tools_of(page(*(tool(f"t{n}") for n in range(9))))] == [
        f"t{n}" for n in range(5)
    ]
