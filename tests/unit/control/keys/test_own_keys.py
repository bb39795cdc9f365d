"""Our own key pairs, held against another implementation of the same RFCs."""

import base64
from itertools import count
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from joserfc.jwk import JWKRegistry
from joserfc.jws import JWSRegistry
from tests.tokens import of_joserfc

from doorward.control.keys import own_keys

ALGORITHMS = ("ES256", "Ed25519")


def der(private: Any, password: bytes | None = None) -> bytes:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    written: bytes = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, encryption)
    return written


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_is_signed_is_verified_by_both(algorithm: str) -> None:
    pair = own_keys.make(algorithm)
    model, theirs = JWSRegistry.algorithms[algorithm], of_joserfc(pair)
    public = JWKRegistry.import_key(dict(pair.public))
    assert model.verify(b"message", pair.sign(b"message"), public)
    assert pair.signed(b"message", model.sign(b"message", theirs))
    assert pair.signed(b"message", pair.sign(b"message"))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_anything_else_is_not_signed(algorithm: str) -> None:
    pair, other = own_keys.make(algorithm), own_keys.make(algorithm)
    good = pair.sign(b"message")
    turned = bytes([good[0] ^ 1]) + good[1:]
    for signature in (b"", good[:-1], good + b"\0", bytes(64), b"\xff" * 64, turned, other.sign(b"message")):
        assert not pair.signed(b"message", signature)
    assert not pair.signed(b"massage", good)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_pair_that_was_written_is_the_same_when_it_is_read(algorithm: str) -> None:
    pair = own_keys.make(algorithm)
    again = own_keys.read(algorithm, pair.der())
    assert again == pair != own_keys.make(algorithm)
    assert again.signed(b"message", pair.sign(b"message"))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_its_name_is_the_thumbprint_of_the_rfc(algorithm: str) -> None:
    pair = own_keys.make(algorithm)
    assert own_keys.thumbprint(pair) == JWKRegistry.import_key(dict(pair.public)).thumbprint()


def test_a_small_coordinate_is_written_whole() -> None:
    """RFC 7518 §6.2.1.2: leading zeros belong to it, or others would compute another name."""
    privates = (ec.derive_private_key(number, ec.SECP256R1()) for number in count(1))
    small = next(private for private in privates if private.public_key().public_numbers().x < 1 << 248)
    pair = own_keys.read("ES256", der(small))
    assert len(base64.urlsafe_b64decode(pair.public["x"] + "=")) == 32
    assert own_keys.thumbprint(pair) == of_joserfc(pair).thumbprint()


@pytest.mark.parametrize(
    ("algorithm", "private", "password"),
    [
        ("ES256", ec.generate_private_key(ec.SECP384R1()), None),
        ("ES256", ec.generate_private_key(ec.SECP256K1()), None),
        ("ES256", ec.generate_private_key(ec.SECP256R1()), b"secret"),
        ("Ed25519", ec.generate_private_key(ec.SECP256R1()), None),
        ("Ed25519", ed448.Ed448PrivateKey.generate(), None),
        ("ES256", rsa.generate_private_key(65537, 2048), None),
        ("HS256", ec.generate_private_key(ec.SECP256R1()), None),
    ],
)
def test_a_key_for_something_else_is_none_of_ours(algorithm: str, private: Any, password: bytes | None) -> None:
    with pytest.raises(ValueError, match=r"not a key of ours|for another algorithm"):
        own_keys.read(algorithm, der(private, password))


@pytest.mark.parametrize("text", [b"", b"no key", own_keys.make("ES256").der()[:-9]])
def test_what_is_no_key_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        own_keys.read("ES256", text)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_pair_says_nothing_of_itself(algorithm: str) -> None:
    assert repr(own_keys.make(algorithm)).startswith("<doorward.control.keys.own_keys.")
