"""What no detector can look into: images, audio and blobs that hold no text (MCP 2026-07-28 server/tools, "Image
Content", "Audio Content"; server/resources, "Binary Content").

A blob that is text once decoded is looked into like any other encoded text (``detection/encodings.py``).
"""

import base64
import codecs
from collections.abc import Sequence
from typing import Any

from doorward.core.decision import Decision, Effect, Reason
from doorward.core.message import Edit
from doorward.core.policy import Severity
from doorward.core.scan import holds, holds_escapes

_utf8 = codecs.getincrementaldecoder("utf-8")
_LOOKED_AT = 4096  # characters of base64; enough to tell text from anything else

BLOCKED = Decision(
    Effect.DENY,
    Reason.PII_BINARY,
    Severity.HIGH,
    rules=("binary",),
    what="it holds an image, audio or a blob, which nobody can look into",
    remedy="ask for text, or ask the operator to let binary content of this tool pass",
)
STRIPPED = Decision(Effect.REDACT, Reason.PII_BINARY, rules=("binary",))


MIGHT_HOLD = (r'"(?:blob|image|audio)"', r"\\u")
"""``might_hold`` as expressions, for who looks for others in the same pass."""


def might_hold(raw: bytes) -> bool:
    """Whether a message could hold binary content, by its bytes. An escaped spelling of these names fires a trigger."""
    return holds(raw, b'"blob"') or holds(raw, b'"image"') or holds(raw, b'"audio"') or holds_escapes(raw)


def unreadable(value: Any) -> list[str]:
    """JSON pointers of the base64 strings below ``value`` that do not decode to text."""
    found: list[str] = []
    stack: list[tuple[str, Any]] = [("", value)]
    while stack:
        pointer, node = stack.pop()
        if isinstance(node, dict):
            name = "data" if node.get("type") in ("image", "audio") else "blob"
            content = node.get(name)
            if isinstance(content, str) and content and not is_text(content):
                found.append(f"{pointer}/{name}")
            stack.extend(
                (f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}", child)
                for key, child in node.items()
                if isinstance(child, dict | list)
            )
        elif isinstance(node, list):
            stack.extend((f"{pointer}/{i}", child) for i, child in enumerate(node) if isinstance(child, dict | list))
    return found


def is_text(encoded: str) -> bool:
    """Whether base64 holds text: UTF-8 without control characters but line ends and tabs."""
    whole = len(encoded) <= _LOOKED_AT
    try:
        text = _utf8().decode(base64.b64decode(encoded[:_LOOKED_AT]), final=whole)
    except ValueError:  # no base64, or no UTF-8
        return False
    return all(char.isprintable() or char in "\n\r\t" for char in text)


def emptied(pointers: Sequence[str]) -> list[Edit]:
    """The edits that leave nothing of it: a string of base64 that is empty is still base64."""
    return [Edit(pointer, "") for pointer in pointers]
