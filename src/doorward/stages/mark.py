"""What a changed result says of itself: that it was redacted, and that no shared cache may keep it."""

from collections.abc import Mapping

import msgspec

from doorward.core import scan

REDACTION_KEY = "io.doorward/redaction"


def mark(raw: bytes, entities: Mapping[str, int], arguments: Mapping[str, int] | None = None) -> bytes:
    """The response with ``_meta["io.doorward/redaction"]`` in its result, so that programs see that it was changed.

    ``entities``: how many of each were replaced in it; ``arguments``: in the arguments that it answers. ``raw`` must
    be a readable response. A result that is no object, or an error, is returned as it is.
    """
    said = _said(entities)
    if arguments:
        said["arguments"] = _said(arguments)
    note = msgspec.json.encode(said)
    member = f'"{REDACTION_KEY}":'.encode() + note
    result = _result(raw)
    if result is None:
        return raw
    # Looking for it means to step over all that the result holds.
    meta = _member(raw, result, b'"_meta"') if b'"_meta"' in raw or b"\\u" in raw else None
    if meta is not None and scan.is_object(raw, meta):
        forged = _member(raw, meta, f'"{REDACTION_KEY}"'.encode())
        if forged is not None:  # the server may not speak for the gateway, and two members of one name have no reading
            return raw[:forged] + note + raw[scan.skip(raw, forged) :]
        return _insert(raw, meta, member)
    if meta is not None:
        return raw  # a _meta that is no object is not ours to mend
    return _insert(raw, result, b'"_meta":{' + member + b"}")


def private(raw: bytes) -> bytes:
    """The response with ``cacheScope: private``, if it may be cached at all: what was changed for one caller is not
    for another (MCP 2026-07-28 server/utilities/caching). ``raw`` itself where nothing is to be changed.
    """
    if b"cacheScope" not in raw and b"ttlMs" not in raw and b"\\u" not in raw:
        return raw
    result = _result(raw)
    if result is None:
        return raw
    scope = _member(raw, result, b'"cacheScope"')
    if scope is not None:
        end = scan.skip(raw, scope)
        return raw if raw[scope:end] == b'"private"' else raw[:scope] + b'"private"' + raw[end:]
    if _member(raw, result, b'"ttlMs"') is not None:
        return _insert(raw, result, b'"cacheScope":"private"')
    return raw


def _said(entities: Mapping[str, int]) -> dict[str, object]:
    return {"count": sum(entities.values()), "entities": sorted(entities)}


def _result(raw: bytes) -> int | None:
    """The offset of the result, if it is an object."""
    result = _member(raw, scan.start(raw), b'"result"')
    return result if result is not None and scan.is_object(raw, result) else None


def _insert(raw: bytes, position: int, member: bytes) -> bytes:
    """``member`` as the first one of the object at ``position``."""
    inside = scan.start(raw, position + 1)
    comma = b"" if raw[inside : inside + 1] == b"}" else b","
    return raw[: position + 1] + member + comma + raw[position + 1 :]


class _Found(Exception):
    """Ends a walk; no error."""

    def __init__(self, position: int) -> None:
        self.position = position


def _member(raw: bytes, position: int, name: bytes) -> int | None:
    """The offset of a member's value. The name is compared as it is mostly spelt; an escaped spelling is decoded."""

    def visit(begin: int, end: int, value: int) -> int:
        quoted = raw[begin:end]
        if quoted == name or (b"\\" in quoted and scan.name_of(quoted) == name[1:-1].decode()):
            raise _Found(value)
        return scan.skip(raw, value)

    try:
        scan.each_member(raw, position, visit)
    except _Found as found:
        return found.position
    return None
