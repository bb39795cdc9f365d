"""What all workers share and what changes between two reloads: revocations and overrides.

``bootstrap`` reads it from the store in the background and swaps it whole (``gateway/live.py``); no call waits for it.
"""

import msgspec

from doorward.core.identity import Grant, Principal


class Override(msgspec.Struct, frozen=True):
    """A justified exception to one rule for one agent and one tool, until ``until`` (seconds since the epoch)."""

    id: str
    rule: str
    agent: str
    server: str
    tool: str
    until: float


class Revocations(msgspec.Struct, frozen=True):
    """What is no longer valid. ``external`` holds (issuer, "sub" | "jti" | "client", value)."""

    tokens: frozenset[str] = frozenset()
    grants: frozenset[str] = frozenset()
    external: frozenset[tuple[str, str, str]] = frozenset()

    def hit(self, grant: Grant) -> bool:
        """Whether a grant, one of its ancestors, its family, or the external identity behind it has been revoked."""
        if grant.token_id and (grant.token_id in self.tokens or not self.tokens.isdisjoint(grant.ancestors)):
            return True
        if grant.grant_id in self.grants:
            return True
        return bool(self.external) and self._external(grant)

    def _external(self, grant: Grant) -> bool:
        if grant.external is not None and (grant.external[0], "jti", grant.external[1]) in self.external:
            return True
        if not self.external.isdisjoint(grant.origins):
            return True
        who: Principal = grant.principal
        return (who.issuer, "sub", who.subject) in self.external or (who.issuer, "client", who.client) in self.external


NONE_REVOKED = Revocations()


class Shared(msgspec.Struct, frozen=True):
    """One reading of the store. ``epoch`` rises with every change."""

    epoch: int = 0
    revocations: Revocations = NONE_REVOKED
    overrides: tuple[Override, ...] = ()

    def overridden(self, rules: tuple[str, ...], agent: str, server: str, tool: str | None, now: float) -> str | None:
        """The id of the override that covers every one of ``rules`` for this agent and tool, or None."""
        if not self.overrides or not rules or tool is None:
            return None
        found = ""
        for rule in rules:
            match = next((o for o in self.overrides if _covers(o, rule, agent, server, tool, now)), None)
            if match is None:
                return None
            found = found or match.id
        return found


def _covers(override: Override, rule: str, agent: str, server: str, tool: str, now: float) -> bool:
    return (override.rule, override.agent, override.server, override.tool) == (rule, agent, server, tool) and (
        now < override.until
    )
