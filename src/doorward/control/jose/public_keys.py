"""The public keys of one issuer (RFC 7517), and whether a signature is by one of them.

joserfc is loaded with the first key set, not with this module: most gateways have no issuer, and it takes a megabyte
and a half. ``load`` is for who will have one, so that no call waits for it.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec

from doorward.control.jose.jws import Jws

if TYPE_CHECKING:
    from joserfc.jwk import Key

MAX_KEYS = 100
_MIN_RSA = 2048  # bits (RFC 7518 §3.3)
_MAX_RSA = 8192  # bits: beyond it a check takes milliseconds

# Only public members are read: a symmetric key is none of these kinds, and a private part is left where it is.
_MEMBERS = {"EC": ("crv", "x", "y"), "RSA": ("n", "e"), "OKP": ("crv", "x")}
_KIND = {"ES": "EC", "PS": "RSA", "RS": "RSA", "Ed": "OKP"}  # by the first letters of the algorithm
_CURVE = {
    "ES256": ("P-256",),
    "ES384": ("P-384",),
    "ES512": ("P-521",),
    "EdDSA": ("Ed25519", "Ed448"),
    "Ed25519": ("Ed25519",),  # RFC 9864
}


class PublicKey(msgspec.Struct, frozen=True):
    """One key and what its document says about it; ``alg`` and ``kid`` are empty where it says nothing."""

    kid: str
    kty: str
    curve: str
    alg: str
    key: "Key"

    def suits(self, algorithm: str) -> bool:
        """Whether this kind of key makes signatures of that kind: no algorithm is ever chosen by the token alone."""
        if self.kty != _KIND.get(algorithm[:2]) or self.alg not in ("", algorithm):
            return False
        return algorithm not in _CURVE or self.curve in _CURVE[algorithm]


class KeySet(msgspec.Struct, frozen=True):
    """An issuer's keys; ``digest`` differs when they do."""

    keys: tuple[PublicKey, ...]
    digest: str

    def candidates(self, jws: Jws, algorithm: str) -> list[PublicKey]:
        """The keys that the token may mean: those of its ``kid``; without one the only key that suits, if it is one."""
        suiting = [key for key in self.keys if key.suits(algorithm)]
        if "kid" in jws.header:
            return [key for key in suiting if key.kid == jws.header["kid"]]
        return suiting if len(suiting) == 1 else []


def load() -> None:
    """What reads keys and judges signatures, now."""
    import_module("joserfc.jws")


def key_set(document: Mapping[str, Any]) -> KeySet | None:
    """The usable keys of a JWK set; None if the document is none, or holds no usable key.

    Keys of other kinds, for encryption, too short or damaged are left out, as RFC 7517 §5 wants it.
    """
    found = document.get("keys")
    if type(found) is not list or len(found) > MAX_KEYS:
        return None
    keys = tuple(key for key in map(_public, found) if key is not None)
    if not keys:
        return None
    spelt = json.dumps([[key.kid, key.alg, key.key.thumbprint()] for key in keys])
    return KeySet(keys, hashlib.sha256(spelt.encode()).hexdigest())


def signed_by(jws: Jws, algorithm: str, key: PublicKey) -> bool:
    """Whether the signature is ``key``'s by ``algorithm``; the caller has checked that it ``suits``."""
    from joserfc.jws import JWSRegistry

    # The model itself, without joserfc's reading of the token: there is one reading, and it has happened.
    return JWSRegistry.algorithms[algorithm].verify(jws.signed, jws.signature, key.key)


def _public(found: object) -> PublicKey | None:
    if type(found) is not dict or not _for_signatures(found):
        return None
    kty = found.get("kty")
    if not isinstance(kty, str) or kty not in _MEMBERS:
        return None
    members = {name: found.get(name) for name in ("kty", *_MEMBERS[kty])}
    kid, alg = found.get("kid", ""), found.get("alg", "")
    if not all(isinstance(value, str) for value in (*members.values(), kid, alg)):
        return None
    key = _imported(kty, members)
    return None if key is None else PublicKey(kid, kty, str(found.get("crv", "")), alg, key)


def _for_signatures(found: Mapping[str, Any]) -> bool:
    operations = found.get("key_ops", ["verify"])
    return found.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _imported(kty: str, members: Mapping[str, Any]) -> "Key | None":
    from joserfc.errors import JoseError
    from joserfc.jwk import JWKRegistry

    try:
        if kty == "RSA" and not _MIN_RSA <= _bits(members["n"]) <= _MAX_RSA:
            return None
        return JWKRegistry.import_key(dict(members))
    except (JoseError, ValueError, KeyError, TypeError):
        return None  # damaged, or of a curve that is not known


def _bits(modulus: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(modulus + "=" * (-len(modulus) % 4))).bit_length()
