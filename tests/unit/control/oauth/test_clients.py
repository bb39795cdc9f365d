"""How agents prove to be themselves at the token service."""

import base64
from pathlib import Path
from typing import Any

import msgspec
import pytest
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey
from tests.issuer import compact
from tests.tokens import HASHING, ISSUER, NOW, SECRET, basic, ec_key, signed, unsigned, with_secret

from doorward.config import Agent
from doorward.configtypes import InvalidConfiguration, Reference
from doorward.control.jose.claims import InvalidToken
from doorward.control.oauth.clients import (
    Client,
    Credentials,
    compile_clients,
    read_assertion,
    read_basic,
    right_secret,
)
from doorward.core.decision import Reason

CI = "agent:ci"


def keyed(directory: Path, *keys: Key, **extra: Any) -> dict[str, Client]:
    """The agent ``CI``, known by public keys in a file."""
    shown = [{**key.as_dict(private=False), "kid": str(number), **extra} for number, key in enumerate(keys)]
    (directory / "ci.jwks").write_bytes(msgspec.json.encode({"keys": shown}))
    agent = Agent(id=CI, jwks="file:ci.jwks")
    return compile_clients([agent], hashing=HASHING, environ={}, base_dir=directory)


def assertion(**changes: Any) -> dict[str, Any]:
    made = {"iss": CI, "sub": CI, "aud": ISSUER, "iat": int(NOW), "exp": int(NOW) + 300, "jti": "once", **changes}
    return {name: value for name, value in made.items() if value is not ...}


def test_a_secret_is_known_by_its_hash_alone() -> None:
    client = with_secret("agent:a", {})
    assert right_secret(client, SECRET, HASHING)
    assert not right_secret(client, SECRET + "x", HASHING)
    assert not right_secret(client, "", HASHING)
    assert not right_secret(None, SECRET, HASHING)
    assert not right_secret(Client("agent:b"), SECRET, HASHING)
    assert SECRET.encode() not in (client.secret or b"")
    assert repr(client) == "Client(agent:a)"
    assert SECRET not in repr(Credentials("agent:a", SECRET))


def test_a_short_or_missing_secret_is_told_with_its_place() -> None:
    agents = [Agent(id=f"agent:{name}", secret=Reference.parse(f"env:{name}")) for name in ("GOOD", "SHORT", "NONE")]
    with pytest.raises(InvalidConfiguration) as raised:
        compile_clients(agents, hashing=HASHING, environ={"GOOD": SECRET, "SHORT": "abc"}, base_dir=Path())
    assert [problem.path for problem in raised.value.problems] == [
        "identity.agents[1].secret",
        "identity.agents[2].secret",
    ]


@pytest.mark.parametrize("content", ["", "no json", "[]", '{"keys": []}', '{"keys": [{"kty": "oct", "k": "AAAA"}]}'])
def test_a_file_without_public_keys_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "ci.jwks").write_text(content)
    with pytest.raises(InvalidConfiguration, match=r"identity\.agents\[0\]\.jwks"):
        compile_clients([Agent(id=CI, jwks="file:ci.jwks")], hashing=HASHING, environ={}, base_dir=tmp_path)


def test_basic_is_form_encoded_within() -> None:
    name, value = basic("agent:a/b", "p%:+ ü")
    assert name == b"authorization"
    found = read_basic(value.decode())
    assert (found.client_id, found.secret) == ("agent:a/b", "p%:+ ü")


@pytest.mark.parametrize(
    "value",
    ["", "Basic", "Basic !!!!", "Bearer YTpi", "Basic " + base64.b64encode(b"nocolon").decode(), "Basic /////w=="],
)
def test_what_is_not_basic_is_refused(value: str) -> None:
    with pytest.raises(InvalidToken):
        read_basic(value)


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (lambda: ECKey.generate_key("P-256"), "ES256"),
        (lambda: ECKey.generate_key("P-384"), "ES384"),
        (lambda: OKPKey.generate_key("Ed25519"), "EdDSA"),
        (lambda: OKPKey.generate_key("Ed25519"), "Ed25519"),
        (lambda: RSAKey.generate_key(2048), "RS256"),
        (lambda: RSAKey.generate_key(2048), "PS256"),
    ],
)
def test_an_assertion_of_the_clients_key_is_good(tmp_path: Path, key: Any, algorithm: str) -> None:
    made = key()
    clients = keyed(tmp_path, made)
    found = read_assertion(signed(assertion(), made, algorithm, kid="0", typ="JWT"), clients, ISSUER, NOW + 299)
    assert (found.client.id, found.jti, found.expires) == (CI, "once", NOW + 300)


@pytest.mark.parametrize(
    ("changes", "now", "reason"),
    [
        ({}, NOW + 300, Reason.AUTH_EXPIRED),
        ({"exp": ...}, NOW, Reason.AUTH_INVALID),
        ({"exp": int(NOW) + 301}, NOW, Reason.AUTH_LIFETIME),
        ({"iat": ..., "exp": int(NOW) + 900}, NOW, Reason.AUTH_LIFETIME),
        ({"iat": int(NOW) + 61}, NOW, Reason.AUTH_INVALID),
        ({"nbf": int(NOW) + 61}, NOW, Reason.AUTH_INVALID),
        ({"iss": "agent:other"}, NOW, Reason.AUTH_ISSUER),
        ({"sub": "agent:other"}, NOW, Reason.AUTH_INVALID),
        ({"jti": ...}, NOW, Reason.AUTH_INVALID),
        ({"jti": ""}, NOW, Reason.AUTH_INVALID),
        ({"aud": ...}, NOW, Reason.AUTH_INVALID),
        ({"aud": "https://other.example"}, NOW, Reason.AUTH_AUDIENCE),
        ({"aud": [ISSUER, "https://other.example"]}, NOW, Reason.AUTH_AUDIENCE),
        ({"aud": f"{ISSUER}/oauth/token"}, NOW, Reason.AUTH_AUDIENCE),
    ],
)
def test_claims_of_an_assertion_that_are_refused(
    tmp_path: Path, changes: dict[str, Any], now: float, reason: Reason
) -> None:
    key = ec_key()
    with pytest.raises(InvalidToken) as raised:
        read_assertion(signed(assertion(**changes), key), keyed(tmp_path, key), ISSUER, now)
    assert raised.value.reason is reason


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
def test_a_time_of_hundreds_of_digits_is_refused_like_any_other(tmp_path: Path, name: str) -> None:
    key = ec_key()
    token = compact({"alg": "ES256"}, assertion(**{name: 10**400}), key).decode()
    with pytest.raises(InvalidToken, match=f"no usable {name}"):
        read_assertion(token, keyed(tmp_path, key), ISSUER, NOW)


@pytest.mark.parametrize("audience", [ISSUER, [ISSUER], ISSUER + "/"])
def test_the_spellings_of_our_issuer(tmp_path: Path, audience: Any) -> None:
    key = ec_key()
    clients = keyed(tmp_path, key)
    assert read_assertion(signed(assertion(aud=audience), key), clients, ISSUER, NOW)


def test_an_issuer_with_a_path_has_one_spelling(tmp_path: Path) -> None:
    key = ec_key()
    with pytest.raises(InvalidToken, match="somebody else"):
        read_assertion(signed(assertion(aud=f"{ISSUER}/gw/"), key), keyed(tmp_path, key), f"{ISSUER}/gw", NOW)


def test_signatures_that_are_refused(tmp_path: Path) -> None:
    key = ec_key()
    clients = keyed(tmp_path, key)
    public = key.as_pem(private=False)
    for token in (
        signed(assertion(), ec_key()),
        signed(assertion(), ec_key(), kid="0"),
        signed(assertion(), public, "HS256"),
        unsigned(assertion()),
        unsigned(assertion(), alg="ES256") + "AAAA",
        signed(assertion(), key, kid="1"),
        signed(assertion(), key, alg="ES256K"),
        signed(assertion(), key, crit=["exp"]),
        signed(assertion(), key, jwk=key.as_dict(private=False)),
        signed(assertion(), key, jku="https://evil.example"),
        signed(assertion(), key, typ="doorward-grant+jwt"),
        "a.b.c",
        "",
    ):
        with pytest.raises(InvalidToken):
            read_assertion(token, clients, ISSUER, NOW)
    assert read_assertion(signed(assertion(), key, kid="0"), clients, ISSUER, NOW)


def test_a_key_for_another_algorithm_does_not_sign(tmp_path: Path) -> None:
    key = RSAKey.generate_key(2048)
    clients = keyed(tmp_path, key, alg="PS256")
    assert read_assertion(signed(assertion(), key, "PS256"), clients, ISSUER, NOW)
    with pytest.raises(InvalidToken):
        read_assertion(signed(assertion(), key, "RS256"), clients, ISSUER, NOW)


def test_an_hmac_key_in_the_file_is_no_key(tmp_path: Path) -> None:
    shared = OctKey.generate_key(256)
    shown = {"keys": [{**shared.as_dict(private=True), "kid": "0"}, {**ec_key().as_dict(private=False), "kid": "1"}]}
    (tmp_path / "ci.jwks").write_bytes(msgspec.json.encode(shown))
    agent = Agent(id=CI, jwks="file:ci.jwks")
    clients = compile_clients([agent], hashing=HASHING, environ={}, base_dir=tmp_path)
    with pytest.raises(InvalidToken):
        read_assertion(signed(assertion(), shared.raw_value, "HS256", kid="0"), clients, ISSUER, NOW)
