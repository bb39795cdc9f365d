from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from tests.issuer import Provider, encoded

from doorward.control.jose.jws import Jws, read
from doorward.control.jose.public_keys import MAX_KEYS, key_set, signed_by


def described(key: Any, **more: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), **more}


def token(provider: Provider, **header: Any) -> Jws:
    jws = read(provider.token(header))
    assert jws is not None
    return jws


EC = described(ECKey.generate_key("P-256"), kid="ec")


def test_usable_keys_are_kept_and_others_left_out() -> None:
    rsa = RSAKey.generate_key(2048)
    keys = key_set(
        {
            "keys": [
                EC,
                described(rsa, kid="rsa"),
                described(OKPKey.generate_key("Ed25519"), kid="okp"),
                OctKey.generate_key(256).as_dict(),
                {**EC, "use": "enc"},
                {**EC, "key_ops": ["sign"]},
                {**EC, "crv": "P-999"},
                {**EC, "x": "AAAA"},
                {**EC, "x": 7},
                {**EC, "kid": 7},
                {**described(rsa), "n": "AQAB"},
                {**described(rsa), "n": "é"},
                {**described(rsa), "e": "AA"},
                {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
                {"kty": "AKP"},
                {**EC, "kty": ["EC"]},
                {**EC, "kty": {}},
                "text",
                None,
            ]
        }
    )
    assert keys is not None
    assert [key.kid for key in keys.keys] == ["ec", "rsa", "okp"]


@pytest.mark.parametrize("document", [{}, {"keys": {}}, {"keys": []}, {"keys": [{}]}, {"keys": [EC] * (MAX_KEYS + 1)}])
def test_what_is_no_usable_key_set(document: dict[str, Any]) -> None:
    assert key_set(document) is None


@pytest.mark.parametrize("bits", [1024, 2047, 8193, 16384])
def test_an_rsa_key_is_neither_short_nor_endless(bits: int) -> None:
    modulus = encoded((1 << bits - 1 | 1).to_bytes((bits + 7) // 8)).decode()
    assert key_set({"keys": [{"kty": "RSA", "n": modulus, "e": "AQAB"}]}) is None


def test_the_private_part_of_a_key_is_left_where_it_is() -> None:
    keys = key_set({"keys": [ECKey.generate_key("P-256").as_dict(private=True)]})
    assert keys is not None
    assert not keys.keys[0].key.is_private


def test_an_algorithm_needs_its_kind_of_key_and_curve() -> None:
    keys = key_set({"keys": [EC, described(ECKey.generate_key("P-384"), kid="384"), {**EC, "alg": "ES384"}]})
    assert keys is not None
    p256, p384, misnamed = keys.keys
    assert p256.suits("ES256")
    assert not any(p256.suits(other) for other in ("ES384", "RS256", "PS256", "EdDSA", "Ed25519", "HS256", "none", ""))
    assert p384.suits("ES384")
    assert not p384.suits("ES256")
    assert not misnamed.suits("ES256")


def test_keys_are_found_by_kid_or_by_being_the_only_one() -> None:
    provider = Provider()
    one = key_set(provider.jwks())
    provider.rotate("k-2")
    two = key_set(provider.jwks())
    assert one is not None
    assert two is not None
    assert [key.kid for key in two.candidates(token(provider), "ES256")] == ["k-2"]
    assert one.candidates(token(provider), "ES256") == []
    assert [key.kid for key in one.candidates(token(provider, kid=None), "ES256")] == ["k-1"]
    assert two.candidates(token(provider, kid=None), "ES256") == []
    assert two.candidates(token(provider), "RS256") == []


def test_the_digest_follows_the_keys() -> None:
    provider = Provider()
    first = key_set(provider.jwks())
    again = key_set(provider.jwks())
    provider.rotate("k-1", keep=False)
    other = key_set(provider.jwks())
    assert first is not None
    assert again is not None
    assert other is not None
    assert first.digest == again.digest != other.digest


@pytest.mark.parametrize("kind", ["EC", "RSA", "OKP"])
def test_a_signature_is_checked(kind: str) -> None:
    provider = Provider()
    provider.rotate("k", kind, keep=False)
    keys = key_set(provider.jwks())
    assert keys is not None
    jws = token(provider)
    algorithm = jws.header["alg"]
    assert signed_by(jws, algorithm, keys.keys[0])
    for signature in (b"", b"\0" * len(jws.signature), jws.signature[:-1], jws.signature + b"\0"):
        assert not signed_by(Jws(jws.header, jws.claims, jws.signed, signature), algorithm, keys.keys[0])
    assert not signed_by(Jws(jws.header, jws.claims, jws.signed + b"x", jws.signature), algorithm, keys.keys[0])
