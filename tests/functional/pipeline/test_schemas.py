"""Arguments against ``inputSchema``, structured results against ``outputSchema``, as the server itself lists them."""

import json
import re
from typing import Any

import jsonschema
import pytest
from tests.functional.pipeline.bench import SECRET, Literal, actions, call, result, server
from tests.functional.pipeline.policed import SECOND, Policed

from doorward.core.policy import Mode, ToolRule, names

ENFORCING = [Mode.SOFT, Mode.ENFORCE]
WATCHING = [Mode.AUDIT, Mode.WARN]
WANTS = {"type": "object", "properties": {"q": {"type": "string", "maxLength": 8}}, "required": ["q"]}
TOOL = {"name": "find", "inputSchema": WANTS, "outputSchema": {"type": "object", "required": ["count"]}}
UNUSABLE = {
    "name": "find",
    "inputSchema": {"$ref": "https://x.example/a"},
    "outputSchema": {"$ref": "https://x.example"},
}


def strict(mode: Mode) -> Any:
    return server(mode, tools=(ToolRule("fi*", names(["fi*"]), strict=True),))


def answers(bench: Policed, value: Any) -> bytes:
    data = result(1, value)
    bench.server.script = lambda _: bench.server.json(data)
    return data


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("arguments", [{}, {"q": 1}, {"q": "much too long"}])
async def test_arguments_that_do_not_fit(mode: Mode, arguments: Any) -> None:
    bench = Policed(mode)
    await bench.listed(TOOL)
    client = await bench.send(call(1, arguments=arguments))
    if mode.enforcing:
        assert client.reason == "schema.arguments"
        assert not bench.server.seen
    else:
        assert client.json == json.loads(result(1))
        assert bench.records[-1].would_have == "deny"
    assert bench.records[-1].reason == "schema.arguments"
    assert (await bench.send(call(2, arguments={"q": "short"}))).json == json.loads(result(2))


@pytest.mark.parametrize("mode", list(Mode))
async def test_a_structured_result_that_does_not_fit(mode: Mode) -> None:
    bench = Policed(mode)
    await bench.listed(TOOL)
    data = answers(bench, {"content": [], "structuredContent": {"secret": 1}})
    client = await bench.send(call(1, arguments={"q": "a"}))
    assert client.reply is not None
    if mode.enforcing:
        assert client.reason == "schema.result"
        assert b"secret" not in client.reply.body
    else:
        assert client.reply.body == data
        assert bench.records[-1].would_have == "deny"
    fitting: list[dict[str, Any]] = [{"content": [], "structuredContent": {"count": 1}}, {"content": []}]
    for fine in fitting:
        answers(bench, fine)
        assert (await bench.send(call(1, arguments={"q": "a"}))).json["result"] == fine
    failed = {"content": [], "structuredContent": {}, "isError": True}
    answers(bench, failed)
    assert (await bench.send(call(1, arguments={"q": "a"}))).json["result"] == failed


@pytest.mark.parametrize("mode", list(Mode))
async def test_a_schema_that_cannot_be_used_stops_strict_tools_alone(mode: Mode) -> None:
    bench = Policed(mode)
    await bench.listed(UNUSABLE)
    data = answers(bench, {"content": [], "structuredContent": {}})
    client = await bench.send(call(1))
    assert client.reply is not None
    assert client.reply.body == data
    assert [record.uninspected for record in bench.records] == [1, 2]  # the arguments, then the result as well
    bench = Policed(mode, crm=strict(mode))
    await bench.listed(UNUSABLE)
    data = answers(bench, {"content": [], "structuredContent": {}})
    client = await bench.send(call(1))
    assert client.reply is not None
    assert bool(bench.server.seen) is not mode.enforcing
    if mode.enforcing:
        assert client.reason == "schema.arguments"
    else:
        assert client.reply.body == data
        assert {record.would_have for record in bench.records} == {"deny"}


@pytest.mark.parametrize("mode", ENFORCING)
async def test_a_result_that_cannot_be_checked_stops_strict_tools(mode: Mode) -> None:
    bench = Policed(mode, crm=strict(mode))
    await bench.listed({**UNUSABLE, "inputSchema": {}})
    answers(bench, {"content": [], "structuredContent": {}})
    assert (await bench.send(call(1))).reason == "schema.result"
    assert bench.server.seen


async def test_what_redaction_makes_of_the_arguments_is_checked() -> None:
    """``<US_SSN>`` does not fit, so something of the same shape is sent."""
    bench = Policed(scanner=Literal(US_SSN=SECRET), actions=actions("redact"))
    schema = {"type": "object", "properties": {"q": {"type": "string", "pattern": "^[0-9-]+$"}}}
    await bench.listed({"name": "find", "inputSchema": schema})
    assert (await bench.send(call(1, arguments={"q": "1-2"}))).json == json.loads(result(1))
    bench.server.seen.clear()
    await bench.send(call(1, arguments={"q": SECRET}))
    sent = json.loads(bench.server.seen[0].body)["params"]["arguments"]["q"]
    assert sent != SECRET
    assert re.fullmatch("[0-9-]+", sent)


async def test_what_no_redaction_fits_is_refused() -> None:
    bench = Policed(scanner=Literal(US_SSN=SECRET), actions=actions("redact"))
    await bench.listed(
        {"name": "find", "inputSchema": {"type": "object", "properties": {"q": {"enum": [SECRET, "x"]}}}}
    )
    assert (await bench.send(call(1, arguments={"q": SECRET}))).reason == "pii.unredactable"
    assert not bench.server.seen


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "pattern": r"^\d{3}-\d{2}-\d{4}$"}, SECRET),
        ({"type": "string", "maxLength": 11}, SECRET),
        ({"type": "string", "minLength": 11}, SECRET),
    ],
)
async def test_a_redacted_result_is_still_what_its_schema_says(schema: Any, value: Any) -> None:
    """A placeholder where that fits, else something of the same shape; and the same in the text beside it."""
    bench = Policed(scanner=Literal(US_SSN=SECRET), actions=actions("redact"))
    output = {"type": "object", "properties": {"ssn": schema}, "required": ["ssn"], "additionalProperties": False}
    await bench.listed({"name": "find", "inputSchema": {}, "outputSchema": output})
    held = {"ssn": value}
    answers(bench, {"content": [{"type": "text", "text": json.dumps(held)}], "structuredContent": held})
    got = (await bench.send(call(1))).json["result"]
    assert SECRET not in json.dumps(got)
    jsonschema.validate(got["structuredContent"], output)
    assert json.loads(got["content"][0]["text"]) == got["structuredContent"]


async def test_a_result_that_cannot_be_redacted_and_fit_is_refused() -> None:
    bench = Policed(scanner=Literal(US_SSN=SECRET), actions=actions("redact"))
    output = {"type": "object", "properties": {"ssn": {"const": SECRET}}}
    await bench.listed({"name": "find", "inputSchema": {}, "outputSchema": output})
    answers(bench, {"content": [], "structuredContent": {"ssn": SECRET}})
    got = await bench.send(call(1))
    assert got.reason == "pii.unredactable"
    assert SECRET not in json.dumps(got.json)


@pytest.mark.parametrize("mode", list(Mode))
async def test_one_callers_list_never_loosens_what_another_saw(mode: Mode) -> None:
    bench = Policed(mode)
    await bench.listed(TOOL)
    await bench.listed({"name": "find", "inputSchema": {}}, token=SECOND)
    await bench.send(call(1))
    assert bench.records[-1].reason == "schema.arguments"
    await bench.send(call(1), token=SECOND)
    assert bench.records[-1].reason == ""


@pytest.mark.parametrize("mode", list(Mode))
async def test_a_hidden_tool_teaches_its_schema_all_the_same(mode: Mode) -> None:
    """The list is learnt from as the server said it, and then cut: what is hidden may still be called by mistake."""
    text = '@id("all") permit(principal, action, resource) unless { resource.name == "drop" };'
    bench = Policed(mode, text)
    await bench.listed(TOOL, {**TOOL, "name": "drop"})
    checks = bench.catalogue.schemas.checks("crm", "\0agent:a\0agent:a", "drop")
    assert checks is not None
