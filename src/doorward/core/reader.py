"""The strict reader: a body is one message, or it is refused with a reason (docs/architecture.md, "One reading").

`decode` guards the text; here the value must be the envelope of exactly one request, notification or response, whose
protocol members no other reader finds under another case, and whose ids no other reader rounds.
"""

from typing import Any

import msgspec
from jiter import LosslessFloat

from doorward.core.decode import UndecodableError, decode
from doorward.core.envelope import (
    INVALID_REQUEST,
    MAX_EXACT,
    PARSE_ERROR,
    READER_REASONS,
    Batch,
    Message,
    MessageId,
    Notification,
    Request,
    Response,
    Unreadable,
    is_exact_integer,
)
from doorward.core.methods import META_NAMES, METHODS, UNKNOWN, Names, fold, has_meta_variant
from doorward.core.salvage import salvage, starts_array
from doorward.core.skim import LEAST, skim

SHORTEST_GLANCE = LEAST
"""Bytes from which on `glance` can have an answer."""

MAX_BATCH = 100
"""Messages in one batch (docs/guarantees.md)."""

_META_TOKENS = ("progressToken", "io.modelcontextprotocol/subscriptionId")  # the latter is a request's id (2026-07-28)

_RELATED, _TASK = "io.modelcontextprotocol/related-task", Names.of(("taskId",))

_TOP = Names.of(("jsonrpc", "id", "method", "params", "result", "error"))
_NUMBERS = frozenset({int, LosslessFloat})
_ID = Names.of(("id",))
_ERROR = Names.of(("code", "message", "data"))
_PARSE_REASONS = frozenset(
    {
        "message.invalid_json",
        "message.invalid_utf8",
        "message.bom",
        "message.lone_surrogate",
        "message.number_too_long",
    }
)

_elements = msgspec.json.Decoder(list[msgspec.Raw])


def read(raw: bytes, *, depth: int = 64, batches: bool = False) -> Message | Batch | Unreadable:
    """The one message in `raw` (or batch, where the revision has them), or why it has no single reading.

    `depth` is how many objects and arrays may be nested, 1 to 200; a batch's own array is not counted. Any bytes get
    an answer: nothing in a body raises.
    """
    try:
        value = decode(raw, depth + 1 if batches and starts_array(raw) else depth)
    except UndecodableError as problem:
        ident, requests = salvage(raw, batches)
        return _unreadable(problem.reason, ident, requests)
    if type(value) is dict:
        found = _message(raw, value)
        return _unreadable(found, _clear_id(value)) if isinstance(found, str) else found
    if type(value) is not list:
        return _unreadable("message.not_an_object")
    return _batch(raw, value) if batches else _unreadable("message.batch_not_allowed")


def glance(raw: bytes, *, depth: int = 64) -> Response | None:
    """The response in a long `raw`, read in half the time and not `exact`; None: it is for `read`, which accepts all
    that is accepted here.
    """
    value = skim(raw, depth)
    found = _message(raw, value) if type(value) is dict else None
    if type(found) is not Response:
        return None
    return Response(raw, found.id, found.result, found.error, found.value, exact=False)


def _unreadable(reason: str, ident: MessageId | None = None, requests: tuple[MessageId, ...] = ()) -> Unreadable:
    code = PARSE_ERROR if reason in _PARSE_REASONS else INVALID_REQUEST
    return Unreadable(reason, code, ident, READER_REASONS[reason], requests)


# --- one message; a str is the reason of a refusal


def _message(raw: bytes, value: dict[str, Any]) -> Message | str:
    if not _TOP.exact.issuperset(value) and _TOP.has_variant(value):
        return "message.case_variant"
    if value.get("jsonrpc") != "2.0":
        return "message.invalid_envelope"
    return _call(raw, value) if "method" in value else _answer(raw, value)


def _call(raw: bytes, value: dict[str, Any]) -> Request | Notification | str:
    method = value["method"]
    if type(method) is not str or "result" in value or "error" in value:
        return "message.invalid_envelope"
    params = value.get("params", {})
    if type(params) is not dict:
        return "message.invalid_params"
    if params and (reason := _params_problem(method, params)):
        return reason
    if "id" not in value:
        return Notification(raw, method, params, value)
    ident = value["id"]
    if type(ident) is not str and (reason := _id_problem(ident)):
        return reason
    return Request(raw, ident, method, params, value)


def _answer(raw: bytes, value: dict[str, Any]) -> Response | str:
    error = value.get("error")
    ident = value.get("id")
    if "result" in value:
        if error is not None:
            return "message.invalid_envelope"
        result = value["result"]
        if type(result) is dict and "_meta" in result and (reason := _meta_problem(result["_meta"])):
            return reason
    elif type(error) is not dict:
        return "message.invalid_envelope"
    else:
        result = msgspec.UNSET
        if reason := _error_problem(error):
            return reason
    if type(ident) is not str and (ident is not None or error is None) and (reason := _id_problem(ident)):
        return reason
    return Response(raw, ident, result, error, value)


def _error_problem(error: dict[str, Any]) -> str | None:
    if not _ERROR.exact.issuperset(error) and _ERROR.has_variant(error):
        return "message.case_variant"
    return _token_problem(error.get("code"), "message.invalid_envelope")


def _params_problem(method: str, params: dict[str, Any]) -> str | None:
    entry = METHODS.get(method, UNKNOWN)
    if not entry.reserved.exact.issuperset(params) and entry.reserved.has_variant(params):
        return "message.case_variant"
    for name, names in entry.inside.items():
        held = params.get(name)
        if type(held) is dict and names.has_variant(held):
            return "message.case_variant"
    for name in entry.tokens:
        if reason := _token_problem(params.get(name), "message.invalid_params"):
            return reason
    return _meta_problem(params["_meta"]) if "_meta" in params else None


def _meta_problem(meta: Any) -> str | None:
    if type(meta) is not dict:
        return None
    if not META_NAMES.issuperset(meta) and has_meta_variant(meta):
        return "message.case_variant"
    related = meta.get(_RELATED)
    if type(related) is dict and _TASK.has_variant(related):
        return "message.case_variant"
    for name in _META_TOKENS:
        if name in meta and (reason := _token_problem(meta[name], "message.invalid_params")):
            return reason
    return None


def _id_problem(value: Any) -> str | None:
    if type(value) is int and -MAX_EXACT <= value <= MAX_EXACT:
        return None
    return "message.ambiguous_number" if type(value) in _NUMBERS else "message.invalid_id"


def _token_problem(value: Any, otherwise: str) -> str | None:
    """A token or code may be absent or null: every reader takes that alike."""
    if value is None or type(value) is str:
        return None
    reason = _id_problem(value)
    return otherwise if reason == "message.invalid_id" else reason


def _clear_id(value: dict[str, Any]) -> MessageId | None:
    """The id of a refused message, where no reader could see another one."""
    ident = value.get("id")
    if (type(ident) is str or is_exact_integer(ident)) and not _ID.has_variant(value):
        return ident
    return None


# --- batches (JSON-RPC 2.0 §6; MCP up to 2025-03-26)


def _batch(raw: bytes, values: list[Any]) -> Batch | Unreadable:
    if not values:
        return _unreadable("message.batch_empty")
    if len(values) > MAX_BATCH:
        return _unreadable("message.batch_too_large")
    messages: list[Message] = []
    for part, value in zip(_elements.decode(raw), values, strict=True):
        found = _element(bytes(part), value)
        if isinstance(found, str):
            return _unreadable(found, None, _waiting(values))
        messages.append(found)
    return Batch(raw, tuple(messages))


def _element(raw: bytes, value: Any) -> Message | str:
    if type(value) is not dict:
        return "message.not_an_object"
    found = _message(raw, value)
    if isinstance(found, Request | Notification) and fold(found.method) == "initialize":
        return "message.initialize_in_batch"
    return found


def _waiting(values: list[Any]) -> tuple[MessageId, ...]:
    """The clear ids of everything in a refused batch that looks like a request."""
    calls = (value for value in values if type(value) is dict and "method" in value)
    return tuple(ident for value in calls if (ident := _clear_id(value)) is not None)
