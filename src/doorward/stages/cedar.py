"""The one authorization engine: a question, and perhaps its arguments, to a verdict (docs/policies.md).

Allow needs Cedar's Allow and an empty error list: Cedar skips a policy that ends in an error, and a skipped ``forbid``
would allow. Whatever goes wrong here, in Cedar or before it, is the deny ``policy.error``.
"""

from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, Protocol

import cedarpy
import msgspec

from doorward.core.decision import ALLOW, Reason
from doorward.core.facts import Fact, UnreadableFact, true_facts
from doorward.core.question import Observed, Question, Verdict
from doorward.core.rules import NEEDS_NO_PERMIT, TOOL_CALL, Reads, Rule, ToolFacts, tool_action
from doorward.stages.arguments import UnreadableArgument, copied
from doorward.stages.cedar_schema import request_schema
from doorward.stages.entities import Parties, context, entities_json, named, parties, with_action
from doorward.stages.slices import Bounded, Part, Slice, Slices, covers
from doorward.stages.verdicts import BLOCKED, FAILED, denied, enforced, forbidden, seen

P = ParamSpec("P")

MAX_CASES = 4096
MAX_SCHEMAS = 1024
MAX_KEPT_NAME = 512  # characters; callers choose names, and thousands of long ones would be memory held for nothing
_JSON = msgspec.json.Encoder()
_WITH_ARGUMENTS = frozenset({TOOL_CALL, "prompts/get", "completion/complete"})


class Sensitive(Protocol):
    """What the engine asks of a server (``core.snapshot.Server`` is one)."""

    def sensitivity_of(self, tool: str | None) -> str: ...


class Compiled(msgspec.Struct, frozen=True):
    """All that decides, as ``control/policies/compile.py`` makes it. ``blocked``: tools that wait for their schema."""

    digest: str
    rules: tuple[Rule, ...]
    facts: Mapping[str, Fact]
    tools: Mapping[tuple[str, str], ToolFacts]
    blocked: frozenset[tuple[str, str]]
    servers: Mapping[str, Sensitive]


class Outcome(msgspec.Struct, frozen=True):
    """One answer of Cedar's: the ids that decided, and its errors."""

    allowed: bool
    rules: tuple[str, ...]
    errors: tuple[str, ...]


class CedarPolicies:
    """``core.question.Policies`` over Cedar."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self._failed = enforced(FAILED, compiled.rules)
        self._slices = Slices(compiled.rules)
        self._schemas: Bounded[tuple[object, ...], cedarpy.Schema] = Bounded(MAX_SCHEMAS)
        self._cases: Bounded[tuple[object, ...], _Case] = Bounded(MAX_CASES)

    @property
    def digest(self) -> str:
        return self._compiled.digest

    def bounds(self, question: Question) -> Verdict:
        """Without arguments (``core.question.Policies``)."""
        return _guarded(self._failed, self._bounds, question)

    def judge(self, question: Question, arguments: Any) -> Verdict:
        """With arguments (``core.question.Policies``)."""
        return _guarded(self._failed, self._judge, question, arguments)

    def _bounds(self, question: Question) -> Verdict:
        case = self._case(question)
        if case.kept is not None:
            return case.kept
        verdict = case.bounds(question) if question.action in _WITH_ARGUMENTS else case.judge(question, {})
        if case.slice.steady and verdict.decision.reason is not Reason.POLICY_ERROR:
            case.kept = verdict
        return verdict

    def _judge(self, question: Question, arguments: Any) -> Verdict:
        case = self._case(question)
        if case.kept is not None and case.kept.settled:
            return case.kept
        if not case.slice.open or question.action not in _WITH_ARGUMENTS:
            return self._bounds(question)
        return case.judge(question, {} if arguments is None else arguments)

    def _case(self, question: Question) -> "_Case":
        # Nothing but these can change what is kept. Revocation and expiry are looked at before, at every call.
        key = (question.grant.principal, question.server, question.action, question.kind, question.name)
        found = self._cases.get(key)
        if found is None:
            found = self._new_case(question)
            if len(question.name) <= MAX_KEPT_NAME:
                self._cases.put(key, found)
        return found

    def _new_case(self, question: Question) -> "_Case":
        compiled = self._compiled
        asked = parties(question, compiled.tools)
        schema = self._schema(asked)
        server = compiled.servers[question.server]
        tool = question.name if question.kind == "Tool" else None
        written = entities_json(asked, question, server.sensitivity_of(tool), server.sensitivity_of(None))
        known = cedarpy.Entities.from_json_str(written, schema)
        case = _Case(asked, self._slices.of(question.server, asked), schema, known, compiled.facts)
        if tool is not None and (question.server, tool) in compiled.blocked:
            child = with_action(asked, tool_action(question.server, tool))
            case.kept = enforced(BLOCKED, [rule for rule in compiled.rules if covers(rule, child)])
        return case

    def _schema(self, asked: Parties) -> cedarpy.Schema:
        key = (asked.principal.type, asked.action, asked.resource.type)
        found = self._schemas.get(key)
        if found is None:
            written = request_schema(asked.principal.type, asked.action, asked.resource.type, asked.shape)
            found = self._schemas.put(key, cedarpy.Schema.from_json_str(written))
        return found


class _Case:
    """One caller, action and resource: all that does not change between two of its questions. ``kept``: what it is."""

    def __init__(
        self,
        asked: Parties,
        chosen: Slice,
        schema: cedarpy.Schema,
        known: cedarpy.Entities,
        facts: Mapping[str, Fact],
    ) -> None:
        self.slice = chosen
        self.kept: Verdict | None = None
        self._shape = asked.shape
        self._schema = schema
        self._entities = known
        self._facts = facts
        self._needs_permit = asked.action.id not in NEEDS_NO_PERMIT
        self._request = {
            "principal": named(asked.principal),
            "action": named(asked.action),
            "resource": named(asked.resource),
        }

    def bounds(self, question: Question) -> Verdict:
        part, watched = self.slice.deciding, self.slice.observed
        given = self._given(part.reads, question)
        verdict = self._verdict(part, self._ask(part.best, given), given, _best)
        upper = lower = verdict.decision is ALLOW
        if upper and part.reads.caller_text:
            lower = self._ask(part.worst, given).allowed
        waiting = watched.reads.caller_text
        observed = () if waiting else self._observed(question, {})
        # What is denied whatever the arguments are may be denied by more rules because of them, and an exception to one
        # of the rules must not cover the others (docs/rollout.md).
        more = waiting or (not upper and part.reads.caller_text)
        return msgspec.structs.replace(verdict, upper=upper, lower=lower, observed=observed, open=more)

    def judge(self, question: Question, arguments: Any) -> Verdict:
        part = self.slice.deciding
        try:
            given, facts = self._read(part, question, arguments)
        except (UnreadableArgument, UnreadableFact) as unreadable:
            return self._unreadable(unreadable.reason, question, arguments)
        verdict = self._verdict(part, self._ask(part.whole, given), given, _whole)
        observed = self._observed(question, arguments)
        return msgspec.structs.replace(verdict, observed=observed, facts=facts) if observed or facts else verdict

    def _unreadable(self, reason: Reason, question: Question, arguments: Any) -> Verdict:
        """A violation, unless no value of the argument could change anything."""
        bounds = self.bounds(question)
        verdict = bounds if bounds.upper == bounds.lower else denied(reason)
        stopping = self._stopping(question, arguments)
        if stopping:
            verdict = enforced(denied(reason, [rule.id for rule in stopping]), stopping)
        return msgspec.structs.replace(verdict, observed=self._observed(question, arguments), open=False)

    def _stopping(self, question: Question, arguments: Any) -> list[Rule]:
        """Of the rules that are enforced in every mode those that forbid this, or cannot say: the mode of the tool must
        not let pass what one of them would have stopped, had another argument, or this one, been readable.
        """
        part = self.slice.enforced
        if not part.rules:
            return []
        try:
            given, _ = self._read(part, question, arguments)
            outcome = self._ask(part.whole, given)
        except (UnreadableArgument, UnreadableFact):
            outcome = self._ask(part.worst, self._given(part.reads, question))
        return [part.rules[name] for name in sorted({*outcome.rules, *_failing(part, outcome)})]

    def _read(self, part: Part, question: Question, arguments: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
        given = self._given(part.reads, question)
        if part.reads.arguments is not None:
            given["arguments"] = copied(arguments, self._shape, part.wanted)
        if not part.reads.facts:
            return given, ()
        facts = true_facts(self._facts, part.reads.facts, arguments)
        given["facts"] = facts
        return given, facts

    def _given(self, reads: Reads, question: Question) -> dict[str, Any]:
        return context(question, reads.context) if reads.context else {}

    def _ask(self, policies: cedarpy.PolicySet, given: dict[str, Any]) -> Outcome:
        request = {**self._request, "context": _JSON.encode(given).decode()}
        answer = cedarpy.is_authorized(request, policies, self._entities, self._schema)
        decision, found = answer.decision, answer.diagnostics
        errors = tuple(found.errors)
        if decision is cedarpy.Decision.NoDecision and not errors:
            errors = ("no decision",)
        allowed = decision is cedarpy.Decision.Allow and not errors
        return Outcome(allowed, tuple(sorted(found.reasons)), errors)

    def _verdict(
        self, part: Part, outcome: Outcome, given: dict[str, Any], form: Callable[[Part], cedarpy.PolicySet]
    ) -> Verdict:
        if outcome.allowed:
            return Verdict(ALLOW, upper=True, lower=True, rules=outcome.rules)
        if outcome.errors:
            failing = _failing(part, outcome)
            return enforced(
                denied(Reason.POLICY_ERROR, failing), [part.rules[name] for name in (*failing, *outcome.rules)]
            )
        forbids = [part.rules[name] for name in outcome.rules]
        # A forbid that is waived, or low in soft mode, must not open what nothing permits.
        permitted = bool(forbids) and (not self._needs_permit or self._ask(form(part.permits), given).allowed)
        return forbidden(forbids, permitted=permitted)

    def _observed(self, question: Question, arguments: Any) -> tuple[Observed, ...]:
        part = self.slice.observed
        if not part.rules:
            return ()
        try:
            given, _ = self._read(part, question, arguments)
        except (UnreadableArgument, UnreadableFact):
            return tuple(seen(rule) for rule in part.rules.values() if rule.reads.caller_text)
        outcome = self._ask(part.whole, given)
        matched = {*outcome.rules, *_failing(part, outcome)}
        return tuple(seen(rule) for rule in part.rules.values() if rule.id in matched)


def _best(part: Part) -> cedarpy.PolicySet:
    return part.best


def _whole(part: Part) -> cedarpy.PolicySet:
    return part.whole


def _guarded(failed: Verdict, ask: Callable[P, Verdict], *args: P.args, **kwargs: P.kwargs) -> Verdict:
    try:
        return ask(*args, **kwargs)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001  a panic in Cedar is no Exception, and nothing raised may ever allow
        return failed


def _failing(part: Part, outcome: Outcome) -> tuple[str, ...]:
    """The policies that Cedar's errors name; all of them where an error names none."""
    named = {name for name in part.rules if any(f"`{name}`" in error for error in outcome.errors)}
    unnamed = any(not any(f"`{name}`" in error for name in named) for error in outcome.errors)
    return tuple(sorted(part.rules if unnamed else named))
