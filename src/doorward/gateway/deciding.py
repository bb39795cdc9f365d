"""Whether one exchange may go on: grant > policies without arguments > policies with arguments > schema.

Pure but for what it is given: no await, no store. Every decision is seen through its mode; the first that refuses ends
it, and where the mode refuses nothing all are noted for the record.
"""

from collections.abc import Callable, Sequence
from typing import Any

from doorward.core.decision import ALLOW, Act, Decision, Effect, Reason, under
from doorward.core.exchange import Exchange
from doorward.core.message import Message, Notification, Request
from doorward.core.methods import METHODS
from doorward.core.policy import Mode, Severity
from doorward.core.question import Policies, Question, Verdict
from doorward.core.rules import UNKNOWN_TOOL
from doorward.gateway.call import Call, weigh
from doorward.gateway.live import Live
from doorward.gateway.tool_schemas import ToolSchemas
from doorward.stages.asks import ACTIONS
from doorward.stages.asks import decide as may_ask
from doorward.stages.authorize import authorize
from doorward.stages.entities import principal_of
from doorward.stages.inspect import HELD_RULE
from doorward.stages.questions import Asked, asked, is_named_by_no_text
from doorward.stages.schema import Schema, Unusable
from doorward.stages.validate import refuse_unchecked, validate_arguments

_NEVER_WAIVED = frozenset({"grant", UNKNOWN_TOOL, HELD_RULE})
UNANSWERED = Decision(
    Effect.DENY,
    Reason.MESSAGE_INVALID_ENVELOPE,
    Severity.HIGH,
    rules=("one-reading",),
    what="this method is a request, and the message has no id",
    remedy="send it with an id",
)
UNNAMED = Decision(
    Effect.DENY,
    Reason.MESSAGE_INVALID_PARAMS,
    Severity.HIGH,
    rules=("one-reading",),
    what="what this request is about is named by something that is no text",
    remedy="send names, URIs and ids of tasks as strings",
)
_WAIVABLE = frozenset({Reason.POLICY_DENIED, Reason.PII_BLOCKED})
Wall = Callable[[], float]


class Deciding:
    """Asks the stages that need no waiting. One for a worker."""

    __slots__ = ("_live", "_schemas", "_wall")

    def __init__(self, live: Live, schemas: ToolSchemas, wall: Wall) -> None:
        self._live = live
        self._schemas = schemas
        self._wall = wall

    def decide(self, call: Call, exchange: Exchange, message: Message | None) -> Decision | None:
        """The first decision that refuses, or None. ``message`` is the exchange's, or what redaction made of it."""
        unclear = _unclear(message)
        if unclear is not None:
            # Its name was not looked at, so it may be that of the one tool of the server that is enforced.
            mode = Mode.ENFORCE if call.server.strict_reading else None
            if self._weighed(call, exchange, unclear, mode) is Act.REFUSE:
                return unclear
        method = message.method if isinstance(message, Request) else exchange.method
        name = exchange.name
        decision = authorize(call.grant, call.server, method, name)
        if decision is not ALLOW and self._weighed(call, exchange, decision, None) is Act.REFUSE:
            return decision
        policies = call.snapshot.policies
        refused = self._by_policy(call, exchange, message, policies) if policies is not None else None
        if refused is not None:
            return refused
        return self._by_schema(call, exchange, message)

    # -- policies

    def _by_policy(
        self, call: Call, exchange: Exchange, message: Message | None, policies: Policies
    ) -> Decision | None:
        for one in asked(message):
            question = self._question(call, one)
            verdict = policies.bounds(question)
            if not verdict.settled:
                verdict = policies.judge(question, _arguments(message))
            refused = self._applied(call, exchange, one, verdict)
            if refused is not None:
                return refused
        return None

    def questions(self, call: Call, exchange: Exchange, kinds: Sequence[str]) -> Decision | None:
        """The first decision against what the server asks of the client, or is answered: by what is configured for the
        server, or by a policy that forbids it to this caller. ``kinds`` as ``stages/asks.py`` finds them.
        """
        decision = may_ask(kinds, call.server.server_requests, call.server.id)
        if decision is not ALLOW and self._weighed(call, exchange, decision, None) is Act.REFUSE:
            return decision
        policies = call.snapshot.policies
        actions = (ACTIONS[kind] for kind in dict.fromkeys(kinds) if kind in ACTIONS) if policies is not None else ()
        for one in map(Asked, actions):
            assert policies is not None
            refused = self._applied(call, exchange, one, policies.bounds(self._question(call, one)))
            if refused is not None:
                return refused
        return None

    def _question(self, call: Call, one: Asked) -> Question:
        return Question(
            grant=call.grant,
            server=call.server.id,
            action=one.action,
            kind=one.kind,
            name=one.name,
            now=self._wall(),
            source_ip=call.inbound.client_ip,
        )

    def _applied(self, call: Call, exchange: Exchange, one: Asked, verdict: Verdict) -> Decision | None:
        verdict = verdict.granted(one.action)
        rules = verdict.rules
        if exchange.rules or verdict.observed:  # once each: one message may ask twice, and again when it is redacted
            rules = tuple(dict.fromkeys((*exchange.rules, *rules, *(seen.rule for seen in verdict.observed))))
        exchange.rules = rules
        if verdict.facts:
            exchange.facts = tuple(sorted({*exchange.facts, *verdict.facts}))
        for seen in verdict.observed:
            exchange.would_have = Effect.DENY
            exchange.alert = exchange.alert or seen.mode is Mode.WARN
        decision = verdict.decision
        if decision.effect is Effect.ALLOW:
            return None
        mode = verdict.mode_over(exchange.mode)
        return decision if self._weighed(call, exchange, decision, mode) is Act.REFUSE else None

    def _weighed(self, call: Call, exchange: Exchange, decision: Decision, mode: Mode | None) -> Act:
        held = mode or exchange.mode
        override = self._override(call, decision, exchange.name) if held is Mode.SOFT else None
        exchange.override = override or exchange.override
        return weigh(exchange, decision, mode=mode, overridden=override is not None)

    def _override(self, call: Call, decision: Decision, tool: str | None) -> str | None:
        """The id of the justified exception to this decision. Only what a policy, or the lack of one, denies can have
        one here: never who calls, what a token was made for, or what nobody could judge (docs/rollout.md).
        """
        shared = self._live.shared
        if not shared.overrides or decision.reason not in _WAIVABLE:
            return None
        if not _NEVER_WAIVED.isdisjoint(decision.rules):
            return None
        agent = principal_of(call.grant.principal)[0].id  # with its issuer: the same `sub` elsewhere is somebody else
        return shared.overridden(decision.rules, agent, call.server.id, tool, self._wall())

    def waives(self, call: Call, exchange: Exchange, decision: Decision) -> bool:
        """Whether there is an exception to what was found in a message. Mode ``soft`` alone knows any."""
        if exchange.mode is not Mode.SOFT or decision.effect is Effect.ALLOW:
            return False
        override = self._override(call, decision, exchange.name)
        exchange.override = override or exchange.override
        return override is not None

    def refine(self, call: Call, exchange: Exchange) -> None:
        """The policies have got to know tools meanwhile: the rest of this call is judged, and recorded, by those."""
        current = self._live.snapshot
        if current.version == call.snapshot.version and current is not call.snapshot:
            call.snapshot = current
            exchange.policy_digest, exchange.entry = current.policy_digest, None

    # -- what the caller may see in a list

    def visible(self, call: Call, name: str, one: Asked) -> bool:
        """Whether an entry of a list is shown: a call of it could pass, in its mode or that of the rule against it."""
        tool = name if one.kind == "Tool" else None
        mode = call.server.mode_of(tool)
        decision = authorize(call.grant, call.server, one.action, tool)
        if decision is not ALLOW and not self._passes(call, decision, mode, tool):
            return False
        policies = call.snapshot.policies
        if policies is None:
            return True
        verdict = policies.bounds(self._question(call, one))
        return verdict.upper or self._passes(call, verdict.decision, verdict.mode_over(mode), tool)

    def _passes(self, call: Call, decision: Decision, mode: Mode, tool: str | None) -> bool:
        override = self._override(call, decision, tool) if mode is Mode.SOFT else None
        return under(mode, decision, overridden=override is not None).act is not Act.REFUSE

    # -- schemas

    def _by_schema(self, call: Call, exchange: Exchange, message: Message | None) -> Decision | None:
        if not isinstance(message, Request) or message.method != "tools/call":
            return None
        checks = self._schemas.checks(call.server.id, call.owner, exchange.name)
        schema = checks.arguments() if checks is not None else None
        if schema is None:
            return None  # nothing is known that the arguments could be held against
        if not isinstance(schema, Unusable):
            decision = validate_arguments(schema, _arguments(message))
        elif call.server.strict(exchange.name):
            decision = refuse_unchecked(Reason.SCHEMA_ARGUMENTS, schema)
        else:
            exchange.uninspected = exchange.uninspected or 1  # once, also where redaction makes us ask again
            return None
        if decision is ALLOW:
            return None
        return decision if self._weighed(call, exchange, decision, None) is Act.REFUSE else None

    def fitting(self, call: Call, exchange: Exchange) -> Schema | None:
        """What the arguments must still be valid against once they have been redacted, if anything."""
        message = exchange.message
        if not isinstance(message, Request) or message.method != "tools/call" or not _arguments(message):
            return None
        checks = self._schemas.checks(call.server.id, call.owner, exchange.name)
        schema = checks.arguments() if checks is not None else None
        return schema if isinstance(schema, Schema) else None


def _arguments(message: Message | None) -> Any:
    """What a policy may read of a request: ``params.arguments``, or of a completion its ``argument``.

    By the method, for a server does not read the other one, and whoever sends both would choose what is judged.
    """
    if not isinstance(message, Request):
        return {}
    return message.params.get("argument" if message.method == "completion/complete" else "arguments", {})


def _unclear(message: Message | None) -> Decision | None:
    """What policies cannot be asked about, though a server may well act on it."""
    if isinstance(message, Request):
        return UNNAMED if is_named_by_no_text(message) else None
    return UNANSWERED if _is_unanswered(message) else None


def _is_unanswered(message: Message | None) -> bool:
    """A request's method without an id: servers may well do it all the same, and policies speak of requests."""
    if not isinstance(message, Notification):
        return False
    entry = METHODS.get(message.method)
    return entry is not None and not entry.is_notification
