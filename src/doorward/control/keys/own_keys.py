"""A key pair of ours, which signs grants: made, read, named, signed with and verified with.

``ES256`` (RFC 7518 §3.4) or ``Ed25519`` (RFC 8037, RFC 9864), on ``cryptography`` alone. joserfc, which reads the keys
of others, brings X.509 with it: a megabyte and a half of each worker, and 30 ms of its start.
"""

import base64
import hashlib
from abc import ABC, abstractmethod

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

_SIZE = 32
"""Bytes of a coordinate, and of each half of a signature, on P-256."""


class Pair(ABC):
    """Both halves; prints neither. ``public`` are the members of a JWK that make it this key (RFC 7518 §6.2.1, RFC 8037
    §2), and no more.
    """

    public: dict[str, str]

    @abstractmethod
    def der(self) -> bytes:
        """The private half, as PKCS #8."""

    @abstractmethod
    def sign(self, message: bytes) -> bytes:
        """The signature, as a JWS has it."""

    @abstractmethod
    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether ``signature`` is ours, of this message."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pair) and self.public == other.public

    def __hash__(self) -> int:
        return hash(tuple(self.public.values()))


def make(algorithm: str) -> Pair:
    """A new pair for ``ES256`` or ``Ed25519``."""
    return _P256(generate_private_key(SECP256R1())) if algorithm == "ES256" else _Ed25519(Ed25519PrivateKey.generate())


def read(algorithm: str, der: bytes) -> Pair:
    """What ``Pair.der`` gave. Raises ``ValueError`` for all else, a key for another algorithm included."""
    try:
        private = load_der_private_key(der, password=None)
    except (TypeError, UnsupportedAlgorithm):  # encrypted, or of a kind that is not known here
        raise ValueError("not a key of ours") from None
    if algorithm == "ES256" and isinstance(private, EllipticCurvePrivateKey) and isinstance(private.curve, SECP256R1):
        return _P256(private)
    if algorithm == "Ed25519" and isinstance(private, Ed25519PrivateKey):
        return _Ed25519(private)
    raise ValueError("a key for another algorithm")


def thumbprint(pair: Pair) -> str:
    """Its name (RFC 7638 §3)."""
    return _text(hashlib.sha256(msgspec.json.encode(pair.public, order="sorted")).digest())


class _P256(Pair):
    def __init__(self, private: EllipticCurvePrivateKey) -> None:
        self._private = private
        self._public = private.public_key()
        numbers = self._public.public_numbers()
        x, y = (_text(number.to_bytes(_SIZE)) for number in (numbers.x, numbers.y))
        self.public = {"kty": "EC", "crv": "P-256", "x": x, "y": y}

    def der(self) -> bytes:
        return self._private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())

    def sign(self, message: bytes) -> bytes:
        r, s = decode_dss_signature(self._private.sign(message, ECDSA(SHA256())))
        return r.to_bytes(_SIZE) + s.to_bytes(_SIZE)

    def signed(self, message: bytes, signature: bytes) -> bool:
        if len(signature) != 2 * _SIZE:
            return False
        r, s = int.from_bytes(signature[:_SIZE]), int.from_bytes(signature[_SIZE:])
        try:
            self._public.verify(encode_dss_signature(r, s), message, ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


class _Ed25519(Pair):
    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self._public = private.public_key()
        self.public = {"kty": "OKP", "crv": "Ed25519", "x": _text(self._public.public_bytes_raw())}

    def der(self) -> bytes:
        return self._private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)

    def signed(self, message: bytes, signature: bytes) -> bool:
        try:
            self._public.verify(signature, message)
        except InvalidSignature:
            return False
        return True


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
