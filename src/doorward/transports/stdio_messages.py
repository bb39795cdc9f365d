"""What has to be known of a line to bring it to the right place: its kind, its ids, its progress token. No rule.

Lines keep their bytes. Whether they have one clear reading is the pipeline's to judge; here the last of two equal
members counts, and a line that is no JSON-RPC message at all belongs to nobody.
"""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from doorward.core.salvage import answered

Id = int | str
"""A JSON-RPC id. 1 and "1" are two ids, in Python's tables too."""

Kind = Literal["request", "notification", "response"]

_MAX_BATCH = 100


class _Envelope(msgspec.Struct, gc=False):
    id: int | str | UnsetType | None = UNSET
    method: str | UnsetType = UNSET
    params: msgspec.Raw | UnsetType = UNSET
    result: msgspec.Raw | UnsetType = UNSET
    error: msgspec.Raw | UnsetType = UNSET


class _Meta(msgspec.Struct, gc=False):
    token: int | str | UnsetType = msgspec.field(default=UNSET, name="progressToken")


class _Asked(msgspec.Struct, gc=False):
    meta: _Meta | UnsetType = msgspec.field(default=UNSET, name="_meta")


class _Told(msgspec.Struct, gc=False):
    token: int | str | UnsetType = msgspec.field(default=UNSET, name="progressToken")


class _Error(msgspec.Struct, gc=False):
    code: int


_envelope = msgspec.json.Decoder(_Envelope)
_asked = msgspec.json.Decoder(_Asked)
_told = msgspec.json.Decoder(_Told)
_error = msgspec.json.Decoder(_Error)
_elements = msgspec.json.Decoder(list[msgspec.Raw])


class Line(msgspec.Struct, frozen=True, gc=False):
    """One message. ``id`` is None for a notification, and for an error that does not say what it answers.

    ``token``: in a progress notification the token that it is for, in a request the one that its progress shall carry.
    ``code``: of an error response.
    """

    raw: bytes
    kind: Kind
    id: Id | None = None
    method: str = ""
    token: Id | None = None
    code: int | None = None


def read_line(raw: bytes) -> Line | tuple[Line, ...] | None:
    """One message, the messages of a batch (revisions up to 2025-03-26), or None for what is neither."""
    if raw.lstrip()[:1] == b"[":
        try:
            elements = _elements.decode(raw)
        except (msgspec.MsgspecError, RecursionError):
            return None
        if not 1 <= len(elements) <= _MAX_BATCH:
            return None
        found = tuple(line for element in elements if (line := _one(bytes(element))) is not None)
        return found if len(found) == len(elements) else None
    return _one(raw)


def unclear_answer(raw: bytes) -> Line | None:
    """A line that is no message to us, but whose answer it should be is plain: NaN in a result, or bytes that are no
    UTF-8.
    """
    identifier = answered(raw)
    return None if identifier is None else Line(raw, "response", identifier)


def _one(raw: bytes) -> Line | None:
    try:
        envelope = _envelope.decode(raw)
    except (msgspec.MsgspecError, RecursionError):
        return None
    if envelope.method is UNSET:
        return _response(raw, envelope)
    if envelope.id is UNSET:
        return _notification(raw, envelope.method, envelope.params)
    if envelope.id is None:
        return None  # MCP: the id of a request is never null
    return Line(raw, "request", envelope.id, envelope.method, _token(envelope.params))


def _notification(raw: bytes, method: str, params: msgspec.Raw | UnsetType) -> Line:
    if params is not UNSET and method == "notifications/progress":
        try:
            return Line(raw, "notification", None, method, _known(_told.decode(params).token))
        except (msgspec.MsgspecError, RecursionError):
            pass  # whose progress it is cannot be known
    return Line(raw, "notification", None, method)


def _token(params: msgspec.Raw | UnsetType) -> Id | None:
    if params is UNSET:
        return None
    try:
        meta = _asked.decode(params).meta
    except (msgspec.MsgspecError, RecursionError):
        return None
    return None if meta is UNSET else _known(meta.token)


def _response(raw: bytes, envelope: _Envelope) -> Line | None:
    error = envelope.error
    if error is UNSET or bytes(error) == b"null":
        answers = envelope.result is not UNSET and envelope.id is not UNSET and envelope.id is not None
        return Line(raw, "response", _known(envelope.id)) if answers else None
    return Line(raw, "response", _known(envelope.id), code=_code(error))


def _code(error: msgspec.Raw) -> int | None:
    try:
        return _error.decode(error).code
    except (msgspec.MsgspecError, RecursionError):
        return None


def _known(value: Id | UnsetType | None) -> Id | None:
    return None if value is UNSET else value
