"""Headers that repeat the body -> Decision (MCP 2026-07-28, streamable HTTP, "Standard Request Headers", "Server
Validation").

The policy rests on the body alone. These checks only make sure that nobody on the way can be told something else by a
header.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from doorward.core.decision import ALLOW, Decision, Effect, Reason
from doorward.core.exchange import Headers, Inbound
from doorward.core.message import LosslessFloat, Message, Request, Response
from doorward.core.methods import is_modern, method_entry
from doorward.core.policy import Severity

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
PARAM_PREFIX = b"mcp-param-"
_SENTINEL = re.compile(rb"=\?base64\?([A-Za-z0-9+/]*={0,2})\?=")
_REVISION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DECIMAL = re.compile(r"-?[0-9]{1,40}(\.0+)?")
_NUMBER = (int, float, LosslessFloat)

ParamMap = Mapping[bytes, tuple[tuple[str, ...], str]]
"""Lower-case header name -> (path of property names in ``arguments``, JSON Schema type), from one tool's
``inputSchema``.
"""


def stated_version(message: Message) -> str | None:
    """The protocol version that the body itself states, or None."""
    if isinstance(message, Response):
        return None
    meta = message.params.get("_meta")
    if not isinstance(meta, dict):
        return None
    version = meta.get(VERSION_KEY)
    return version if isinstance(version, str) else None


@lru_cache(maxsize=64)
def states_modern(version: str | None) -> bool:
    """Whether a stated version is a modern revision. What is no date is left to the server to refuse."""
    return version is not None and _REVISION.fullmatch(version) is not None and is_modern(version)


def compare(inbound: Inbound, message: Message | None, sealed_version: str | None, params: ParamMap | None) -> Decision:
    """Every mirrored header against the body, the first difference decides. GET and DELETE have a version only.

    ``sealed_version``: the version that the session was made with; a header that says otherwise is refused, so that
    nobody leaves the era by a header. ``params``: what the tool's schema says about ``Mcp-Param-*``, None if it is not
    known.
    """
    if inbound.version_count > 1:
        return _refuse(Reason.HEADER_DUPLICATE, "MCP-Protocol-Version is sent more than once")
    header = inbound.version.decode("latin-1") if inbound.version is not None else None
    stated = stated_version(message) if message is not None else None
    if sealed_version is not None and header is not None and header != sealed_version:
        return _refuse(Reason.HEADER_VERSION, "MCP-Protocol-Version is not the version of this session")
    if sealed_version is not None and stated is not None and stated != sealed_version:
        return _refuse(Reason.HEADER_VERSION, "the version in _meta is not the version of this session")
    if message is None:
        return ALLOW
    if stated is not None and header is not None and stated != header:
        return _refuse(Reason.HEADER_MISMATCH, "MCP-Protocol-Version is not the version in _meta")
    modern = states_modern(stated) or states_modern(header)
    if modern and header is None:
        return _refuse(Reason.HEADER_MISSING, "MCP-Protocol-Version is missing")
    if not inbound.mirrors:
        required = modern and isinstance(message, Request)
        return _refuse(Reason.HEADER_MISSING, "Mcp-Method is missing") if required else ALLOW
    return _compare_mirrors(inbound.mirrors, message, modern, params)


def _compare_mirrors(mirrors: Headers, message: Message, modern: bool, params: ParamMap | None) -> Decision:
    seen = dict(mirrors)
    if len(seen) < len(mirrors):
        names = [name for name, _ in mirrors]
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        return _refuse(Reason.HEADER_DUPLICATE, f"{_shown(twice)} is sent more than once")
    if isinstance(message, Response):
        return ALLOW
    required = modern and isinstance(message, Request)
    decision = _compare_one(b"mcp-method", seen, message.method, required)
    if decision is not ALLOW:
        return decision
    parameter = method_entry(message.method).name_param
    target = message.params.get(parameter) if parameter is not None else None
    if isinstance(target, str) or (parameter is not None and b"mcp-name" in seen):
        decision = _compare_one(b"mcp-name", seen, target, required)
        if decision is not ALLOW:
            return decision
    if params and isinstance(message, Request) and message.method == "tools/call":
        return _compare_params(seen, message.params.get("arguments"), params, required)
    return ALLOW


def _compare_one(name: bytes, seen: Mapping[bytes, bytes], expected: Any, required: bool) -> Decision:
    value = seen.get(name)
    if value is None:
        return _refuse(Reason.HEADER_MISSING, f"{_shown(name)} is missing") if required else ALLOW
    decoded = decode(value)
    if decoded is None:
        return _refuse(Reason.HEADER_MALFORMED, f"{_shown(name)} is not a well-formed value")
    if decoded != expected:
        return _refuse(Reason.HEADER_MISMATCH, f"{_shown(name)} says something else than the body")
    return ALLOW


def _compare_params(seen: Mapping[bytes, bytes], arguments: Any, params: ParamMap, required: bool) -> Decision:
    for name, (path, kind) in params.items():
        raw, value = seen.get(name), at(arguments, path)
        if value is None and raw is None:
            continue
        if raw is None:
            if required and isinstance(value, str | bool | int):
                return _refuse(Reason.HEADER_MISSING, f"{_shown(name)} is missing, its argument is there")
            continue
        decoded = decode(raw)
        if decoded is None:
            return _refuse(Reason.HEADER_MALFORMED, f"{_shown(name)} is not a well-formed value")
        if value is None or not _same(decoded, value, kind):
            return _refuse(Reason.HEADER_MISMATCH, f"{_shown(name)} says something else than the argument")
    return ALLOW


def _same(decoded: str, value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return decoded == ("true" if value else "false")
    if isinstance(value, str):
        return decoded == value
    spelt = str(value)
    if kind == "integer" and _DECIMAL.fullmatch(decoded) and _DECIMAL.fullmatch(spelt):
        return int(decoded.partition(".")[0]) == int(spelt.partition(".")[0])  # "integers compared numerically"
    return decoded == spelt


def remirrored(headers: Headers, before: Message | None, after: Message) -> Headers:
    """Every ``Mcp-Param-*`` and ``Mcp-Name`` whose decoded value is a string or number that was redacted, replaced
    alike.
    """
    if not isinstance(before, Request) or not isinstance(after, Request):
        return headers
    changed = dict(_changed_strings(before.params, after.params))
    return tuple((name, _replaced(name, value, changed)) for name, value in headers) if changed else headers


def _replaced(name: bytes, value: bytes, changed: Mapping[str, str]) -> bytes:
    decoded = decode(value) if name == b"mcp-name" or name.startswith(PARAM_PREFIX) else None
    return encode(changed[decoded]) if decoded is not None and decoded in changed else value


def _changed_strings(old: object, new: object) -> list[tuple[str, str]]:
    """The strings, and numbers as text, that differ between a message's arguments before and after redaction (same
    shape, same order).
    """
    pairs: list[tuple[str, str]] = []
    stack = [(old, new)]
    while stack:
        left, right = stack.pop()
        if isinstance(left, str) and isinstance(right, str) and left != right:
            pairs.append((left, right))
        elif isinstance(left, _NUMBER) and isinstance(right, _NUMBER) and str(left) != str(right):
            pairs.append((str(left), str(right)))  # a header repeats a number as text
        elif isinstance(left, dict) and isinstance(right, dict):
            stack.extend(zip(left.values(), right.values(), strict=True))
        elif isinstance(left, list) and isinstance(right, list):
            stack.extend(zip(left, right, strict=True))
    return pairs


def at(value: Any, path: tuple[str, ...]) -> Any:
    """The member at a path of names, or None."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def decode(value: bytes) -> str | None:
    """A header's text with the base64 sentinel undone; None if it is malformed (not canonical, not UTF-8, control
    bytes).
    """
    if not value.startswith(b"=?"):
        return value.decode("ascii") if value.isascii() else None
    match = _SENTINEL.fullmatch(value)
    if match is None:
        if value.startswith(b"=?base64?") and value.endswith(b"?="):
            return None
        return value.decode("ascii") if value.isascii() else None
    try:
        decoded = base64.b64decode(match[1], validate=True)
        if base64.b64encode(decoded) != match[1]:
            return None
        return decoded.decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None


def encode(text: str) -> bytes:
    """The inverse of ``decode``: plain where a header can hold it, else with the sentinel."""
    plain = text.isascii() and text.isprintable() and text == text.strip()
    if plain and not (text.startswith("=?base64?") and text.endswith("?=")):
        return text.encode("ascii")
    return b"=?base64?" + base64.b64encode(text.encode("utf-8")) + b"?="


def param_map(schema: Any) -> dict[bytes, tuple[tuple[str, ...], str]]:
    """``x-mcp-header`` annotations of one ``inputSchema``: those reachable from the root through ``properties`` alone.

    A schema with an annotation that is not valid gives an empty map: a client must drop such a tool and sends nothing.
    """
    found: dict[bytes, tuple[tuple[str, ...], str]] = {}
    stack: list[tuple[tuple[str, ...], Any]] = [((), schema)]
    while stack:
        path, node = stack.pop()
        properties = node.get("properties") if isinstance(node, dict) else None
        if isinstance(properties, dict) and len(path) < 16:
            stack.extend(((*path, name), child) for name, child in properties.items())
        if not path or not isinstance(node, dict) or "x-mcp-header" not in node:
            continue
        token, kind = node["x-mcp-header"], node.get("type")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token) or kind not in ("string", "integer", "boolean"):
            return {}
        name = PARAM_PREFIX + token.lower().encode("ascii")
        if name in found:
            return {}
        found[name] = (path, kind)
    return found


_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}")


def _shown(name: bytes) -> str:
    return name.decode("latin-1").title()


def _refuse(reason: Reason, what: str) -> Decision:
    return Decision(
        Effect.DENY,
        reason,
        Severity.HIGH,
        rules=("header-law",),
        what=what,
        remedy="send each mirrored header once, with the value of the body",
    )
