"""Whom to answer when a body was refused as text: the ids that are clear in spite of it.

An error with the caller's own id ends one call; an error without an id can end a client's whole session.
"""

import jiter
import msgspec

from doorward.core import scan
from doorward.core.envelope import MessageId, is_exact_integer
from doorward.core.methods import fold

# Bounds that keep the search to some milliseconds, whatever the text.
_MAX_BRACKETS = 20_000
_MAX_MEMBERS = 200
_MAX_ELEMENTS = 100

_ANSWERS = frozenset({"result", "error"})
_Skim = tuple[MessageId | None, bool, bool]


def starts_array(raw: bytes) -> bool:
    """Whether the first byte that is no whitespace opens an array."""
    return scan.is_array(raw, scan.start(raw))


def salvage(raw: bytes, batches: bool) -> tuple[MessageId | None, tuple[MessageId, ...]]:
    """The clear id of a refused message, and the clear ids of a refused batch's requests."""
    if raw.count(b"{") + raw.count(b"[") > _MAX_BRACKETS:
        return None, ()
    position = scan.start(raw)
    try:
        if scan.is_object(raw, position):
            end, (ident, _, _) = _skim(raw, position)
            return (ident if scan.start(raw, end) == len(raw) else None), ()
        if batches and scan.is_array(raw, position):
            return None, _requests(raw, position)
    except (ValueError, msgspec.DecodeError):
        pass  # the text is broken at its top level: nothing in it is clear
    return None, ()


def answered(raw: bytes) -> MessageId | None:
    """The clear id of a refused message that has a result or an error: whoever waits for it gets no other answer."""
    if raw.count(b"{") + raw.count(b"[") > _MAX_BRACKETS:
        return None
    position = scan.start(raw)
    try:
        if not scan.is_object(raw, position):
            return None
        end, (ident, calls, answers) = _skim(raw, position)
    except (ValueError, msgspec.DecodeError):
        return None
    return ident if answers and not calls and scan.start(raw, end) == len(raw) else None


def _requests(raw: bytes, position: int) -> tuple[MessageId, ...]:
    found: list[MessageId] = []

    def visit(index: int, value: int) -> int:
        if index >= _MAX_ELEMENTS:
            raise ValueError("more elements than a batch may have")
        if not scan.is_object(raw, value):
            return scan.skip(raw, value)
        end, (ident, calls, _) = _skim(raw, value)
        if calls and ident is not None:
            found.append(ident)
        return end

    end = scan.each_element(raw, position, visit)
    return tuple(found) if scan.start(raw, end) == len(raw) else ()


def _skim(raw: bytes, position: int) -> tuple[int, _Skim]:
    """The offset behind an object, its id where every reader takes it alike, and whether it has a method, or a result
    or an error.
    """
    idents: list[bytes] = []
    calls = answers = False
    members = 0

    def visit(begin: int, end: int, value: int) -> int:
        nonlocal answers, calls, members
        members += 1
        if members > _MAX_MEMBERS:
            raise ValueError("more members than a message has")
        name = scan.name_of(raw[begin:end])
        behind = scan.skip(raw, value)
        if fold(name) == "id":
            idents.append(raw[value:behind] if name == "id" else b"null")
        calls = calls or name == "method"
        answers = answers or fold(name) in _ANSWERS
        return behind

    behind = scan.each_member(raw, position, visit)
    return behind, (_ident(idents[0]) if len(idents) == 1 else None, calls, answers)


def _ident(text: bytes) -> MessageId | None:
    value = jiter.from_json(text, allow_inf_nan=False, float_mode="lossless-float")
    return value if type(value) is str or is_exact_integer(value) else None
