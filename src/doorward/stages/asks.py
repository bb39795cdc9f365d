"""What a server asks of the client, and what the client answers -> Decision (docs/transparency.md).

Up to 2025-11-25 a question is a request of the server and its answer a response of the client. Since 2026-07-28
questions travel inside results (``inputRequests``) and answers inside later requests (``inputResponses``; MCP
basic/patterns/mrtr). Both forms are seen here.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from doorward.core.decision import ALLOW, Decision, Effect, Reason
from doorward.core.message import Message, Notification, Request, Response
from doorward.core.methods import fold
from doorward.core.policy import Severity

SAMPLING, ELICITATION, ROOTS, TASKS, OTHER, NOTHING = "sampling", "elicitation", "roots", "tasks", "other", "nothing"

KINDS: Mapping[str, str] = MappingProxyType(
    {"sampling/createMessage": SAMPLING, "elicitation/create": ELICITATION, "roots/list": ROOTS}
)
"""method -> its word in ``servers.X.server_requests``."""

ACTIONS: Mapping[str, str] = MappingProxyType({kind: method for method, kind in KINDS.items()})
"""The action, in policies, of each kind that has one."""

URL_ELICITATION_REQUIRED = -32042  # MCP 2025-11-25 client/elicitation: the error carries the questions

# Which members an answer of a kind has, and no other kind's (MCP schema: CreateMessageResult, ElicitResult, …).
_SHAPES = (
    *(("role", SAMPLING), ("model", SAMPLING), ("action", ELICITATION), ("roots", ROOTS)),
    *(("task", TASKS), ("taskId", TASKS), ("tasks", TASKS)),
)


def asked(message: Message) -> list[str]:
    """What kinds of question a message of a server holds: "sampling", "elicitation", "roots", "tasks", or the method.

    "other" stands for a question that cannot be read. A ``ping`` asks for nothing.
    """
    if isinstance(message, Request):
        return [] if message.method == "ping" else [_kind(message.method)]
    if isinstance(message, Notification):
        return _questions(message.params)
    if _is_ordinary(message.result):
        return []
    if message.error is not None:
        return [ELICITATION] if message.error.get("code") == URL_ELICITATION_REQUIRED else []
    return _questions(message.result)


def answers(message: Message) -> list[str]:
    """What kinds of answer a message of a client holds; "other" for one that has the shape of none, "nothing" for what
    is no answer at all.

    An error, or an empty result, tells the server nothing.
    """
    if isinstance(message, Response):
        return _shapes(message.result) if message.error is None else []
    if message.params.keys() <= _PLAIN_CALL:
        return []
    kinds: list[str] = []
    for held in _members(message.params, "inputResponses"):
        if not isinstance(held, dict):
            kinds.append(OTHER if held is _MISSPELT else NOTHING)
            continue
        for answer in held.values():
            kinds += _shapes(answer)
    return kinds


def decide(kinds: Iterable[str], allowed: frozenset[str] | None, server: str) -> Decision:
    """Whether this server may ask that. ``allowed`` is its ``server_requests``; None: not configured, so nothing.

    The mode is not asked here: audit and warn let a refused question pass and record what enforcing would have done.
    """
    permitted = allowed or frozenset()
    refused = {kind for kind in kinds if not _is_permitted(kind, permitted)}
    if not refused:
        return ALLOW
    return _refused(tuple(sorted(refused & _WORDS)), bool(refused - _WORDS), server)


_PLAIN_CALL = frozenset({"name", "arguments", "_meta"})
_PLAIN_RESULT = frozenset({"content", "structuredContent", "isError", "_meta", "resultType"})


def _is_ordinary(result: Any) -> bool:
    """Nearly every result: none of its members could be a question, whoever reads them."""
    return (
        type(result) is dict and result.keys() <= _PLAIN_RESULT and result.get("resultType", "complete") == "complete"
    )


_MISSPELT = object()
_WORDS = frozenset({SAMPLING, ELICITATION, ROOTS})


def _is_permitted(kind: str, permitted: frozenset[str]) -> bool:
    if kind == TASKS:  # how a question that the client answers later is followed (MCP 2025-11-25 basic/utilities/tasks)
        return bool(permitted & {SAMPLING, ELICITATION, TASKS})
    if kind == NOTHING:  # there is nothing to keep from a server that may ask everything, and it says what is wrong
        return permitted >= _WORDS
    return kind in permitted


@lru_cache(maxsize=256)
def _refused(known: tuple[str, ...], has_more: bool, server: str) -> Decision:
    # A method that is in no table is text of the server's choosing, and is not repeated.
    words = [*known, "a method of its own"] if has_more else list(known)
    named = f"{', '.join(known)} to " if known else "the method to "
    return Decision(
        Effect.DENY,
        Reason.POLICY_SERVER_REQUEST,
        Severity.HIGH,
        rules=("server-requests",),
        what=f"the server may not ask the client for this: {', '.join(words)}",
        remedy=f"do without, or ask the operator to add {named}servers.{server}.server_requests",
    )


def _kind(method: Any) -> str:
    if not isinstance(method, str):
        return OTHER
    if method.startswith("tasks/"):
        return TASKS
    return KINDS.get(method, method)


def _questions(value: Any) -> list[str]:
    """The kinds in ``inputRequests``: of a result, of the state of a task, or of what is held in it.

    ``resultType`` is not asked: a client may well look at the questions without it.
    """
    if not isinstance(value, dict):
        return []
    kinds: list[str] = []
    for place in (value, value.get("task"), value.get("result")):
        for held in _members(place, "inputRequests"):
            kinds += [OTHER] if not isinstance(held, dict) else [_question(entry) for entry in held.values()]
    if value.get("resultType") == "input_required" and not kinds and "requestState" not in value:
        kinds.append(OTHER)  # asks, but for nothing that can be read
    return kinds


def _question(entry: Any) -> str:
    if not isinstance(entry, dict) or any(name != "method" and fold(name) == "method" for name in entry):
        return OTHER
    return _kind(entry.get("method"))


def _members(value: Any, name: str) -> Iterator[Any]:
    """The member of this name, and any that a reader without regard to case would take for it."""
    if isinstance(value, dict):
        folded = fold(name)
        for spelt, held in value.items():
            if spelt == name:
                yield held
            elif fold(spelt) == folded:
                yield _MISSPELT


def _shapes(answer: Any) -> list[str]:
    if not isinstance(answer, dict):
        return [NOTHING]
    if not answer.keys() - {"_meta"}:
        return []
    return list(dict.fromkeys(kind for name, kind in _SHAPES if name in answer)) or [OTHER]
