"""A slice decides as all policies together do, the bounds enclose every decision, and nothing raised ever allows."""

import inspect
import json
import posixpath
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import unquote

import cedarpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorward.config import Agent
from doorward.control.policies.compile import CompiledPolicies, compile_policies
from doorward.control.policies.facts import compile_facts
from doorward.control.policies.files import PolicyFiles
from doorward.control.policies.schema import KnownTool, validation_schema
from doorward.core import facts as core_facts
from doorward.core import rules as core_rules
from doorward.core.decision import ALLOW
from doorward.core.facts import true_facts
from doorward.core.identity import ANONYMOUS, Grant, Principal
from doorward.core.question import Question
from doorward.core.rules import tool_action
from doorward.core.snapshot import Server, Target
from doorward.stages import arguments as stage_arguments
from doorward.stages import cedar, cedar_schema, entities, slices, verdicts
from doorward.stages.entities import context, named, parties

STEADY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=150)

SCHEMA = {
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "n": {"type": "integer"},
        "on": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "opts": {"type": "object", "properties": {"deep": {"type": "string"}}},
    },
}
TOOLS = [KnownTool(server, name, json.dumps(SCHEMA).encode()) for server in ("f", "g") for name in ("read", "write")]
SERVERS = {"f": Server("f", Target(), sensitivity="high"), "g": Server("g", Target(), sensitivity="low")}
FACTS = "in-data: {pointer: /path, under_path: /data}\nlong: {pointer: '/tags/*', longer_than: 3}\n"

PRINCIPAL_HEADS = [
    "principal",
    'principal == Doorward::Agent::"agent:a"',
    'principal == Doorward::User::"corp|bob"',
    'principal in Doorward::Group::"staff"',
    'principal in Doorward::Group::"corp|staff"',
    "principal is Doorward::Agent",
    'principal is Doorward::User in Doorward::Group::"corp|staff"',
]
ACTION_HEADS = [
    "action",
    'action == Doorward::Action::"tools/call"',
    'action in [Doorward::Action::"tools/call", Doorward::Action::"other"]',
    'action == Doorward::Action::"tools/call/f/read"',
    'action == Doorward::Action::"resources/read"',
]
RESOURCE_HEADS = [
    "resource",
    'resource == Doorward::Tool::"f/read"',
    'resource in Doorward::Server::"f"',
    "resource is Doorward::Tool",
    'resource is Doorward::Tool in Doorward::Server::"g"',
]
CONDITIONS = [
    "true",
    'resource.sensitivity == "high"',
    'principal in Doorward::Group::"staff"',
    'action in Doorward::Action::"tools/call"',
    'context.client_id == "c1"',
    'context has source_ip && context.source_ip.isInRange(ip("10.0.0.0/8"))',
    'context.chain.contains("agent:z")',
    'context.arguments has path && context.arguments.path like "*secret*"',
    "context.arguments has n && context.arguments.n > 5",
    "context.arguments has n && context.arguments.n * 4611686018427387904 > 0",  # overflows
    "context.arguments has on && context.arguments.on",
    'context.arguments has tags && context.arguments.tags.contains("x")',
    "context.arguments has opts.deep",
    'context.facts.contains("in-data")',
    'context.facts.containsAny(["in-data", "long"])',
    'Doorward::Tool::"f/write".read_only',  # an error unless it is asked for
    '(context.arguments has n && context.arguments.n < 0) || resource.sensitivity == "low"',
    'context.client_id == "c1" && context.facts.contains("long")',
]


@st.composite
def policies(draw: st.DrawFn) -> str:
    texts = []
    for number in range(draw(st.integers(1, 5))):
        effect = draw(st.sampled_from(["permit", "permit", "forbid"]))
        mode = draw(st.sampled_from(["", "", '@mode("warn")', '@mode("soft")'])) if effect == "forbid" else ""
        head = ", ".join(draw(st.sampled_from(heads)) for heads in (PRINCIPAL_HEADS, ACTION_HEADS, RESOURCE_HEADS))
        clauses = " ".join(
            f"{draw(st.sampled_from(['when', 'when', 'unless']))} {{ {condition} }}"
            for condition in draw(st.lists(st.sampled_from(CONDITIONS), max_size=2))
        )
        texts.append(f'@id("p{number}") {mode} {effect}({head}) {clauses};')
    return "\n".join(texts)


GRANTS = st.sampled_from(
    [
        Grant(Principal("agent:a", "c1", groups=("staff",)), {}),
        Grant(Principal("agent:b", "c2", act=("agent:z",)), {}),
        Grant(Principal("bob", "c1", "corp", groups=("staff",)), {}),
        Grant(ANONYMOUS, {}),
    ]
)
QUESTIONS = st.one_of(
    st.builds(
        Question,
        GRANTS,
        st.sampled_from(["f", "g"]),
        st.just("tools/call"),
        st.just("Tool"),
        st.sampled_from(["read", "write", "unseen"]),
        st.just(1_700_000_000.0),
        st.sampled_from(["10.1.2.3", "192.0.2.1", ""]),
    ),
    st.builds(Question, GRANTS, st.sampled_from(["f", "g"]), st.just("initialize")),
    st.builds(Question, GRANTS, st.just("f"), st.just("resources/read"), st.just("Resource"), st.just("file:///x")),
)
ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "path": st.sampled_from(["/data/x", "/data/../etc", "/data/secret", ""]),
        "n": st.integers(-8, 8),
        "on": st.booleans(),
        "tags": st.lists(st.sampled_from(["x", "yyyy", ""]), max_size=3),
        "opts": st.sampled_from([{}, {"deep": "x"}]),
    },
)


TESTS, _ = compile_facts(PolicyFiles({"facts.yaml": FACTS}))


def compiled(text: str, agents: tuple[Agent, ...] = ()) -> CompiledPolicies:
    return compile_policies(PolicyFiles({"a.cedar": text, "facts.yaml": FACTS}), agents, SERVERS, TOOLS)


FULL = cedarpy.Schema.from_json_str(
    validation_schema([(tool_action(tool.server, tool.name), tool.facts().shape) for tool in TOOLS])
)


def whole_set_allows(text: str, question: Question, arguments: dict[str, Any]) -> bool:
    """The oracle: Cedar itself on the text as written, heads and all, with everything in the context."""
    asked = parties(question, {(tool.server, tool.name): tool.facts() for tool in TOOLS})
    known = asked.shape.members
    facts = true_facts(TESTS, [None], arguments)
    given = {
        **context(question, frozenset({"subject", "chain", "time", "source_ip", "client_id"})),
        "arguments": {name: value for name, value in arguments.items() if name in known},
        "facts": list(facts),
    }
    # Written as ==, it means the tools below it as well (docs/policies.md).
    text = text.replace('action == Doorward::Action::"tools/call",', 'action in Doorward::Action::"tools/call",')
    deciding = "\n".join(line for line in text.splitlines() if '@mode("warn")' not in line)
    server = SERVERS[question.server]
    tool = question.name if question.kind == "Tool" else None
    held = entities.entities_json(asked, question, server.sensitivity_of(tool), server.sensitivity_of(None))
    request = {
        "principal": named(asked.principal),
        "action": named(asked.action),
        "resource": named(asked.resource),
        "context": given,
    }
    answer = cedarpy.is_authorized(request, deciding, cedarpy.Entities.from_json_str(held, FULL), FULL)
    return answer.decision is cedarpy.Decision.Allow and not answer.diagnostics.errors


@STEADY
@given(policies(), st.lists(st.tuples(QUESTIONS, ARGUMENTS), min_size=1, max_size=6))
def test_a_slice_decides_as_the_whole_set_and_the_bounds_enclose_it(
    text: str, calls: list[tuple[Question, dict[str, Any]]]
) -> None:
    policies = compiled(text)
    for question, arguments in calls:
        if question.action != "tools/call" or question.name == "unseen":
            arguments = {}
        bounds = policies.engine.bounds(question)
        judged = policies.engine.judge(question, arguments)
        allowed = whole_set_allows(text, question, arguments)
        assert (judged.decision is ALLOW) == allowed
        assert bounds.lower <= allowed <= bounds.upper
        assert (bounds.decision is ALLOW) == bounds.upper
        if bounds.settled:
            assert bounds.decision == judged.decision
            assert bounds.observed == judged.observed


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["deep", "__entity", "__extn", "type", "id"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@STEADY
@given(policies(), st.dictionaries(st.sampled_from(["path", "n", "on", "tags", "opts", "__extn"]), VALUES))
def test_whatever_the_arguments_are_the_bounds_enclose_the_decision(text: str, arguments: dict[str, Any]) -> None:
    question = Question(Grant(Principal("agent:a", "c1", groups=("staff",)), {}), "f", "tools/call", "Tool", "read")
    engine = compiled(text).engine
    bounds, judged = engine.bounds(question), engine.judge(question, arguments)
    assert bounds.lower <= (judged.decision is ALLOW) <= bounds.upper


# --- faults

PERMIT = """
@id("p1") permit(principal in Doorward::Group::"staff", action in Doorward::Action::"tools/call", resource)
when { context.arguments has opts && context.arguments.opts has deep && context.facts.contains("in-data") };
@id("p2") permit(principal, action == Doorward::Action::"tools/call/f/read", resource)
when { context.arguments has tags && context.arguments.tags.contains("x") && context.arguments has n };
@id("f1") forbid(principal, action, resource) when { context.client_id == "bad" || context.facts.contains("long") };
@id("f2") @mode("audit") forbid(principal, action, resource)
when { context has source_ip && context.time < datetime("2000-01-01") && context.subject == "x" };
"""
QUESTION = Question(
    Grant(Principal("agent:a", "c1", groups=("staff",)), {}), "f", "tools/call", "Tool", "read", 1_700_000_000.0, "::1"
)
GOOD = {"path": "/data/x", "opts": {"deep": "y"}, "tags": ["x"], "n": 1}
MODULES = (cedar, slices, entities, stage_arguments, cedar_schema, core_facts, core_rules, verdicts)


class Panic(BaseException):
    """As Cedar's own panics are: no ``Exception``."""


def _functions(module: ModuleType) -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """Every function and method that is defined in a module, and who holds it."""
    for name, value in list(vars(module).items()):
        if inspect.isfunction(value) and value.__module__ == module.__name__:
            yield module, name, value
        elif inspect.isclass(value) and value.__module__ == module.__name__:
            for method, function in list(vars(value).items()):
                if inspect.isfunction(function) and not method.startswith("__"):
                    yield value, method, function


OUTSIDE = {"bounds", "judge", "_guarded"}  # the door itself: there is nothing around it
SITES = [(holder, name) for module in MODULES for holder, name, _ in _functions(module) if name not in OUTSIDE]


def raising(fault: type[BaseException], calls: list[str], name: str) -> Callable[..., Any]:
    def broken(*_: Any, **__: Any) -> Any:
        calls.append(name)
        raise fault("injected")

    return broken


@pytest.mark.parametrize("fault", [ValueError, MemoryError, RecursionError, Panic])
def test_an_exception_in_any_function_of_the_evaluation_never_allows(
    fault: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compiled(PERMIT).engine.judge(QUESTION, GOOD).decision is ALLOW
    reached: list[str] = []
    for holder, name in SITES:
        engine = compiled(PERMIT).engine
        with monkeypatch.context() as patched:
            original = getattr(holder, name)
            broken = raising(fault, reached, name)
            patched.setattr(holder, name, broken)
            for module in MODULES:  # also where it was imported by name
                if inspect.ismodule(holder) and vars(module).get(name) is original:
                    patched.setattr(module, name, broken)
            before = len(reached)
            verdicts = [engine.judge(QUESTION, GOOD), engine.bounds(QUESTION)]
            if len(reached) > before:
                assert verdicts[0].decision is not ALLOW or verdicts[1].decision is not ALLOW, name
                assert all(
                    verdict.decision is ALLOW or verdict.decision.reason == "policy.error" for verdict in verdicts
                )
    assert len(set(reached)) > 25  # most of them are on the way of this one call


@pytest.mark.parametrize("fault", [ValueError, Panic])
@pytest.mark.parametrize("call", ["is_authorized", "PolicySet", "Schema", "Entities"])
def test_an_exception_in_cedar_never_allows(
    call: str, fault: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    broken = raising(fault, calls, call)
    fake = SimpleNamespace(**{name: getattr(cedarpy, name) for name in ("is_authorized", "PolicySet", "Decision")})
    fake.Schema, fake.Entities = cedarpy.Schema, cedarpy.Entities
    setattr(fake, call, broken if call == "is_authorized" else SimpleNamespace(from_json_str=broken))
    engine = compiled(PERMIT).engine
    for module in (cedar, slices):
        monkeypatch.setattr(module, "cedarpy", fake)
    for verdict in (engine.judge(QUESTION, GOOD), engine.bounds(QUESTION)):
        assert (verdict.decision.effect, verdict.decision.reason) == ("deny", "policy.error")
        assert not verdict.upper
    assert calls


# --- paths

STEPS = st.lists(st.sampled_from(["data", "etc", "..", ".", "", "x", "%2e%2e", "%2E.", "..%2f..", "a\\..\\..", "%5c"]))


@STEADY
@given(STEPS, st.booleans())
def test_a_path_below_the_root_is_below_it_for_every_reader(steps: list[str], rooted: bool) -> None:
    """What counts as below stays below whether a server decodes it or not, as far as the file system has the names."""
    path = ("/data/" if rooted else "data/") + "/".join(steps)
    under = core_facts.Fact("in-data", ("path",), under_path="/data")
    counted = bool(true_facts({"in-data": under}, [None], {"path": path}))
    reading = path
    for _ in range(4):
        reading = unquote(reading).replace("\\", "/")
    real = posixpath.normpath(reading)
    assert counted == (rooted and (real == "/data" or real.startswith("/data/")))
