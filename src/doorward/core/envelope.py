"""What one JSON-RPC body can be, once it was read: frozen values that keep the exact bytes they were read from."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeGuard

import msgspec

MessageId = str | int
"""A JSON-RPC id as MCP allows it: a string or an integer within ±(2^53−1)."""

MAX_EXACT = 2**53 - 1  # beyond it a reader that keeps numbers as doubles sees another id (RFC 8259 §6)

READER_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "message.invalid_json": "the body is not one complete JSON value (RFC 8259)",
        "message.invalid_utf8": "the body is not valid UTF-8",
        "message.bom": "the body starts with a byte order mark",
        "message.lone_surrogate": "a string holds half of a surrogate pair",
        "message.number_too_long": "a number is spelt with more than 4,300 characters",
        "message.duplicate_key": "an object holds the same member name twice",
        "message.escaped_name": "a member name spells a letter, a digit or an underscore as an escape",
        "message.case_variant": "a member is spelt like a protocol member but for its case",
        "message.too_deep": "objects and arrays are nested deeper than the limit",
        "message.too_large": "the body holds more than 1,000,000 values",
        "message.ambiguous_number": "an id, code or token is a number outside ±(2^53−1) or no integer",
        "message.not_an_object": "a message is not a JSON object",
        "message.batch_not_allowed": "this protocol revision knows no batches",
        "message.batch_empty": "the batch holds no message",
        "message.batch_too_large": "the batch holds more than 100 messages",
        "message.initialize_in_batch": "the batch holds an initialize request",
        "message.invalid_envelope": "the message is not one clear request, notification or response",
        "message.invalid_id": "the id is missing or neither a string nor an integer",
        "message.invalid_params": "params is no object, or a token in it is neither a string nor an integer",
    }
)
"""Every reason that `read` refuses with, and what it means. The names are stable; no meaning repeats payload text."""

PARSE_ERROR, INVALID_REQUEST = -32700, -32600
"""The two JSON-RPC codes that a reader can answer with (JSON-RPC 2.0 §5.1)."""


def is_exact_integer(value: object) -> TypeGuard[int]:
    """Whether `value` is an integer that every JSON reader holds exactly, within ±(2^53−1)."""
    return type(value) is int and -MAX_EXACT <= value <= MAX_EXACT


class Request(msgspec.Struct, frozen=True, gc=False):
    """A message that wants an answer. `params` is empty where the message has none; `value` is the whole object."""

    raw: bytes
    id: MessageId
    method: str
    params: dict[str, Any]
    value: dict[str, Any]


class Notification(msgspec.Struct, frozen=True, gc=False):
    """A message that wants no answer."""

    raw: bytes
    method: str
    params: dict[str, Any]
    value: dict[str, Any]


class Response(msgspec.Struct, frozen=True, gc=False):
    """The answer to a request. `error` is an object on an error and None otherwise; `result` is UNSET on an error.

    Only an error may come without an id (`id` is None then): the peer could not read what it answers. Not `exact`: it
    was read by `glance`, and fractions in `result` and `value` are doubles.
    """

    raw: bytes
    id: MessageId | None
    result: Any
    error: dict[str, Any] | None
    value: dict[str, Any]
    exact: bool = True

    @property
    def is_error(self) -> bool:
        """Whether the peer answered with a JSON-RPC error (a tool's `isError` is a result)."""
        return self.error is not None


Message = Request | Notification | Response


class Batch(msgspec.Struct, frozen=True, gc=False):
    """A JSON array of 1 to 100 messages; each keeps its own bytes of the array as `raw`."""

    raw: bytes
    messages: tuple[Message, ...]


class Unreadable(msgspec.Struct, frozen=True):
    """A body with no single reading, and how to refuse it.

    `reason` is a key of READER_REASONS, `rpc_code` the JSON-RPC code, `detail` a sentence free of payload text.
    `id` is the id to answer, if it was clear in spite of all; `requests` are the ids of a batch's requests, each of
    which must get its own error.
    """

    reason: str
    rpc_code: int
    id: MessageId | None
    detail: str
    requests: tuple[MessageId, ...] = ()
