"""Justified exceptions: in soft alone, for exactly one agent, tool and rule, and never for what no policy decides."""

import json
from typing import Any

import pytest
from tests.functional.pipeline.bench import Bench, Literal, body, call, result, server
from tests.functional.pipeline.policed import GRANT, SECOND, Policed, grant

from doorward.core.identity import Principal
from doorward.core.looking import ARGUMENTS, RESULTS, Action
from doorward.core.policy import Mode, Severity, ToolRule, names
from doorward.core.shared import Override, Shared
from doorward.core.snapshot import Limits

FORBID = """
@id("all") permit(principal, action, resource);
@id("no") forbid(principal, action in Doorward::Action::"tools/call", resource in Doorward::Server::"crm");
"""
LARGE = """
@id("all") permit(principal, action, resource);
@id("no") forbid(principal, action, resource == Doorward::Tool::"crm/find")
  when { context.arguments has n && context.arguments.n > 5 };
"""


async def test_it_waives_one_rule_in_soft_and_is_recorded() -> None:
    bench = Policed(Mode.SOFT, FORBID)
    assert (await bench.send(call(1))).reason == "policy.denied"
    bench.share(bench.override("no"))
    assert (await bench.send(call(2))).json == json.loads(result(2))
    for record in bench.records[-2:]:
        assert (record.override, record.would_have, record.decision) == ("ovr-no", "deny", "allow")
    bench.clock.now += 61
    assert (await bench.send(call(3))).reason == "policy.denied"
    assert bench.records[-1].override is None


@pytest.mark.parametrize("mode", [Mode.ENFORCE, Mode.AUDIT])
async def test_it_matters_in_no_other_mode(mode: Mode) -> None:
    bench = Policed(mode, FORBID)
    bench.share(bench.override("no"))
    client = await bench.send(call(1))
    assert bench.records[-1].override is None
    assert bool(bench.server.seen) is not mode.enforcing
    assert client.reply is not None


async def test_nothing_but_the_named_agent_tool_rule_and_server_is_waived() -> None:
    bench = Policed(Mode.SOFT, FORBID)
    exact = bench.override("no")
    for other in (
        bench.override("no", agent="agent:b"),
        bench.override("no", tool="read"),
        bench.override("no", tool="fin*"),
        bench.override("*"),
        bench.override("all"),
        Override("x", "no", "agent:a", "other", "find", exact.until),
    ):
        bench.share(other)
        assert (await bench.send(call(1))).reason == "policy.denied", other
    bench.share(exact)
    assert (await bench.send(call(1), token=SECOND)).reason == "policy.denied"
    assert (await bench.send(call(1, "read"))).reason == "policy.denied"
    assert not bench.server.seen


async def test_every_rule_that_refuses_needs_its_own() -> None:
    bench = Policed(Mode.SOFT, FORBID.replace("permit(principal", 'permit(principal == Doorward::Agent::"agent:z"'))
    bench.share(bench.override("no"))
    assert (await bench.send(call(1))).reason == "policy.denied"
    bench.share(bench.override("no"), bench.override("default-deny"))
    assert (await bench.send(call(2))).json == json.loads(result(2))


async def test_the_same_subject_of_another_issuer_shares_none() -> None:
    worth = {
        GRANT: grant(who=Principal("bob", issuer="corp")),
        SECOND: grant(who=Principal("bob", issuer="else")),
        b"third": grant(who=Principal("bob")),
        b"fourth": grant(who=Principal("corp|bob")),
    }
    bench = Policed(Mode.SOFT, FORBID, worth=worth)
    bench.share(bench.override("no", agent="corp|bob"))
    assert (await bench.send(call(1))).json == json.loads(result(1))
    for token in (SECOND, b"third", b"fourth"):
        assert (await bench.send(call(1), token=token)).reason == "policy.denied"
    bench.share(bench.override("no", agent="bob"))
    assert (await bench.send(call(1))).reason == "policy.denied"
    assert (await bench.send(call(1), token=b"third")).json == json.loads(result(1))


async def test_a_list_shows_what_it_waives() -> None:
    bench = Policed(Mode.SOFT, FORBID)
    page = result(1, {"tools": [{"name": "find"}, {"name": "read"}]})
    bench.server.script = lambda _: bench.server.json(page)
    assert (await bench.send(body(1, "tools/list"))).json["result"]["tools"] == []
    bench.share(bench.override("no"))
    assert (await bench.send(body(1, "tools/list"))).json["result"]["tools"] == [{"name": "find"}]
    assert (await bench.send(body(1, "tools/list"), token=SECOND)).json["result"]["tools"] == []


async def test_a_fixed_credential_may_get_past_its_list_and_a_token_never_past_its_own() -> None:
    agents = Policed(Mode.SOFT, None, worth={GRANT: grant("read", audience=None), SECOND: grant("read")})
    agents.share(agents.override("default-deny"), agents.override("grant"))
    assert (await agents.send(call(1))).json == json.loads(result(1))
    assert (await agents.send(call(1), token=SECOND)).reason == "policy.denied"
    assert agents.records[-1].rules == ("grant",)


async def test_authentication_limits_schemas_tasks_and_message_law_are_never_waived() -> None:
    rules = ["auth", "audience", "limits", "calls_per_minute", "input-schema", "task-owner", "one-reading"]
    rules += ["header-law", "server-requests", "policy-error", "unreadable-argument", "unknown-tool", "grant"]
    strict = ToolRule("find", names(["find"]), strict=True)
    bench = Policed(Mode.SOFT, crm=server(Mode.SOFT, tools=(strict,)), limits=Limits(calls_per_minute=5))
    await bench.listed({"name": "find", "inputSchema": {"type": "object", "required": ["q"]}})
    bench.catalogue.tasks.remember("crm", "theirs", "somebody else")
    who = [bench.override(each, agent) for each in rules for agent in ("agent:a", "anonymous")]
    bench.share(*who)
    assert (await bench.send(call(1))).reason == "schema.arguments"
    assert (await bench.send(body(1, "tasks/get", {"taskId": "theirs"}))).reason == "policy.task"
    twice = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"find","name":"find"}}'
    assert (await bench.send(twice)).reason == "message.duplicate_key"
    assert (await bench.send(call(1), token=None)).reason == "auth.required"
    assert (await bench.send(call(1), token=b"made up")).reason == "auth.invalid"
    for _ in range(5):
        last = await bench.send(call(1, "read"))
    assert last.reason == "limit.rate"
    assert all(b'"find"' not in sent.body for sent in bench.server.seen)


async def test_nobody_in_particular_gets_no_exception() -> None:
    bench = Bench(crm=server(Mode.SOFT, anonymous=True))
    until = bench.clock.wall() + 60
    waives = tuple(Override(rule, rule, "anonymous", "crm", "find", until) for rule in ("auth", "default-deny"))
    bench.live.shared = Shared(1, overrides=waives)
    assert (await bench.send(call(1), token=None)).reason == "auth.required"
    assert not bench.server.seen


async def test_an_unreadable_argument_is_not_waived_by_the_rule_that_could_not_read_it() -> None:
    bench = Policed(Mode.SOFT, LARGE)
    bench.share(bench.override("no"), bench.override("unreadable-argument"), bench.override("policy-error"))
    assert (await bench.send(call(1, arguments={"n": 9}))).json == json.loads(result(1))
    assert (await bench.send(call(1, arguments={"n": 1.5}))).reason == "policy.unreadable_argument"
    assert len(bench.server.seen) == 1


@pytest.mark.parametrize("direction", [ARGUMENTS, RESULTS])
async def test_what_is_found_is_waived_by_its_entity(direction: str) -> None:
    blocked = {(name, direction): Action("block", Severity.CRITICAL) for name in ("US_SSN", "PERSON")}
    bench = Policed(Mode.SOFT, scanner=Literal(US_SSN="123-45-6789", PERSON="Ines"), actions=blocked)

    async def sent(text: str) -> Any:
        answer = result(1, {"content": [{"type": "text", "text": text}]})
        bench.server.script = lambda _: bench.server.json(answer if direction == RESULTS else result(1))
        client = await bench.send(call(1, arguments={"q": text if direction == ARGUMENTS else ""}))
        return client.json["result"].get("_meta", {}).get("io.doorward/decision", {}).get("reason")

    assert await sent("ssn 123-45-6789") == "pii.blocked"
    bench.share(bench.override("US_SSN"))
    assert await sent("ssn 123-45-6789") is None
    assert (bench.records[-1].override, bench.records[-1].would_have) == ("ovr-US_SSN", "deny")
    assert await sent("ssn 123-45-6789 of Ines") == "pii.blocked"  # all rules that refuse must be waived
    bench.share(bench.override("US_SSN", tool="read"), bench.override("US_SSN", agent="agent:b"))
    assert await sent("ssn 123-45-6789") == "pii.blocked"


@pytest.mark.parametrize("rule", ["SECRET", "held-credential"])
async def test_no_override_lets_a_credential_of_ours_pass(rule: str) -> None:
    """It was found as a SECRET, which may well be waived where a detector found another one."""
    bench = Policed(Mode.SOFT, held=Held())
    bench.share(bench.override("SECRET"), bench.override(rule))
    assert (await bench.send(call(1, arguments={"q": KEY}))).reason == "pii.blocked"
    assert not bench.server.seen
    assert bench.records[-1].rules[:2] == ("SECRET", "held-credential")
    bench.server.script = lambda _: bench.server.json(result(1, {"content": [], "requestState": KEY}))
    client = await bench.send(call(1))
    assert client.reply is not None
    assert KEY.encode() not in client.reply.body


KEY = "held-by-the-gateway-alone"


class Held:
    def in_bytes(self, raw: bytes) -> bool:
        return KEY.encode() in raw

    def find(self, string: str) -> list[tuple[int, int]]:
        at = string.find(KEY)
        return [(at, at + len(KEY))] if at >= 0 else []
