"""The order of what is asked, and which exceptions count. The whole way is in tests/functional/pipeline."""

from typing import Any

import pytest
from tests.functional.pipeline.bench import META, body, call, rule, server
from tests.functional.pipeline.policed import GRANT, Policed, grant

from doorward.core.decision import Act, Decision, Effect, Reason
from doorward.core.exchange import Exchange
from doorward.core.identity import Principal
from doorward.core.message import Message, Notification, Request, Response, read
from doorward.core.policy import Mode, Severity
from doorward.core.question import Observed, Question, Verdict
from doorward.gateway.call import Call
from doorward.gateway.deciding import UNANSWERED, Deciding
from doorward.gateway.tool_schemas import ToolSchemas
from doorward.stages.questions import Asked

DENY = Decision(Effect.DENY, Reason.POLICY_DENIED, rules=("no",))


class Fixed:
    """Policies that say one thing, and remember what they were asked."""

    digest = "fixed"

    def __init__(self, bounds: Verdict, judged: Verdict | None = None) -> None:
        self._bounds, self._judged = bounds, judged
        self.asked: list[str] = []
        self.arguments: list[Any] = []

    def bounds(self, question: Question) -> Verdict:
        self.asked.append("bounds")
        return self._bounds

    def judge(self, question: Question, arguments: Any) -> Verdict:
        self.asked.append("judge")
        self.arguments.append(arguments)
        assert self._judged is not None
        return self._judged


def message(data: bytes) -> Message:
    found = read(data)
    assert isinstance(found, Request | Notification | Response)
    return found


def prepared(
    policies: Fixed | None, data: bytes, mode: Mode = Mode.ENFORCE
) -> tuple[Deciding, Call, Exchange, Message]:
    bench = Policed(mode, None, policies=policies)
    call_ = bench.pipeline.begin(bench.inbound(data))
    call_.server, call_.grant = bench.snapshot.servers["crm"], grant()
    held = message(data)
    exchange = bench.pipeline.exchanges.open(call_, held)
    return Deciding(bench.live, ToolSchemas(), lambda: 1.0), call_, exchange, held


def verdict(decision: Decision, *, upper: bool, lower: bool, **more: Any) -> Verdict:
    return Verdict(decision, upper=upper, lower=lower, **more)


ALLOWED = verdict(Decision(Effect.ALLOW), upper=True, lower=True)


def test_arguments_are_not_looked_at_where_they_change_nothing() -> None:
    policies = Fixed(verdict(DENY, upper=False, lower=False))
    deciding, call_, exchange, held = prepared(policies, call(1))
    assert deciding.decide(call_, exchange, held) is DENY
    assert policies.asked == ["bounds"]
    assert (exchange.refused, exchange.reason) == (True, Reason.POLICY_DENIED)


@pytest.mark.parametrize(
    "bounds",
    [
        verdict(Decision(Effect.ALLOW), upper=True, lower=False),
        verdict(Decision(Effect.ALLOW), upper=True, lower=True, open=True),
    ],
)
def test_arguments_are_judged_where_they_may_matter(bounds: Verdict) -> None:
    policies = Fixed(bounds, verdict(DENY, upper=False, lower=False))
    deciding, call_, exchange, held = prepared(policies, call(1, arguments={"q": 1}))
    assert deciding.decide(call_, exchange, held) is DENY
    assert policies.arguments == [{"q": 1}]


@pytest.mark.parametrize(
    ("method", "read"),
    [("completion/complete", {"value": "b"}), ("prompts/get", {"q": "a"}), ("tools/call", {"q": "a"})],
)
def test_what_is_judged_is_what_the_server_reads(method: str, read: dict[str, str]) -> None:
    policies = Fixed(verdict(Decision(Effect.ALLOW), upper=True, lower=False), verdict(DENY, upper=False, lower=False))
    both = {"name": "find", "ref": {"type": "ref/prompt", "name": "find"}}
    both |= {"arguments": {"q": "a"}, "argument": {"value": "b"}}
    deciding, call_, exchange, held = prepared(policies, body(1, method, both))
    assert deciding.decide(call_, exchange, held) is DENY
    assert policies.arguments == [read]


def test_the_grant_is_asked_before_any_policy() -> None:
    policies = Fixed(ALLOWED)
    deciding, call_, exchange, held = prepared(policies, call(1))
    call_.grant = grant("read")
    refused = deciding.decide(call_, exchange, held)
    assert refused is not None
    assert refused.rules == ("grant",)
    assert policies.asked == []


def test_what_is_observed_decides_nothing_and_is_noted_once() -> None:
    seen = (Observed("tried", Mode.WARN, Severity.HIGH),)
    policies = Fixed(verdict(Decision(Effect.ALLOW), upper=True, lower=True, observed=seen, rules=("all",)))
    deciding, call_, exchange, held = prepared(policies, call(1))
    for _ in range(2):
        assert deciding.decide(call_, exchange, held) is None
    assert exchange.rules == ("all", "tried")
    assert (exchange.would_have, exchange.alert) == (Effect.DENY, True)


@pytest.mark.parametrize(
    ("reason", "rules"),
    [
        (Reason.POLICY_ERROR, ("no",)),
        (Reason.POLICY_UNREADABLE_ARGUMENT, ("no",)),
        (Reason.MESSAGE_AMBIGUOUS_NUMBER, ("no",)),
        (Reason.POLICY_DENIED, ("grant",)),
        (Reason.POLICY_DENIED, ("unknown-tool",)),
    ],
)
def test_only_what_a_policy_denies_can_be_waived(reason: Reason, rules: tuple[str, ...]) -> None:
    bench = Policed(Mode.SOFT, None)
    bench.share(*(bench.override(each) for each in rules))
    inner = bench.pipeline.deciding
    call_ = bench.pipeline.begin(bench.inbound(call(1)))
    call_.server, call_.grant = bench.snapshot.servers["crm"], grant()
    exchange = bench.pipeline.exchanges.open(call_, message(call(1)))
    decision = Decision(Effect.DENY, reason, rules=rules)
    assert inner._weighed(call_, exchange, decision, None) is Act.REFUSE
    bench.share(bench.override("no"))
    assert inner._weighed(call_, exchange, DENY, None) is Act.PASS
    assert exchange.override == "ovr-no"


@pytest.mark.parametrize(
    ("who", "spelt", "waived"),
    [
        (Principal("agent:x"), "agent:x", True),
        (Principal("bob", issuer="corp"), "corp|bob", True),
        (Principal("bob", issuer="corp"), "bob", False),
        (Principal("corp|bob"), "corp|bob", False),
        (Principal("corp|bob"), "|corp|bob", True),
    ],
)
def test_overrides_name_agents_as_cedar_does(who: Principal, spelt: str, waived: bool) -> None:
    bench = Policed(Mode.SOFT, None, worth={GRANT: grant(who=who)})
    bench.share(bench.override("no", agent=spelt))
    call_ = bench.pipeline.begin(bench.inbound(call(1)))
    call_.server, call_.grant = bench.snapshot.servers["crm"], grant(who=who)
    assert (bench.pipeline.deciding._override(call_, DENY, "find") is not None) == waived
    assert bench.pipeline.deciding._passes(call_, DENY, Mode.SOFT, "find") == waived
    assert not bench.pipeline.deciding._passes(call_, DENY, Mode.ENFORCE, "find")


@pytest.mark.parametrize(
    ("data", "refused"),
    [
        (body(None, "tools/call", {"name": "find"}), True),
        (body(None, "initialize"), True),
        (body(None, "notifications/initialized"), False),
        (body(None, "example.com/own"), False),
        (b'{"jsonrpc":"2.0","id":"s","result":{}}', False),
        (call(1, _meta=META), False),
    ],
)
def test_a_requests_method_needs_an_id(data: bytes, refused: bool) -> None:
    deciding, call_, exchange, held = prepared(None, data)
    assert (deciding.decide(call_, exchange, held) is UNANSWERED) == refused


def test_a_list_asks_the_grant_and_the_upper_bound_only() -> None:
    policies = Fixed(verdict(Decision(Effect.ALLOW), upper=True, lower=False))
    deciding, call_, _, _ = prepared(policies, body(1, "tools/list"))
    assert deciding.visible(call_, "find", Asked("tools/call", "Tool", "find"))
    assert policies.asked == ["bounds"]
    call_.grant = grant("read")
    assert not deciding.visible(call_, "find", Asked("tools/call", "Tool", "find"))


@pytest.mark.parametrize("own", list(Mode))
def test_a_list_follows_the_mode_of_the_tool(own: Mode) -> None:
    policies = Fixed(verdict(DENY, upper=False, lower=False))
    deciding, call_, _, _ = prepared(policies, body(1, "tools/list"), Mode.AUDIT)
    call_.server = server(Mode.AUDIT, tools=(rule("find", own),))
    assert deciding.visible(call_, "find", Asked("tools/call", "Tool", "find")) is not own.enforcing
    assert deciding.visible(call_, "read", Asked("tools/call", "Tool", "read"))
