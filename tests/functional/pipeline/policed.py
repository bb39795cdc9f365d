"""The bench with real policies, tokens that somebody verifies, and what workers share. One agent calls: ``agent:a``."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs
from tests.functional.pipeline.bench import Bench, body, server

from doorward.control.policies.compile import CompiledPolicies, compile_policies
from doorward.control.policies.files import PolicyFiles
from doorward.control.policies.schema import KnownTool
from doorward.core.decision import Decision, Effect, Reason
from doorward.core.exchange import Inbound
from doorward.core.identity import Grant, Principal
from doorward.core.policy import Mode, Severity, names
from doorward.core.shared import Override, Revocations, Shared
from doorward.core.snapshot import Server
from doorward.gateway.catalogue import NoCatalogue
from doorward.gateway.leases import Leases
from doorward.gateway.tokens import TokenCache
from doorward.stages.cedar import CedarPolicies

GRANT, SECOND = b"a-grant-of-ours", b"a-second-grant"
AGENT = Principal("agent:a", client="agent:a")
SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}, "n": {"type": "integer"}}}
EVERYTHING = '@id("all") permit(principal, action, resource);'
INVALID = Decision(Effect.DENY, Reason.AUTH_INVALID, Severity.CRITICAL, what="unknown", remedy="another")


def grant(*tools: str, who: Principal = AGENT, **more: Any) -> Grant:
    """A token's worth: for ``crm``, and all its tools if none is named."""
    more.setdefault("audience", frozenset({"crm"}))
    more.setdefault("token_id", f"jti-{who.subject}")
    more.setdefault("grant_id", f"family-{who.subject}")
    return Grant(who, {"crm": names(tools or ("*",))}, **more)


_COMPILED: dict[tuple[str, ...], list[tuple[Server, CompiledPolicies]]] = {}


def compiled(text: str, crm: Server, *, facts: str = "", known: Sequence[str] = ()) -> CompiledPolicies:
    """What was compiled before is not compiled again, but the engine is a new one each time: it remembers answers."""
    before = _COMPILED.setdefault((text, facts, *known), [])
    found = next((made for server, made in before if server == crm), None)
    if found is None:
        found = _compiled(text, crm, facts, known)
        before.append((crm, found))
    return structs.replace(found, engine=CedarPolicies(found.engine._compiled))


def _compiled(text: str, crm: Server, facts: str, known: Sequence[str]) -> CompiledPolicies:
    files = {"a.cedar": text, **({"facts.yaml": facts} if facts else {})}
    tools = [KnownTool("crm", name, json.dumps(SCHEMA).encode()) for name in known]
    return compile_policies(PolicyFiles(files), (), {"crm": crm, "other": crm}, tools)


class Verifier:
    """Knows some tokens, and counts how often it was asked."""

    def __init__(self, worth: Mapping[bytes, Grant | Decision]) -> None:
        self.worth = dict(worth)
        self.asked = 0

    async def verify(self, token: bytes, now: float) -> Grant | Decision:
        self.asked += 1
        return self.worth.get(token, INVALID)


class Policed(Bench):
    """``policies`` None: no engine. ``worth``: what tokens are worth; ``GRANT`` is the one that ``send`` shows."""

    def __init__(
        self,
        mode: Mode = Mode.ENFORCE,
        text: str | None = EVERYTHING,
        *,
        crm: Server | None = None,
        facts: str = "",
        known: Sequence[str] = ("find", "read", "write", "drop"),
        worth: Mapping[bytes, Grant | Decision] | None = None,
        **settings: Any,
    ) -> None:
        crm = crm or server(mode)
        self.known = known
        self.verifier = Verifier(worth or {GRANT: grant(), SECOND: grant(who=Principal("agent:b", client="agent:b"))})
        self.catalogue = NoCatalogue()
        self.leases = Leases()
        self.tokens = TokenCache(self.verifier, lambda: 0)
        parts = {"tokens": self.tokens, "catalogue": self.catalogue, "leases": self.leases}
        if text is not None:
            settings.setdefault("policies", compiled(text, crm, facts=facts, known=known).engine)
        super().__init__(mode, crm=crm, parts=parts, **settings)

    def inbound(self, data: bytes = b"", **fields: Any) -> Inbound:
        fields.setdefault("token", GRANT)
        return super().inbound(data, **fields)

    def share(self, *overrides: Override, **revoked: Any) -> None:
        self.live.shared = Shared(self.live.shared.epoch + 1, Revocations(**revoked), overrides)

    def override(self, rule: str, agent: str = "agent:a", tool: str = "find", lasts: float = 60.0) -> Override:
        return Override(f"ovr-{rule}", rule, agent, "crm", tool, self.clock.wall() + lasts)

    def sealed(self, upstream_id: str = "upstream-1", version: str = "2025-11-25", who: str | None = None) -> bytes:
        return super().sealed(upstream_id, version, who or AGENT.key)

    async def listed(self, *tools: Any, method: str = "tools/list", **fields: Any) -> None:
        """The caller lists the tools once, so that their schemas are known. Puts the server's script back."""
        before = self.server.script
        page = json.dumps({"jsonrpc": "2.0", "id": 0, "result": {"tools": tools}}).encode()
        self.server.script = lambda _: self.server.json(page)
        await self.send(body(0, method), **fields)
        self.server.script = before
        self.server.seen.clear()
        self.records.clear()
