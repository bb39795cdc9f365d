"""JSON-RPC messages: the public face of the strict reader and the splicing writer.

`read` turns bytes into one message, or says why they have no single reading. `span` gives the received bytes of one
member, for digests. `splice` writes a message again with a few strings, keys or numbers replaced and every other byte
as it came. Floats inside `value` and `params` are `LosslessFloat`: they keep their spelling (`str(number)`), and
nothing here turns them into a binary float.
"""

from typing import Literal

import msgspec
from jiter import LosslessFloat

from doorward.core.envelope import (
    READER_REASONS,
    Batch,
    Message,
    MessageId,
    Notification,
    Request,
    Response,
    Unreadable,
    error_ids,
    is_exact_integer,
)
from doorward.core.reader import MAX_BATCH, read
from doorward.core.splice import Edit, splice

__all__ = [
    "MAX_BATCH",
    "READER_REASONS",
    "Batch",
    "Edit",
    "LosslessFloat",
    "Message",
    "MessageId",
    "Notification",
    "Request",
    "Response",
    "Unreadable",
    "error_ids",
    "is_exact_integer",
    "read",
    "span",
    "splice",
]

Part = Literal["params", "arguments", "result", "error"]

_ABSENT = msgspec.Raw(b"")


class _Members(msgspec.Struct, gc=False):
    params: msgspec.Raw = _ABSENT
    result: msgspec.Raw = _ABSENT
    error: msgspec.Raw = _ABSENT


class _Arguments(msgspec.Struct, gc=False):
    arguments: msgspec.Raw = _ABSENT


class _Call(msgspec.Struct, gc=False):
    params: _Arguments


_MEMBERS = msgspec.json.Decoder(_Members)
_CALL = msgspec.json.Decoder(_Call)


def span(message: Message, part: Part) -> memoryview:
    """The received bytes of one member's value, without the whitespace around it; empty where it is absent.

    `arguments` means `params.arguments`, or `params` where there are none. The view shares memory with `message.raw`.
    """
    if part == "arguments":
        if not isinstance(message, Response) and "arguments" in message.params:
            return memoryview(_CALL.decode(message.raw).params.arguments)
        part = "params"
    members = _MEMBERS.decode(message.raw)
    found: msgspec.Raw = getattr(members, part)
    return memoryview(found)
