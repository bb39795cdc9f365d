from pathlib import Path

import pytest
from tests.pipes import pipe

from doorward.config import Agent
from doorward.configtypes import InvalidConfiguration, Problem
from doorward.control.policies.compile import CompiledPolicies, compile_policies
from doorward.control.policies.files import PolicyFiles, read_files
from doorward.control.policies.schema import KnownTool
from doorward.control.policies.testing import Result, failures, read_cases, run
from doorward.core.snapshot import Server, Target

POLICY = """
@id("sales-reads")
permit (
  principal in Doorward::Group::"sales",
  action in Doorward::Action::"tools/call",
  resource in Doorward::Server::"crm"
);

@id("corp-reads")
permit (principal in Doorward::Group::"corp|staff", action == Doorward::Action::"resources/read", resource);

@id("chained")
permit (principal, action == Doorward::Action::"prompts/get", resource)
when { context.chain.contains("agent:top") && context.subject == "corp|alice" && context.client_id == "app" };

@id("no-big-limit")
forbid (principal, action == Doorward::Action::"tools/call/crm/list", resource)
when { context.arguments has limit && context.arguments.limit > 100 };

@id("strangers-list")
permit (principal is Doorward::Anonymous, action == Doorward::Action::"other", resource == Doorward::Server::"crm");
"""
LIST = KnownTool("crm", "list", b'{"properties":{"limit":{"type":"integer"}}}')
SERVERS = {name: Server(name, Target()) for name in ("crm", "files")}
AGENTS = (Agent(id="agent:ops", servers={"crm": ("export",)}),)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "crm.cedar").write_text(POLICY)
    return tmp_path


def compiled(directory: Path) -> CompiledPolicies:
    return compile_policies(read_files(directory), AGENTS, SERVERS, [LIST])


def results(directory: Path, text: str) -> list[Result]:
    (directory / "crm.test.yaml").write_text(text)
    found = compiled(directory)
    return run(found.engine, read_cases(found.files.tests, SERVERS, 0.0))


def problems(directory: Path, text: str) -> list[Problem]:
    (directory / "crm.test.yaml").write_text(text)
    with pytest.raises(InvalidConfiguration) as caught:
        read_cases([directory / "crm.test.yaml"], SERVERS, 0.0)
    return caught.value.problems


@pytest.mark.parametrize(
    ("call", "expect", "rule"),
    [
        ('{agent: "agent:a", groups: [sales], server: crm, tool: find}', "allow", "sales-reads"),
        ('{agent: "agent:a", server: crm, tool: find}', "deny", "default-deny"),
        ('{agent: "agent:ops", server: crm, tool: export}', "allow", "agents:agent:ops:crm"),
        ('{agent: "agent:ops", server: crm, tool: find}', "deny", "default-deny"),
        (
            '{agent: "agent:a", groups: [sales], server: crm, tool: list, arguments: {limit: 101}}',
            "deny",
            "no-big-limit",
        ),
        (
            '{agent: "agent:a", groups: [sales], server: crm, tool: list, arguments: {limit: 100}}',
            "allow",
            "sales-reads",
        ),
        (
            '{agent: "agent:a", groups: [sales], server: crm, tool: list, arguments: {limit: 1.5}}',
            "deny",
            "unreadable-argument",
        ),
        ('{user: "corp|u1", groups: [staff], server: crm, resource: "x:y"}', "allow", "corp-reads"),
        ('{user: "other|u1", groups: [staff], server: crm, resource: "x:y"}', "deny", "default-deny"),
        ('{user: "corp|u1", groups: [staff], server: crm, resource: "x:y", action: resources/subscribe}', "deny", None),
        (
            '{agent: "agent:a", server: crm, prompt: p, chain: ["agent:top"], subject: "corp|alice", client: app}',
            "allow",
            "chained",
        ),
        ('{agent: "agent:a", server: crm, prompt: p, chain: ["agent:top"], subject: "corp|alice"}', "deny", None),
        ("{anonymous: true, server: crm, action: other}", "allow", "strangers-list"),
        ("{anonymous: true, server: files, action: other}", "deny", "default-deny"),
        ('{agent: "agent:a", server: crm, action: other}', "allow", None),
        ('{agent: "agent:a", server: crm, action: sampling/createMessage}', "allow", None),
        ("{anonymous: true, server: crm, task: t1}", "deny", "default-deny"),
    ],
)
def test_a_case_says_what_is_decided_and_by_which_rule(
    directory: Path, call: str, expect: str, rule: str | None
) -> None:
    (result,) = results(directory, f"- call: {call}\n  expect: {expect}\n" + (f'  rule: "{rule}"\n' if rule else ""))
    assert result.passed, result
    other = "deny" if expect == "allow" else "allow"
    (wrong,) = results(directory, f"- call: {call}\n  expect: {other}\n")
    assert not wrong.passed


def test_the_right_decision_by_another_rule_fails(directory: Path) -> None:
    text = '- name: ours\n  call: {agent: "agent:a", server: crm, tool: find}\n  expect: deny\n  rule: no-big-limit\n'
    (result,) = results(directory, "\n" + text)
    assert not result.passed
    assert (result.name, result.line, Path(result.file).name) == ("ours", 2, "crm.test.yaml")
    problem = result.problem()
    assert problem.message == "the case 'ours' expects deny by no-big-limit; decided was deny by default-deny"
    assert (problem.file, problem.line) == (result.file, 2)


def test_a_reload_is_kept_from_what_fails(directory: Path) -> None:
    good = '- {call: {agent: "agent:a", server: crm, tool: find}, expect: deny}\n'
    bad = '- {call: {agent: "agent:a", server: crm, tool: find}, expect: allow}\n'
    (directory / "one.test.yaml").write_text(good + bad)
    (directory / "two.test.yaml").write_text(bad)
    found = compiled(directory)
    told = failures(found.engine, found.files.tests, SERVERS, 0.0)
    assert [(Path(problem.file).name, problem.line) for problem in told] == [("one.test.yaml", 2), ("two.test.yaml", 1)]
    (directory / "one.test.yaml").write_text(good)
    (directory / "two.test.yaml").write_text("")
    assert failures(found.engine, found.files.tests, SERVERS, 0.0) == []


def test_a_file_that_cannot_be_read_fails_the_reload_too(directory: Path) -> None:
    missing = directory / "gone.test.yaml"
    (told,) = failures(compiled(directory).engine, [missing], SERVERS, 0.0)
    assert "cannot be read" in told.message
    assert told.file == str(missing)
    missing.write_bytes(b"\xff")
    (told,) = failures(compiled(directory).engine, [missing], SERVERS, 0.0)
    assert "UTF-8" in told.message
    with pipe(directory / "pipe.test.yaml", b"[]") as path:
        (told,) = failures(compiled(directory).engine, [path], SERVERS, 0.0)
    assert "it is not a plain file" in told.message


@pytest.mark.parametrize(
    ("call", "what"),
    [
        ("{server: crm, tool: t}", "who calls"),
        ('{agent: "agent:a", user: "corp|u", server: crm, tool: t}', "who calls"),
        ("{anonymous: false, server: crm, tool: t}", "who calls"),
        ("{anonymous: true, groups: [g], server: crm, tool: t}", "anonymous"),
        ('{agent: "a", server: crm, tool: t}', "begins with agent:"),
        ('{agent: "agent:a", server: crm}', "what is called"),
        ('{agent: "agent:a", server: crm, tool: t, prompt: p}', "what is called"),
        ('{agent: "agent:a", server: crm, tool: t, action: tool/call}', "no action is"),
        ('{agent: "agent:a", server: cmr, tool: t}', "no server 'cmr'"),
        ('{agent: "agent:a", server: crm, tool: t, argument: {}}', "unknown key"),
        ('{agent: "agent:a", server: crm, tool: t, arguments: [1]}', "expected a mapping"),
        ('{agent: "agent:a", tool: t}', "'server' is missing"),
    ],
)
def test_what_is_wrong_with_a_case_has_its_place(directory: Path, call: str, what: str) -> None:
    found = problems(directory, f"# cases\n- call: {call}\n  expect: deny\n")
    assert any(what in problem.message for problem in found), found
    assert {(problem.file, problem.line) for problem in found} == {(str(directory / "crm.test.yaml"), 2)}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("call: {}\n", "expected a list"),
        ("- {call: {}, expect: maybe}\n", "one of allow, deny"),
        ("- {call: {server: [}\n", "not YAML"),
    ],
)
def test_what_is_no_list_of_cases(directory: Path, text: str, what: str) -> None:
    assert any(what in problem.message for problem in problems(directory, text))


def test_all_problems_of_all_files_are_told(directory: Path) -> None:
    tests = [directory / "a.test.yaml", directory / "b.test.yaml"]
    for path in tests:
        path.write_text("- {call: {server: gone, tool: t}, expect: deny}\n")
    with pytest.raises(InvalidConfiguration) as caught:
        read_cases(tests, SERVERS, 0.0)
    assert [Path(problem.file).name for problem in caught.value.problems] == ["a.test.yaml"] * 2 + ["b.test.yaml"] * 2


def test_without_a_file_there_is_no_case() -> None:
    assert read_cases(PolicyFiles().tests, SERVERS, 0.0) == []
