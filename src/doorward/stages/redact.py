"""message x findings -> message: only the found spans differ, every other byte is as it came."""

import hmac
from collections.abc import Mapping, Sequence

import msgspec

from doorward.core import scan
from doorward.core.finding import Finding, Text
from doorward.core.message import Edit, splice

REDACTION_KEY = "io.doorward/redaction"


def redact(raw: bytes, findings: Sequence[Finding], styles: Mapping[str, str], key: bytes) -> bytes:
    """Replace each finding in ``raw``. ``findings`` must not overlap; ``key`` is for the ``hash`` style.

    Raises ValueError where it cannot be done (the caller refuses the message): nothing is ever half redacted.
    """
    by_text: dict[tuple[str, bool], list[Finding]] = {}
    for finding in findings:
        by_text.setdefault((finding.text.pointer, finding.text.key), []).append(finding)
    names: set[tuple[str, str]] = set()
    edits = []
    for (pointer, is_key), found in by_text.items():
        new = redacted_text(found[0].text, found, styles, key)
        edits.append(Edit(pointer, _unique(names, pointer, new) if is_key else new, key=is_key))
    return splice(raw, edits)


def _unique(names: set[tuple[str, str]], pointer: str, new: str) -> str:
    """Two members of one object must not get one name: the second becomes ``<ENTITY>_2``, and so on."""
    place = pointer.rpartition("/")[0]
    unique, count = new, 1
    while (place, unique) in names:
        count += 1
        unique = f"{new}_{count}"
    names.add((place, unique))
    return unique


def redacted_text(text: Text, findings: Sequence[Finding], styles: Mapping[str, str], key: bytes) -> str:
    """One string with its findings replaced."""
    pieces: list[str] = []
    done = 0
    for finding in sorted(findings, key=lambda f: f.start):
        pieces.append(text.string[done : finding.start])
        pieces.append(replacement(text.string[finding.start : finding.end], finding.entity, styles, key))
        done = finding.end
    pieces.append(text.string[done:])
    return "".join(pieces)


def replacement(value: str, entity: str, styles: Mapping[str, str], key: bytes) -> str:
    """What stands for a value: the same value gets the same replacement everywhere."""
    style = styles.get(entity) or styles.get("default", "placeholder")
    if style == "mask":
        return "*" * len(value)
    if style == "last4":
        return "*" * max(0, len(value) - 4) + value[-4:] if len(value) > 4 else "*" * len(value)
    if style == "hash":
        return f"<{entity}:{hmac.digest(key, value.encode(), 'sha256').hex()[:16]}>"
    return f"<{entity}>"


def mark(raw: bytes, entities: Mapping[str, int]) -> bytes:
    """The response with ``_meta["io.doorward/redaction"]`` in its result, so that programs see that it was changed.

    ``raw`` must be a readable response. A result that is no object, or an error, is returned as it is.
    """
    note = msgspec.json.encode({"count": sum(entities.values()), "entities": sorted(entities)})
    member = f'"{REDACTION_KEY}":'.encode() + note
    result = _member(raw, scan.start(raw), b'"result"')
    if result is None or not scan.is_object(raw, result):
        return raw
    meta = _member(raw, result, b'"_meta"')
    if meta is not None and scan.is_object(raw, meta):
        forged = _member(raw, meta, f'"{REDACTION_KEY}"'.encode())
        if forged is not None:  # the server may not speak for the gateway, and two members of one name have no reading
            return raw[:forged] + note + raw[scan.skip(raw, forged) :]
        return _insert(raw, meta, member)
    if meta is not None:
        return raw  # a _meta that is no object is not ours to mend
    return _insert(raw, result, b'"_meta":{' + member + b"}")


def _insert(raw: bytes, position: int, member: bytes) -> bytes:
    """``member`` as the first one of the object at ``position``."""
    inside = scan.start(raw, position + 1)
    comma = b"" if raw[inside : inside + 1] == b"}" else b","
    return raw[: position + 1] + member + comma + raw[position + 1 :]


def _member(raw: bytes, position: int, name: bytes) -> int | None:
    """The offset of a member's value. The name is compared as it is mostly spelt; an escaped spelling is decoded."""
    found: list[int] = []

    def visit(begin: int, end: int, value: int) -> int:
        quoted = raw[begin:end]
        if quoted == name or (b"\\" in quoted and scan.name_of(quoted) == name[1:-1].decode()):
            found.append(value)
        return scan.skip(raw, value)

    scan.each_member(raw, position, visit)
    return found[0] if found else None
