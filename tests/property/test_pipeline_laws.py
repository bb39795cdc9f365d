"""No delegation and no redaction lets a call through that the policy denies for who calls in the end with what is sent
in the end; and a child of a grant never outlives it, holds more, or survives its revocation.
"""

import asyncio
import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.functional.pipeline.bench import SECRET, Literal, actions, call, rule, server
from tests.functional.pipeline.policed import GRANT, Policed

from doorward.control.jose.claims import OAuthRefusal
from doorward.control.tokens.grants import claims, narrow, to_grant
from doorward.control.tokens.rights import Asked, Rights
from doorward.core.policy import Mode, names

STEADY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=150)

URL = "https://mcp.example.com/mcp/crm"
URLS, IDS = {"crm": URL}, {URL: "crm"}
AGENTS = ["agent:a", "agent:b", "agent:c"]
TOOLS = ["find", "find-<US_SSN>", f"find-{SECRET}", "read", "drop"]
PATHS = ["/a", "/b", f"/{SECRET}", "/<US_SSN>"]
LISTS = [("*",), ("find*",), ("find", "read"), ("read",), ("drop", "find-<US_SSN>", f"find-{SECRET}")]


class Rule(msgspec.Struct, frozen=True):
    """A policy of the little world here, which Cedar and the oracle below both understand."""

    effect: str
    agent: str | None
    tool: str | None
    path: str | None

    def text(self, number: int) -> str:
        who = f'principal == Doorward::Agent::"{self.agent}"' if self.agent else "principal"
        what = f'resource == Doorward::Tool::"crm/{self.tool}"' if self.tool else "resource"
        condition = f'context.arguments has path && context.arguments.path == "{self.path}"'
        when = f"when {{ {condition} }}" if self.path else ""
        action = 'action in Doorward::Action::"tools/call"'
        return f'@id("p{number}") {self.effect}({who}, {action}, {what}) {when};'

    def matches(self, agent: str, tool: str, path: str) -> bool:
        return self.agent in (None, agent) and self.tool in (None, tool) and self.path in (None, path)


def permits(rules: list[Rule], agent: str, tool: str, path: str) -> bool:
    effects = {each.effect for each in rules if each.matches(agent, tool, path)}
    return effects == {"permit"}


RULES = st.lists(
    st.builds(
        Rule,
        st.sampled_from(["permit", "permit", "forbid"]),
        st.sampled_from([None, None, *AGENTS]),
        st.sampled_from([None, None, *TOOLS]),
        st.sampled_from([None, None, *PATHS]),
    ),
    min_size=1,
    max_size=5,
)
HELD = st.fixed_dictionaries({agent: st.sampled_from(LISTS) for agent in AGENTS})
STEP = st.tuples(
    st.sampled_from(AGENTS),
    st.sampled_from([None, ("find",), ("read",), ("find*",), ("drop", "read"), ("find-<US_SSN>",)]),
    st.sampled_from([900.0, 120.0, 30.0]),
    st.sampled_from([0.0, 20.0, 100.0]),
)
REVOKED = st.sampled_from(["", "", "root", "parent", "own", "family", "sub", "somebody"])

Family = list[dict[str, Any]]


def family(held: Mapping[str, tuple[str, ...]], steps: list[tuple[Any, ...]], now: float) -> tuple[Family, float]:
    """A first grant and what was handed on from it; the time at its end, in seconds since the epoch."""
    first = claims(
        issuer="https://mcp.example.com", subject="agent:a", client_id="agent:a",
        rights=Rights((URL,), {"crm": held["agent:a"]}), token_id="t0", grant_id="g", now=now, lifetime=900.0,
    )  # fmt: skip
    made = [first]
    for number, (agent, tools, lifetime, pause) in enumerate(steps, 1):
        now += pause
        scopes = None if tools is None else tuple(("crm", tool) for tool in tools)
        try:
            made.append(
                narrow(
                    made[-1],
                    Asked(None, scopes),
                    client_id=agent,
                    held={"crm": held[agent]},
                    urls=URLS,
                    token_id=f"t{number}",
                    now=now,
                    lifetime=lifetime,
                )
            )
        except OAuthRefusal:
            continue
    return made, now


def revocations(what: str, made: Family) -> dict[str, Any]:
    tokens = {"root": "t0", "parent": made[-2]["jti"] if len(made) > 1 else "t0", "own": made[-1]["jti"]}
    if what in tokens:
        return {"tokens": frozenset({tokens[what]})}
    if what == "family":
        return {"grants": frozenset({"g"})}
    if what == "sub":
        return {"external": frozenset({("", "sub", "agent:a")})}
    return {"tokens": frozenset({"t99"})} if what else {}


def holders(held: Mapping[str, tuple[str, ...]], made: Family) -> list[tuple[str, ...]]:
    """The lists of everybody in the chain, and what each grant in it says: a tool must be in all of them."""
    return [held[each["client_id"]] for each in made] + [each["servers"]["crm"] for each in made]


def redacted(text: str) -> str:
    return text.replace(SECRET, "<US_SSN>")


@STEADY
@given(
    RULES, HELD, st.lists(STEP, max_size=5), REVOKED, st.sampled_from(TOOLS), st.sampled_from(PATHS),
    st.sampled_from([Mode.SOFT, Mode.ENFORCE]), st.booleans(), st.sampled_from([0.0, 10.0, 60.0, 500.0]),
)  # fmt: skip
def test_nothing_lets_through_what_is_denied_in_the_end(
    rules: list[Rule],
    held: dict[str, tuple[str, ...]],
    steps: list[tuple[Any, ...]],
    what: str,
    tool: str,
    path: str,
    mode: Mode,
    cached: bool,
    later: float,
) -> None:
    text = "\n".join(each.text(number) for number, each in enumerate(rules))
    bench = Policed(mode, text, known=TOOLS, scanner=Literal(US_SSN=SECRET), actions=actions("redact"))
    made, now = family(held, steps, bench.clock.wall())
    bench.clock.now += now - bench.clock.wall()
    last = to_grant(made[-1], IDS)
    bench.verifier.worth = {GRANT: last}

    async def play() -> None:
        if cached:
            await bench.send(call(0, tool, {"path": path}))
        bench.clock.now += later
        bench.share(**revocations(what, made))
        bench.server.seen.clear()
        await bench.send(call(1, tool, {"path": path}))

    asyncio.run(play())
    final_tool, final_path, caller = redacted(tool), redacted(path), made[-1]["client_id"]
    allowed = (
        all(bench.clock.wall() < each["exp"] for each in made)
        and what in ("", "somebody")
        and all(name in names(each) for each in holders(held, made) for name in (tool, final_tool))
        and permits(rules, caller, tool, path)
        and permits(rules, caller, final_tool, final_path)
    )
    assert [sent.body for sent in bench.server.seen] == ([call(1, final_tool, {"path": final_path})] if allowed else [])
    outcomes = [r for r in bench.records if r.phase == "outcome"]
    assert all(r.policy_digest == "digest" for r in bench.records)
    assert outcomes[-1].decision == ("deny" if not allowed else "redact" if SECRET in tool + path else "allow")


@STEADY
@given(HELD, st.lists(STEP, min_size=1, max_size=6), st.sampled_from(TOOLS))
def test_a_child_never_outlives_or_widens_its_parent(
    held: dict[str, tuple[str, ...]], steps: list[tuple[Any, ...]], tool: str
) -> None:
    made, _ = family(held, steps, 1_800_000_000.0)
    for parent, child in pairwise(made):
        older, newer = to_grant(parent, IDS), to_grant(child, IDS)
        assert newer.expires is not None
        assert older.expires is not None
        assert newer.expires <= older.expires
        assert newer.grant_id == older.grant_id
        assert newer.audience is not None
        assert older.audience is not None
        assert newer.audience <= older.audience
        assert tool not in newer.servers.get("crm", names(())) or tool in older.servers["crm"]
        assert older.token_id in newer.ancestors
        assert newer.principal.subject == child["client_id"]


@STEADY
@given(st.sampled_from([Mode.AUDIT, Mode.WARN]), st.sampled_from(TOOLS), RULES)
def test_a_tool_whose_name_is_redacted_is_judged_in_the_stricter_mode(
    watching: Mode, tool: str, rules: list[Rule]
) -> None:
    """The name that arrives may be another tool's, with a mode of its own."""
    crm = server(watching, tools=(rule(f"find-{SECRET}", Mode.SOFT), rule("find-<US_SSN>", Mode.ENFORCE)))
    text = "\n".join(each.text(number) for number, each in enumerate(rules))
    bench = Policed(text=text, crm=crm, known=TOOLS, scanner=Literal(US_SSN=SECRET), actions=actions("redact"))
    asyncio.run(_sent(bench, call(1, tool, {"path": "/a"})))
    if tool == f"find-{SECRET}":
        allowed = permits(rules, "agent:a", tool, "/a") and permits(rules, "agent:a", redacted(tool), "/a")
        seen = [json.loads(sent.body)["params"]["name"] for sent in bench.server.seen]
        assert seen == (["find-<US_SSN>"] if allowed else [])
        assert bench.records[-1].mode == "enforce" or not permits(rules, "agent:a", tool, "/a")


async def _sent(bench: Policed, data: bytes) -> None:
    await bench.send(data)
