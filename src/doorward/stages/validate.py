"""Size of a body, arguments and results against their schema -> Decision."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from doorward.core.decision import ALLOW, Decision, Effect, Reason
from doorward.core.policy import Severity
from doorward.stages.schema import Schema, Unusable


def validate_size(size: int, limit: int) -> Decision:
    """A message over its limit is refused in every mode: it would have to be held in memory to be judged."""
    if size <= limit:
        return ALLOW
    return Decision(
        Effect.DENY,
        Reason.MESSAGE_TOO_LARGE,
        Severity.CRITICAL,
        rules=("limits",),
        what=f"the message is larger than {limit} bytes",
        remedy="send less in one message, or ask the operator to raise the limit",
    )


def validate_arguments(schema: Schema, arguments: Any) -> Decision:
    """The arguments of a call, as the strict reader decoded them, against the tool's ``inputSchema``.

    An argument that is null may be one that was left out: clients write both, and MCP 2026-07-28 (basic/transports,
    mirrored headers) takes them for the same. So one reading that fits is enough; a required one must be there.
    """
    failure = schema.failure(arguments)
    if failure is not None and isinstance(arguments, dict) and any(value is None for value in arguments.values()):
        failure = schema.failure({name: value for name, value in arguments.items() if value is not None})
    return ALLOW if failure is None else _violation(Reason.SCHEMA_ARGUMENTS, *failure)


def validate_result(schema: Schema, structured: Any) -> Decision:
    """The ``structuredContent`` of a result against the tool's ``outputSchema``."""
    failure = schema.failure(structured)
    return ALLOW if failure is None else _violation(Reason.SCHEMA_RESULT, *failure)


def refuse_unchecked(reason: Reason, unusable: Unusable) -> Decision:
    """For ``strict`` tools alone: elsewhere a schema that cannot be used is recorded as uninspected, and passes."""
    whose = _WHOSE[reason]
    return Decision(
        Effect.DENY,
        reason,
        Severity.HIGH,
        rules=(whose.rule,),
        what=f"the tool's {whose.schema} cannot be used to check this call: {unusable.reason}",
        remedy="ask the operator: the server's schema must be mended, or `strict` taken from the tool",
    )


class _Whose(msgspec.Struct, frozen=True):
    rule: str
    schema: str
    judged: str
    remedy: str


_WHOSE: Mapping[Reason, _Whose] = {
    Reason.SCHEMA_ARGUMENTS: _Whose(
        "input-schema",
        "inputSchema",
        "the arguments do",
        "send arguments that fit the inputSchema that tools/list shows",
    ),
    Reason.SCHEMA_RESULT: _Whose(
        "output-schema",
        "outputSchema",
        "the structured result does",
        "check whether the call had its effect, and tell the operator: the server breaks its own schema",
    ),
}


@lru_cache(maxsize=512)
def _violation(reason: Reason, pointer: str, keyword: str) -> Decision:
    whose = _WHOSE[reason]
    place = f" at {pointer}" if pointer else ""
    return Decision(
        Effect.DENY,
        reason,
        Severity.HIGH,
        rules=(whose.rule,),
        what=f"{whose.judged} not fit the tool's {whose.schema}{place} ({keyword})",
        remedy=whose.remedy,
    )
