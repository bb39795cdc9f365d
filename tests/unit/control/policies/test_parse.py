import pytest

from doorward.control.policies.files import PolicyFiles
from doorward.control.policies.parse import Parsed, parse_files
from doorward.core.policy import Mode, Severity
from doorward.core.rules import Scope, Uid

HEAD = "(principal, action, resource)"


def parsed(text: str) -> Parsed:
    rules, problems, _ = parse_files(PolicyFiles({"a.cedar": text}, "policies"))
    assert problems == []
    [only] = rules
    return only


def problem(text: str) -> str:
    rules, problems, _ = parse_files(PolicyFiles({"a.cedar": text}, "policies"))
    assert rules == []
    [only] = problems
    assert only.remedy
    return str(only)


def test_annotations_have_defaults() -> None:
    rule = parsed(f'@id("a") forbid{HEAD};').rule
    assert (rule.severity, rule.mode, rule.message) == (Severity.HIGH, None, "")


def test_annotations_are_read() -> None:
    rule = parsed(f'\n@id("a") @severity("low") @mode("warn") @message("why") forbid{HEAD};').rule
    assert (rule.severity, rule.mode, rule.message) == (Severity.LOW, Mode.WARN, "why")
    assert (rule.file, rule.line, rule.effect) == ("policies/a.cedar", 2, "forbid")
    assert rule.observed
    assert not parsed(f'@id("a") @mode("soft") forbid{HEAD};').rule.observed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"permit{HEAD};", "has no @id"),
        (f'@id("") permit{HEAD};', "has no @id"),
        (f"@id permit{HEAD};", "has no @id"),
        (f'@id("a*") permit{HEAD};', "not a name"),
        (f'@id("a\\nb") permit{HEAD};', "not a name"),
        (f'@id("default-deny") permit{HEAD};', "gateway's own"),
        (f'@id("unknown-tool") permit{HEAD};', "gateway's own"),
        (f'@id("agents:x") permit{HEAD};', "gateway's own"),
        (f'@id("a") @note("x") permit{HEAD};', "@note is not known"),
        (f'@id("a") @severity("bad") permit{HEAD};', "@severity"),
        (f'@id("a") @severity permit{HEAD};', "@severity"),
        (f'@id("a") @mode("warn") permit{HEAD};', "@mode is for forbid only"),
        (f'@id("a") @mode("off") forbid{HEAD};', "@mode is not one"),
        (f'@id("a") @message("{"x" * 501}") forbid{HEAD};', "@message"),
        ('@id("a") permit(principal == ?principal, action, resource);', "template"),
        ('@id("a") permit(principal, action', "does not end"),
        ('@id("a") permit(principal, action, resource) when { "open };', "not closed"),
        ('@id("a") permit(principal, nonsense);', "not Cedar"),
        (f'@id("a") @id("b") permit{HEAD};', "not Cedar"),
        (";", "not"),
        (
            '@id("a") forbid(principal, action, resource) when { [Doorward::Action::"tools/call"].contains(action) };',
            "group",
        ),
    ],
)
def test_what_cannot_be_used_is_named_with_file_and_line(text: str, words: str) -> None:
    said = problem("// first\n" + text)
    assert said.startswith("policies/a.cedar:2: ")
    assert words in said
    if '@id("a")' in text:
        assert '@id("a")' in said


def test_an_id_is_unique_over_all_files() -> None:
    files = PolicyFiles({"a.cedar": f'@id("x") permit{HEAD};', "b.cedar": f'\n@id("x") forbid{HEAD};'}, "policies")
    rules, problems, _ = parse_files(files)
    assert [rule.rule.file for rule in rules] == ["policies/a.cedar"]
    assert str(problems[0]).startswith('policies/b.cedar:2: policies: @id("x"): the id is used twice')
    assert "policies/a.cedar:1" in str(problems[0])


def test_one_bad_policy_does_not_hide_the_next() -> None:
    files = PolicyFiles({"a.cedar": f'@id("x") permit(;\n@id("y") permit{HEAD};\npermit{HEAD};'})
    rules, problems, _ = parse_files(files)
    assert [rule.rule.id for rule in rules] == ["y"]
    assert [found.line for found in problems] == [1, 3]


def test_heads_become_scopes() -> None:
    rule = parsed(
        '@id("a") permit(principal is Doorward::User in Doorward::Group::"g",'
        ' action in [Doorward::Action::"other", Doorward::Action::"tasks"], resource == Doorward::Tool::"f/x");'
    ).rule
    assert rule.principal == Scope(kind="User", within=frozenset({Uid("Group", "g")}))
    assert rule.action == Scope(within=frozenset({Uid("Action", "other"), Uid("Action", "tasks")}))
    assert rule.resource == Scope(equals=Uid("Tool", "f/x"))


def test_the_group_of_all_calls_is_never_compared_alone() -> None:
    """``== tools/call`` would silently miss every tool with a known schema."""
    rule = parsed('@id("a") forbid(principal, action == Doorward::Action::"tools/call", resource);').rule
    assert rule.action == Scope(within=frozenset({Uid("Action", "tools/call")}))
    inside = parsed(f'@id("a") forbid{HEAD} when {{ action == Doorward::Action::"tools/call" }};')
    assert '"in"' in inside.rule.whole
    assert '"=="' not in inside.rule.whole
    unequal = parsed(f'@id("a") permit{HEAD} unless {{ Doorward::Action::"tools/call" != action }};')
    assert '"!"' in unequal.rule.whole


def test_check_warns_of_a_prefix_over_an_argument() -> None:
    def notices(pattern: str) -> list[str]:
        condition = f'context.arguments has path && context.arguments.path like "{pattern}"'
        files = PolicyFiles({"a.cedar": f'@id("a") permit{HEAD} when {{ {condition} }};'})
        return [notice.message for notice in parse_files(files)[2]]

    assert "/data/../etc" in notices("/data/*")[0]
    assert notices("*.txt") == []
    assert notices("/data/x") == []


@pytest.mark.parametrize(
    ("head", "condition", "warned"),
    [
        ("(principal, action, resource)", 'resource.name like "file:///data/*"', True),
        ("(principal, action, resource is Doorward::Resource)", 'resource.name like "file:///data/*"', True),
        ('(principal, action == Doorward::Action::"resources/read", resource)', 'resource.name like "/a*"', True),
        ('(principal, action == Doorward::Action::"tools/call", resource)', 'resource.name like "a/*"', False),
        ("(principal, action, resource is Doorward::Tool)", 'resource.name like "a/*"', False),
        ("(principal, action, resource)", 'resource.name like "get_*"', False),
        ("(principal, action, resource)", 'resource.name like "*/x"', False),
        ("(principal, action, resource)", 'resource.name like "a/*" && !(resource.name like "*..*")', True),
        (
            "(principal, action, resource)",
            'resource.name like "a/*" && !(resource.name like "*..*") && !(resource.name like "*%*")',
            False,
        ),
    ],
)
def test_check_warns_of_a_prefix_over_a_uri(head: str, condition: str, warned: bool) -> None:
    files = PolicyFiles({"a.cedar": f'@id("a") permit{head} when {{ {condition} }};'})
    found = [notice.message for notice in parse_files(files)[2]]
    assert [bool("/data/../etc" in message) for message in found] == [True] * warned
