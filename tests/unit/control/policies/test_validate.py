from doorward.control.policies.files import PolicyFiles
from doorward.control.policies.parse import parse_files
from doorward.control.policies.schema import KnownTool
from doorward.control.policies.validate import Validator
from doorward.core.rules import ToolFacts


def examined(text: str, *tools: KnownTool) -> Validator:
    parsed, problems, _ = parse_files(PolicyFiles({"a.cedar": text}))
    assert problems == []
    known: dict[tuple[str, str], ToolFacts] = {(tool.server, tool.name): tool.facts() for tool in tools}
    validator = Validator(known, ["f", "g"], ["fact"])
    for each in parsed:
        validator.examine(each)
    return validator


STRING = KnownTool("f", "text", b'{"properties": {"x": {"type": "string"}}}')
LONG = KnownTool("g", "count", b'{"properties": {"x": {"type": "integer"}}}')
ABOUT_X = '{ context.arguments has x && context.arguments.x == "a" }'


def test_a_policy_is_checked_for_every_tool_that_it_can_be_about() -> None:
    anywhere = examined(f'@id("a") permit(principal, action, resource) when {ABOUT_X};', STRING, LONG)
    assert len(anywhere.problems) == 1
    on_f = f'@id("a") permit(principal, action, resource in Doorward::Server::"f") when {ABOUT_X};'
    assert examined(on_f, STRING, LONG).problems == []
    by_action = f'@id("a") permit(principal, action == Doorward::Action::"tools/call/f/text", resource) when {ABOUT_X};'
    assert examined(by_action, STRING, LONG).problems == []


def test_of_many_tools_alike_one_is_enough_but_those_named_are_there() -> None:
    many = [KnownTool("f", f"t{number}", STRING.input_schema) for number in range(50)]
    named = '@id("a") permit(principal, action == Doorward::Action::"tools/call/f/t49", resource);'
    general = '@id("b") permit(principal, action, resource) when { action == Doorward::Action::"tools/call/f/t48" };'
    found = examined(named + general, *many)
    assert (found.problems, found.notices, len(found.rules), found.blocked) == ([], [], 2, set())


def test_remedies_say_what_to_write() -> None:
    [optional] = examined(
        '@id("a") permit(principal, action == Doorward::Action::"tools/call/f/text", resource)'
        ' when { context.arguments.x == "a" };',
        STRING,
    ).problems
    assert "context.arguments has" in optional.remedy
    [bare] = examined('@id("a") permit(principal in Group::"x", action, resource);').problems
    assert "in full" in bare.remedy
