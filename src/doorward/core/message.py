"""JSON-RPC messages: the public face of the strict reader and the splicing writer.

`read` turns bytes into one message, or says why they have no single reading; `glance` reads a long response quicker,
for who needs none of its fractions. `span` gives the received bytes of one
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
    is_exact_integer,
)
from doorward.core.reader import MAX_BATCH, SHORTEST_GLANCE, glance, read
from doorward.core.splice import Edit, splice

__all__ = [
    "MAX_BATCH",
    "READER_REASONS",
    "SHORTEST_GLANCE",
    "Batch",
    "Edit",
    "LosslessFloat",
    "Message",
    "MessageId",
    "Notification",
    "Request",
    "Response",
    "Unreadable",
    "glance",
    "is_exact_integer",
    "read",
    "span",
    "splice",
]

Part = Literal["params", "arguments", "result", "error"]

_CLOSE = ord("}")
_BLANKS = b" \t\r\n"
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
    elif part == "result" and type(message) is Response and len(message.value) == 3:
        found = _of_three(message)
        if found is not None:
            return found
    members = _MEMBERS.decode(message.raw)
    raw: msgspec.Raw = getattr(members, part)
    return memoryview(raw)


def _of_three(message: Response) -> memoryview | None:
    """The result of a response with no member beside `jsonrpc` and `id`, as most servers write it: first or last.

    What stands before or behind it is known to the byte, so the text need not be read again. A spelling that is not
    expected gives None.
    """
    raw, ident = message.raw, message.id
    if type(ident) is not int:
        return None
    first = b'{"jsonrpc":"2.0","id":%d,"result":' % ident
    if raw.startswith(first) and raw[-1] == _CLOSE and raw[len(first)] not in _BLANKS and raw[-2] not in _BLANKS:
        return memoryview(raw)[len(first) : -1]
    last = b',"jsonrpc":"2.0","id":%d}' % ident
    if raw.startswith(b'{"result":') and raw.endswith(last):
        begin, end = len(b'{"result":'), len(raw) - len(last)
        if raw[begin] not in _BLANKS and raw[end - 1] not in _BLANKS:
            return memoryview(raw)[begin:end]
    return None
