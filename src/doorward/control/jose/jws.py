"""A JWS in compact serialization (RFC 7515 §7.1): written; and read once and strictly, a ``Jws`` or nothing.

Header and claims have one reading (no duplicate members, no second spelling in base64url), so that what is judged is
what was signed.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from doorward.core.decode import UndecodableError, decode

MAX_TOKEN = 16 << 10
_DEPTH = 32
_SHAPE = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")

# A header may not bring the key that it is to be judged with, nor say where to fetch it (RFC 7515 §4.1.2 to §4.1.6).
_KEY_BRINGERS = frozenset(("jku", "jwk", "x5u", "x5c"))


class Jws(msgspec.Struct, frozen=True):
    """One signed token, its signature not yet looked at. Prints nothing of it."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes

    @property
    def typ(self) -> str:
        """``typ`` in lower case and without ``application/`` (RFC 7515 §4.1.9); empty where there is none."""
        typ = self.header.get("typ", "")
        return typ.lower().removeprefix("application/") if isinstance(typ, str) else "?"

    def __repr__(self) -> str:
        return "Jws(****)"


def read(token: bytes) -> Jws | None:
    """The parts of a token of at most 16 KiB; None for what is no JWS with JSON objects for header and claims."""
    if len(token) > MAX_TOKEN or not _SHAPE.fullmatch(token):
        return None
    signed, _, signature = token.rpartition(b".")
    header, _, claims = signed.partition(b".")
    try:
        parts = _object(header), _object(claims)
        return Jws(*parts, signed, _bytes(signature))
    except (UndecodableError, ValueError):  # binascii.Error is one
        return None


def compact(header: Mapping[str, Any], claims: Mapping[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """A token that says this. ``sign`` is given what is to be signed (RFC 7515 §5.1)."""
    signed = b".".join(_text(msgspec.json.encode(part)) for part in (header, claims))
    return (signed + b"." + _text(sign(signed))).decode("ascii")


def header_fault(jws: Jws) -> str:
    """What a header holds that no token may hold; empty if nothing.

    ``crit`` is refused whatever it names: no extension of RFC 7515 §4.1.11 is understood here. ``b64`` is one that may
    not stand without it, and not in a JWT (RFC 7797 §6 and §7): who knows it would read other claims.
    """
    if "crit" in jws.header:
        return "its header names extensions as critical (crit) that this gateway does not know"
    if "b64" in jws.header:
        return "its header says that its claims are not encoded (b64)"
    if not _KEY_BRINGERS.isdisjoint(jws.header):
        return "its header brings its own key (jku, jwk, x5u or x5c)"
    if not isinstance(jws.header.get("typ", ""), str) or not isinstance(jws.header.get("kid", ""), str):
        return "its header holds a typ or kid that is no text"
    return ""


def _object(part: bytes) -> dict[str, Any]:
    value = decode(_bytes(part), _DEPTH)
    if type(value) is not dict:
        raise ValueError
    return value


def _bytes(part: bytes) -> bytes:
    """The one way to write these bytes: without padding, and with no bits left over (RFC 4648 §3.5)."""
    try:
        raw = base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError from None
    if _text(raw) != part:
        raise ValueError
    return raw


def _text(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
